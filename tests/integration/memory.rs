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

/// A server in which little memory is much, and a crowd of which each holds but little of it.
fn crowded() -> (MemoryServer, Vec<MemoryPeer>) {
    let mut config = ServerConfig::default();
    config.limits.budget = 1024 * 1024;
    let mut server = MemoryServer::new(config);
    let crowd: Vec<MemoryPeer> = (0..1_100).map(|_| server.connect()).collect();
    for peer in &crowd {
        peer.send(format!("\n{}", "x".repeat(1_000)));
    }
    server.run();
    (server, crowd)
}

#[test]
fn many_who_hold_little_do_not_freeze_the_chat() {
    let (mut server, _crowd) = crowded();
    let (a, b) = (server.connect(), server.connect());
    a.send("hello\n");
    server.advance(Duration::from_secs(2));
    assert_eq!(b.read(), format!("{}: hello\n", a.port()));
}

#[test]
fn the_memory_of_those_who_have_gone_is_given_back() {
    let (mut server, crowd) = crowded();
    crowd.iter().for_each(MemoryPeer::end);
    server.advance(Duration::from_secs(2));
    assert_eq!((server.stats().clients, server.stats().budget_used), (0, 0));
}

#[test]
fn only_the_time_in_which_something_is_due_counts_as_taking_nothing() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (speaker, reader) = (server.connect(), server.connect());
    let stall = |server: &mut MemoryServer| {
        reader.set_room(0);
        speaker.send("a line\n");
        server.run();
    };
    stall(&mut server);
    server.advance(Duration::from_millis(10));
    // It takes all, and nothing is due to it until just before the deadline of the first stall.
    reader.set_room(1 << 20);
    server.advance(Duration::from_millis(9_900));
    stall(&mut server);
    server.events();
    server.advance(Duration::from_millis(9_900));
    assert_eq!(farewells(&mut server), []);
    server.advance(Duration::from_millis(200));
    assert_eq!(farewells(&mut server), [CloseReason::Stalled]);
    assert_eq!(server.stats().budget_used, 0, "what it held is given back at once");
}

#[test]
fn who_ends_while_memory_is_short_is_heard() {
    let mut config = ServerConfig::default();
    config.limits.budget = 64 * 1024;
    let mut server = MemoryServer::new(config);
    let (listener, speaker) = (server.connect(), server.connect());
    let holders: Vec<MemoryPeer> = (0..10).map(|_| server.connect()).collect();
    for holder in &holders {
        holder.send(format!("\n{}", "x".repeat(6_000)));
    }
    server.advance(Duration::from_secs(1));
    speaker.send("last words\n");
    speaker.end();
    server.advance(Duration::from_secs(1));
    assert_eq!(listener.read(), format!("{}: last words\n", speaker.port()));
}

#[test]
fn a_flooder_that_a_write_finds_broken_does_not_keep_its_place() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (speaker, flooder) = (server.connect(), server.connect_from(stranger(7)));
    flood(&flooder);
    server.run();
    // What it has sent can still be read, as it can on a real socket; only writing fails.
    flooder.refuse();
    speaker.send("hello\n");
    server.run();
    assert_eq!(farewells(&mut server), [CloseReason::Reset]);
}
