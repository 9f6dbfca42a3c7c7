//! Servers whose limits take the time from a clock that the test moves.

use chat_core::testing::{ManualClock, TestServer, narrow};
use chat_core::{Server, ServerConfig};

/// A server to whose limits loopback addresses are as all others.
pub(crate) fn server(clock: &ManualClock, set: impl FnOnce(&mut ServerConfig)) -> TestServer {
    TestServer::run(Server::bind("127.0.0.1:0").unwrap().config(config(set)).clock(clock))
}

/// The same, and its sockets take little before they are full.
pub(crate) fn narrow_server(
    clock: &ManualClock,
    set: impl FnOnce(&mut ServerConfig),
) -> TestServer {
    TestServer::run(narrow(8192).config(config(set)).clock(clock))
}

fn config(set: impl FnOnce(&mut ServerConfig)) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.limits.exempt_loopback = false;
    set(&mut config);
    config
}
