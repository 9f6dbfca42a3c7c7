//! The chat through its public API and real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod client;
mod client_alone;
mod events;
mod framing;
mod handle;
mod handlers;
mod hostile;
mod inside;
mod kit;
mod limits;
mod model;
mod protocol;
mod relay;
mod slow;
mod state;
mod stopping;
mod text;
