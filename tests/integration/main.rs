//! The chat through its public API and real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod addresses;
mod announcing;
mod behind;
mod budget;
mod client;
mod client_alone;
mod coming_back;
mod clocked;
mod commands;
mod config;
mod custom_commands;
mod events;
mod flood;
mod framing;
mod guards;
mod handle;
mod handle_rooms;
mod handlers;
mod hostile;
mod impersonation;
mod history;
mod inside;
mod kit;
mod knowing;
mod large_room;
mod limits;
mod memory;
mod model;
mod moving;
mod newcomers;
mod protocol;
mod proxy;
mod relay;
mod resuming;
mod silence;
mod slow;
mod state;
mod stopping;
mod tagged;
mod tagged_both;
mod tagged_client;
mod tagged_leaving;
mod tagged_requests;
mod text;
