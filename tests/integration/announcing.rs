//! Comings and goings, told in the rooms: a few by name, a crowd in one line.

use std::time::Duration;

use chat_core::testing::{ManualClock, MemoryPeer, MemoryServer, Peer, TestServer};
use chat_core::wire::Secret;
use chat_core::{Server, ServerConfig};

use crate::clocked;

const MOMENT: Duration = Duration::from_secs(1);

/// A server in memory that tells who comes and goes.
fn in_memory() -> MemoryServer {
    let mut config = ServerConfig::default();
    config.announce = true;
    MemoryServer::new(config)
}

/// One who reads it all, and comes so early that nobody else has.
fn reader(server: &mut MemoryServer) -> MemoryPeer {
    let reader = server.connect();
    server.advance(MOMENT);
    reader
}

fn say(server: &mut MemoryServer, peer: &MemoryPeer, line: &str) {
    peer.send(format!("{line}\n"));
    server.run();
}

#[test]
fn a_crowd_is_told_in_one_line_to_all() {
    let mut server = in_memory();
    let reader = reader(&mut server);
    let crowd: Vec<MemoryPeer> = (0..203).map(|_| server.connect()).collect();
    assert_eq!(reader.read(), "* 2 joined\n* 3 joined\n* 4 joined\n");
    server.advance(Duration::from_millis(999));
    assert_eq!(reader.waiting(), 0);
    server.advance(Duration::from_millis(1));
    assert_eq!(reader.read(), "* 200 joined\n");
    // Each has read of the few who came after it, and of the crowd, never a line for each.
    for (at, peer) in crowd.iter().enumerate() {
        let few = (at + 3..=4).map(|port| format!("* {port} joined"));
        let due: Vec<String> = few.chain(["* 200 joined".to_owned()]).collect();
        let read = peer.read();
        assert_eq!(read.lines().collect::<Vec<_>>(), due, "the one who came as number {at}");
    }
    // And the other way round.
    for peer in &crowd {
        peer.send("exit\n");
    }
    server.run();
    let few = reader.read();
    assert_eq!(few.lines().count(), 3, "{few:?}");
    server.advance(MOMENT);
    assert_eq!(reader.read(), "* 200 left\n");
    // Whoever comes when all is over is one among few again.
    server.connect();
    assert_eq!(reader.read(), "* 205 joined\n");
    server.advance(MOMENT);
    assert_eq!(reader.waiting(), 0);
}

#[test]
fn one_who_is_left_over_is_told_by_name() {
    let mut server = in_memory();
    let reader = reader(&mut server);
    let four = [(); 4].map(|()| server.connect());
    reader.read();
    server.advance(MOMENT);
    assert_eq!(reader.read(), "* 5 joined\n");
    assert_eq!(four[3].read(), "", "nobody is told of himself");
    for peer in &four {
        say(&mut server, peer, "/join tea");
    }
    assert_eq!(reader.read(), "* 2 left\n* 3 left\n* 4 left\n");
    server.advance(MOMENT);
    assert_eq!(reader.read(), "* 5 left\n");
    // The room into which they went has a moment of its own.
    assert_eq!(
        four[0].read(),
        "* 3 joined\n* 4 joined\n* 5 joined\n* you are in tea\n* 3 joined\n* 4 joined\n* 5 joined\n"
    );
}

#[test]
fn who_goes_before_it_was_told_of_was_never_there() {
    let mut server = in_memory();
    let reader = reader(&mut server);
    let some = [(); 6].map(|()| server.connect());
    reader.read();
    for peer in &some[3..5] {
        say(&mut server, peer, "exit");
    }
    say(&mut server, &some[5], "/nick Grace");
    assert_eq!(reader.waiting(), 0, "nobody knows yet who is called Grace");
    server.advance(MOMENT);
    assert_eq!(reader.read(), "* Grace joined\n");
    say(&mut server, &some[5], "/nick Ada");
    assert_eq!(reader.read(), "* Grace is called Ada now\n");
}

#[test]
fn what_was_not_told_in_a_room_is_not_told_in_the_next_one() {
    let mut server = in_memory();
    let reader = reader(&mut server);
    let five = [(); 5].map(|()| server.connect());
    for peer in &five {
        say(&mut server, peer, "/join tea");
    }
    server.advance(MOMENT);
    for peer in &five {
        say(&mut server, peer, "/join lobby");
    }
    // The room `tea` is no more, and this one gets its place.
    say(&mut server, &reader, "/join coffee");
    reader.read();
    server.advance(MOMENT);
    assert_eq!(reader.read(), "");
}

#[test]
fn who_is_kept_away_neither_comes_nor_goes() {
    let mut config = ServerConfig::default();
    config.announce = true;
    config.operator_secret = Some(Secret::new("sesame"));
    let mut server = MemoryServer::new(config);
    let reader = reader(&mut server);
    say(&mut server, &reader, "/op sesame");
    say(&mut server, &reader, "/ban 10.0.0.1");
    reader.read();
    for port in 1..9 {
        let peer = server.connect_from(([10, 0, 0, 1], port).into());
        assert!(peer.is_over());
    }
    assert_eq!(reader.read(), "");
    server.advance(MOMENT);
    assert_eq!(reader.read(), "");
}

#[test]
fn programs_are_told_how_many() {
    let mut server = in_memory();
    let reader = reader(&mut server);
    say(&mut server, &reader, "/tags");
    reader.read();
    let crowd = [(); 5].map(|()| server.connect());
    assert_eq!(reader.read().matches(";kind=join;").count(), 3);
    server.advance(MOMENT);
    let line = reader.read();
    assert!(line.contains(";kind=joins;msgid="), "{line}");
    assert!(line.ends_with(";room=lobby;count=2 * 2 joined\n"), "{line}");
    assert_eq!(crowd[4].read(), "* 2 joined\n");
}

#[test]
fn the_threads_of_a_server_wake_for_it() {
    for io_threads in [1, 3] {
        let clock = ManualClock::new();
        let server = clocked::server(&clock, |config| {
            config.io_threads = io_threads;
            config.announce = true;
        });
        let mut reader = server.join();
        for _ in 0..3 {
            clock.advance(MOMENT);
            // Those who come one by one are dealt with by the I/O threads, which have no timer.
            let crowd: Vec<Peer> = (0..10).map(|_| server.join()).collect();
            reader.expect_all(crowd[..3].iter().map(|peer| format!("* {} joined", peer.port())));
            clock.advance(MOMENT);
            reader.expect("* 7 joined");
            let mut names = Vec::new();
            for mut peer in crowd {
                let conn = server.conn_of(&peer);
                peer.say("exit");
                server.farewell_of(conn);
                names.push(peer.port());
            }
            reader.expect_all(names[..3].iter().map(|port| format!("* {port} left")));
            clock.advance(MOMENT);
            reader.expect("* 7 left");
        }
    }
}

/// With the system's clock nobody has to do anything for it.
#[test]
fn a_moment_ends_by_itself() {
    let mut config = ServerConfig::default();
    config.announce = true;
    let server = TestServer::run(Server::bind("127.0.0.1:0").unwrap().config(config));
    let mut peers: Vec<Peer> = (0..40).map(|_| server.join()).collect();
    // How many moments it took for them to come is not known, but all of them are told.
    let mut joined = 1;
    while joined < 40 {
        let line = peers[0].line();
        let (who, what) = line.trim_start_matches("* ").split_once(' ').unwrap();
        assert_eq!(what, "joined");
        let is_name = peers.iter().any(|peer| peer.port().to_string() == who);
        joined += if is_name { 1 } else { who.parse().unwrap() };
    }
    assert_eq!(joined, 40);
}
