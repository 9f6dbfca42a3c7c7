//! Going from room to room with something still on the way.

use std::net::{IpAddr, Ipv4Addr};

use chat_core::testing::{MemoryPeer, MemoryServer, Peer, TestServer};
use chat_core::wire::Secret;
use chat_core::{Server, ServerConfig};

use crate::newcomers::newcomers;

/// Lets a peer take all that is due to it.
fn take_all(server: &mut MemoryServer, peer: &MemoryPeer) -> String {
    peer.set_room(1 << 20);
    server.run();
    peer.read()
}

#[test]
fn who_moves_on_holds_nothing_of_the_room_before() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (speaker, mover) = (server.connect(), server.connect());
    mover.set_room(0);
    speaker.send("one\ntwo\n");
    server.run();
    mover.send("/join tea\n");
    server.run();
    let due = format!("{0}: one\n{0}: two\n* you are in tea\n", speaker.port());
    assert_eq!(take_all(&mut server, &mover), due);
    assert_eq!(server.stats().budget_used, 0);
}

#[test]
fn lines_for_one_alone_keep_their_place_when_it_moves_on() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (speaker, mover) = (server.connect(), server.connect());
    let conn = newcomers(&mut server)[1];
    // Both a line of the log and one for it alone are half out, in turn.
    for room in [0, 3, 8, 13, 20] {
        mover.read();
        mover.set_room(room);
        speaker.send("one\n");
        server.run();
        server.send_to(conn, "a notice");
        speaker.send("two\n");
        server.run();
        mover.send(format!("/join tea-{room}\n"));
        server.run();
        mover.send("/join lobby\n");
        server.run();
        speaker.send("three\n");
        server.run();
        let port = speaker.port();
        let due = format!(
            "{port}: one\n* a notice\n{port}: two\n* you are in tea-{room}\n* you are in lobby\n{port}: three\n"
        );
        assert_eq!(take_all(&mut server, &mover), due, "with room for {room} bytes");
    }
    assert_eq!(server.stats().budget_used, 0);
}

#[test]
fn a_room_that_is_made_anew_is_not_the_one_before() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (a, b, c) = (server.connect(), server.connect(), server.connect());
    for peer in [&a, &b] {
        peer.send("/join tea\n");
    }
    server.run();
    assert_eq!((a.read(), b.read()), ("* you are in tea\n".into(), "* you are in tea\n".into()));
    // One leaves with something still due to it, and the room is no more.
    b.set_room(0);
    a.send("goodbye\nexit\n");
    server.run();
    b.send("exit\n");
    server.run();
    for peer in [&c, &server.connect()] {
        peer.send("/join tea\n");
        server.run();
        assert_eq!(peer.read(), "* you are in tea\n");
    }
    let d = server.connect();
    d.send("/join tea\nhello\n");
    server.run();
    assert_eq!(c.read(), format!("{}: hello\n", d.port()));
    assert_eq!(take_all(&mut server, &b), format!("{}: goodbye\n", a.port()));
    assert!(b.is_over());
}

/// What follows from one command may be more than a feed has room for.
#[cfg(target_os = "linux")]
#[test]
fn one_command_may_be_about_many() {
    let mut config = ServerConfig::default();
    config.operator_secret = Some(Secret::new("sesame"));
    let server = Server::bind("127.0.0.1:0").unwrap().config(config);
    let server = TestServer::run(server);
    let other: IpAddr = Ipv4Addr::new(127, 0, 0, 2).into();
    let mut operator = server.admit(|| Peer::connect_from(other, server.addr()));
    operator.say("/op sesame");
    operator.expect("* you are an operator");
    let mut guests: Vec<Peer> = (0..300).map(|_| server.join()).collect();
    for (number, guest) in guests.iter_mut().enumerate() {
        guest.say(&format!("/join room-{number}"));
        guest.expect(&format!("* you are in room-{number}"));
    }
    operator.say("/notice tea is ready");
    operator.expect("* tea is ready");
    operator.say("/ban 127.0.0.1 5");
    operator.expect("* 127.0.0.1 is kept away for 5 minutes");
    for guest in &mut guests {
        guest.expect("* tea is ready");
        guest.expect("* you are kept away for 5 minutes");
        guest.expect_end();
    }
}

#[test]
fn who_leaves_gets_the_answers_to_all_that_was_asked() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (a, b) = (server.connect(), server.connect());
    b.send("/join tea\n/nick Bea\n/who\nexit\n");
    server.run();
    let due = "* you are in tea\n* you are called Bea\n* 1 in tea: Bea\n";
    assert_eq!((b.read().as_str(), b.is_over()), (due, true));
    a.send("/rooms\n");
    a.end();
    server.run();
    assert_eq!((a.read().as_str(), a.is_over()), ("* 1 rooms: lobby (1)\n", true));
}

/// Whoever leaves many rooms at once brings more orders than an I/O thread's feed has room for. That
/// thread must not wait for room: it is the one that makes it.
#[test]
fn who_leaves_fifty_rooms_at_once_stops_nobody() {
    let server = TestServer::with(|config| {
        config.io_threads = 1;
        config.limits.feed = 32;
        config.announce = true;
    });
    let mut other = server.join();
    for _ in 0..20 {
        let mut peer = server.join();
        peer.say("/tags");
        peer.line();
        for room in 1..50 {
            peer.say(&format!("/join {}-{room}", peer.port()));
            peer.line();
        }
        drop(peer);
        // A server that stands still answers nobody.
        other.say("/rooms");
        while !other.line().contains(" rooms: ") {}
    }
}
