//! What it takes to wait for somebody, and what becomes of it when there is too little.

use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer};

use super::talker::Told;

fn with(set: impl FnOnce(&mut ServerConfig)) -> MemoryServer {
    let mut config = ServerConfig::default();
    set(&mut config);
    MemoryServer::new(config)
}

/// Sends lines, and gives what comes.
fn ask(server: &mut MemoryServer, peer: &MemoryPeer, lines: &str) -> Vec<Told> {
    peer.send(lines);
    server.run();
    peer.read().lines().filter(|line| line.starts_with('@')).map(Told::of).collect()
}

/// Somebody who may come back, and what it takes to do so.
fn in_session(server: &mut MemoryServer) -> (MemoryPeer, String) {
    let peer = server.connect();
    let answers = ask(server, &peer, "/tags\n/resume\n");
    let token = answers.last().unwrap().tag("session").unwrap();
    let ticket = format!("/resume {token} 1 0\n");
    (peer, ticket)
}

/// Comes back, and gives how many lines were recovered and lost.
fn resume(server: &mut MemoryServer, ticket: &str) -> (u64, u64) {
    let peer = server.connect();
    let answers = ask(server, &peer, ticket);
    let answer = answers.last().unwrap();
    let recovered = answer.number("recovered").unwrap_or_else(|| panic!("{answer:?}"));
    assert_eq!(answers.len() as u64, recovered + 1);
    (recovered, answer.number("lost").unwrap_or(0))
}

#[test]
fn what_was_kept_for_somebody_is_given_back_with_the_session() {
    let mut server = with(|_| {});
    let speaker = server.connect();
    for is_in_time in [true, false] {
        let (peer, ticket) = in_session(&mut server);
        ask(&mut server, &peer, "/join tea\n@label=1 hello\n");
        peer.reset();
        server.run();
        speaker.send("what it misses\n".repeat(1_000));
        server.run();
        assert!(server.stats().budget_used > 10_000, "{}", server.stats());
        if is_in_time {
            assert_eq!(resume(&mut server, &ticket).0, 1_000);
        }
        server.advance(Duration::from_secs(121));
        speaker.read();
    }
    // The first one is still here, and has a right to come back.
    assert!(server.stats().budget_used > 10_000);
    let mut server = with(|_| {});
    let speaker = server.connect();
    let (peer, _) = in_session(&mut server);
    peer.reset();
    speaker.send("what it misses\n".repeat(1_000));
    server.run();
    server.advance(Duration::from_secs(121));
    assert_eq!(server.stats().budget_used, 0);
}

#[test]
fn what_is_given_up_for_want_of_memory_is_counted() {
    let mut server = with(|config| config.limits.budget = 200_000);
    let speaker = server.connect();
    let (peer, ticket) = in_session(&mut server);
    peer.reset();
    for _ in 0..100 {
        speaker.send("a line of some length, more or less\n".repeat(10));
        server.advance(Duration::from_secs(1));
    }
    // Others take up the memory.
    let holders: Vec<MemoryPeer> = (0..30).map(|_| server.connect()).collect();
    for holder in &holders {
        holder.send(format!("\n{}", "x".repeat(6_000)));
    }
    server.advance(Duration::from_secs(1));
    speaker.send("more\n");
    server.advance(Duration::from_secs(1));
    for holder in &holders {
        holder.reset();
    }
    server.advance(Duration::from_secs(1));
    speaker.send("and more\n");
    server.run();
    let (recovered, lost) = resume(&mut server, &ticket);
    assert_eq!(recovered + lost, 1_002, "{recovered} {lost}");
    assert!(lost > 0 && recovered > 0, "{recovered} {lost}");
}

#[test]
fn what_a_session_remembers_counts_until_it_is_over() {
    let mut server = with(|_| {});
    let (peer, _) = in_session(&mut server);
    ask(&mut server, &peer, &format!("/topic {}\n", "x".repeat(150)));
    let before = server.stats().budget_used;
    for label in 0..100 {
        ask(&mut server, &peer, &format!("@label={label} /topic\n"));
    }
    // The last 64 are known, with some 400 bytes each.
    let took = server.stats().budget_used - before;
    assert!((20_000..60_000).contains(&took), "{took}");
    peer.reset();
    server.advance(Duration::from_secs(121));
    assert_eq!(server.stats().budget_used, 0);
}

#[test]
fn of_a_long_answer_it_is_known_that_it_was_given() {
    let mut server = with(|_| {});
    let (peer, _) = in_session(&mut server);
    ask(&mut server, &peer, &format!("/topic {}\n", "x".repeat(2_000)));
    let first = ask(&mut server, &peer, "@label=1 /topic\n");
    assert_eq!(first[0].tag("topic").map(str::len), Some(2_000));
    let again = ask(&mut server, &peer, "@label=1 /topic\n");
    assert_eq!((again[0].kind(), &*again[0].text), ("answer", "* done"));
}
