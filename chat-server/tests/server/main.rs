//! The chat server as its users have it: a process with arguments, signals and standard streams.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

#[path = "../support/mod.rs"]
mod support;

mod chunks;
mod commands;
mod departures;
#[cfg(unix)]
mod files;
mod killed;
mod limits;
mod options;
mod printing;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod stop_under_load;
mod transcript;
