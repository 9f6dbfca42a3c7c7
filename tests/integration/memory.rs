//! What is best shown in a server without threads, sockets and time.

use std::net::SocketAddr;
use std::time::Duration;

use chat_core::testing::{MemoryPeer, MemoryServer};
use chat_core::{CloseReason, ServerConfig, ServerEvent};

/// An address that no limit leaves alone.
fn stranger(port: u16) -> SocketAddr {
    ([192, 0, 2, 1], port).into()
}

/// Far more than anybody may say at once.
const LINES: usize = 2_000;

fn flood(peer: &MemoryPeer) {
    peer.send("a line\n".repeat(LINES));
}

fn farewells(server: &mut MemoryServer) -> Vec<CloseReason> {
    let reason = |event| match event {
        ServerEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    };
    server.events().into_iter().filter_map(reason).collect()
}

#[test]
fn a_flooder_that_breaks_off_does_not_keep_its_place() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let flooder = server.connect_from(stranger(1));
    flood(&flooder);
    server.run();
    flooder.reset();
    server.run();
    assert_eq!(farewells(&mut server), [CloseReason::Reset]);
}

#[test]
fn a_flooder_that_ends_its_stream_is_read_to_the_end() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (listener, flooder) = (server.connect(), server.connect_from(stranger(1)));
    flood(&flooder);
    flooder.end();
    server.advance(Duration::from_secs(LINES as u64 / 16 - 10));
    assert_eq!(farewells(&mut server), []);
    server.advance(Duration::from_secs(10));
    assert_eq!(farewells(&mut server), [CloseReason::EndOfStream]);
    assert_eq!(listener.read(), "1: a line\n".repeat(LINES));
}
