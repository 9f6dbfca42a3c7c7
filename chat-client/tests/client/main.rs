//! The chat client as its users have it: a process at a terminal, in a pipe, and at servers of
//! several kinds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

#[path = "../../../chat-server/tests/support/mod.rs"]
mod support;

mod attacks;
mod coming_back;
mod connecting;
mod greeting;
mod leaving;
mod losing;
mod original;
mod pipes;
mod removed;
#[cfg(unix)]
mod signals;
mod stand_in;
#[cfg(unix)]
mod terminal;

use std::net::TcpListener;

use chat_core::testing::Peer;
use support::process::{Launch, Process};
use support::server::{Server, says};

/// What the client prints first and last.
const GREETING: &str = "Connected to chat server. Type 'exit' to leave.";
const GOODBYE: &str = "Disconnected from server";
const LOST: &str = "[DISCONNECTED] Server connection lost.";

/// A client, and the server's end of its connection, for a test to play the server by hand.
fn connected() -> (Process, Peer) {
    connected_with(&[])
}

/// The same with these options.
fn connected_with(options: &[&str]) -> (Process, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let client = Launch::client(&[options, &[&addr]].concat()).start();
    let (stream, _) = listener.accept().unwrap();
    client.out.wait_for_all(&support::lines([GREETING]));
    (client, Peer::new(stream))
}

/// Checks what a server has printed at which one client was, and then another, which said "one" and
/// "two" and left in good order.
#[track_caller]
fn expect_visit(server: &Server, other: &Peer, port: u16) {
    server.out.wait_for_all(&support::lines([
        server.greeting(),
        says::came(other.port()),
        says::came(port),
        says::relays(port, "one"),
        says::relays(port, "two"),
        says::exits(port),
        says::gone(port),
    ]));
}
