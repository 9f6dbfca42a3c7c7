//! What a server tells of its clients: who came, what they said, and why they left.

use std::thread;
use std::time::Duration;

use chat_core::testing::{Peer, TestServer, check_pairs};
use chat_core::{CloseReason, ConnId, ServerEvent};

/// Lets a new client leave in some way and checks the reason that is told, and counted.
#[track_caller]
fn leaves(server: &TestServer, reason: CloseReason, leave: impl FnOnce(Peer, ConnId)) {
    let mut peer = server.join();
    let (addr, conn) = (peer.addr(), server.conn_of(&peer));
    let before = server.handle().stats().closed.total();
    peer.say("I was here");
    server.events().wait("what it says", |events| {
        let last = events.last()?;
        matches!(last, ServerEvent::Message { conn: who, .. } if *who == conn).then_some(())
    });
    leave(peer, conn);
    assert_eq!(server.farewell_of(conn), reason);
    let stay = check_pairs(&server.events().all())[&conn].clone();
    assert_eq!((stay.addr, stay.reason), (addr, Some(reason)));
    assert_eq!(stay.said, ["I was here"]);
    assert_eq!(server.handle().stats().closed.total(), before + 1);
}

#[test]
fn the_reasons_are_told_apart() {
    let mut server = TestServer::with(|config| {
        config.limits.endless_line = 10_000;
        config.limits.direct = 10_000;
    });
    let handle = server.handle().clone();
    leaves(&server, CloseReason::Exit, |mut peer, _| peer.say("exit"));
    leaves(&server, CloseReason::EndOfStream, |mut peer, _| peer.end_sending());
    leaves(&server, CloseReason::EndOfStream, |peer, _| drop(peer));
    leaves(&server, CloseReason::Reset, |peer, _| peer.reset());
    leaves(&server, CloseReason::Kicked, |_peer, conn| handle.kick(conn, "out").unwrap());
    leaves(&server, CloseReason::EndlessLine, |mut peer, _| peer.send(vec![b'x'; 10_001]));
    let mut last = server.join();
    let conn = server.conn_of(&last);
    server.stop();
    last.expect_end();
    assert_eq!(server.farewell_of(conn), CloseReason::Shutdown);
    let closed = server.handle().stats().closed;
    assert_eq!((closed.exit, closed.end_of_stream, closed.reset), (1, 2, 1));
    assert_eq!((closed.kicked, closed.endless_line, closed.shutdown), (1, 1, 1));
    assert_eq!(closed.total(), 7);
}

#[test]
fn a_reset_while_something_is_written_is_still_a_reset() {
    let server = TestServer::start();
    let mut talker = server.join();
    for round in 0..20 {
        let peer = server.join();
        let conn = server.conn_of(&peer);
        for number in 0..50 {
            talker.say(&format!("{round} {number}"));
        }
        peer.reset();
        for number in 50..100 {
            talker.say(&format!("{round} {number}"));
        }
        assert_eq!(server.farewell_of(conn), CloseReason::Reset);
    }
}

#[test]
fn an_exit_right_before_a_reset_counts() {
    let server = TestServer::start();
    let mut talker = server.join();
    for round in 0..20 {
        let mut peer = server.join();
        let conn = server.conn_of(&peer);
        // Whatever way the server finds out by, reading or writing, the words come first.
        peer.send("bye\nexit\n");
        talker.say(&round.to_string());
        peer.reset();
        assert_eq!(server.farewell_of(conn), CloseReason::Exit);
        let stay = check_pairs(&server.events().all())[&conn].clone();
        assert_eq!(stay.said, ["bye"]);
    }
}

#[test]
fn words_before_a_reset_are_heard_however_busy_the_server_is() {
    // With hardly any room between the sockets and the rules, reading is often put off.
    let server = TestServer::with(|config| config.limits.inbox = 1);
    let talkers: Vec<_> = (0..4)
        .map(|_| {
            let mut peer = server.join();
            thread::spawn(move || {
                for number in 0..1000 {
                    peer.say(&format!("chatter {number}"));
                }
                peer
            })
        })
        .collect();
    let guests: Vec<(ConnId, String)> = (0..100)
        .map(|number| {
            let mut peer = server.join();
            let (conn, words) = (server.conn_of(&peer), format!("words of {number}"));
            peer.say(&words);
            peer.reset();
            (conn, words)
        })
        .collect();
    for (conn, _) in &guests {
        assert_eq!(server.farewell_of(*conn), CloseReason::Reset);
    }
    let stays = check_pairs(&server.events().all());
    for (conn, words) in guests {
        assert_eq!(stays[&conn].said, [words]);
    }
    for talker in talkers {
        talker.join().unwrap();
    }
}

#[test]
fn events_come_in_the_order_in_which_things_happened() {
    let server = TestServer::with(|config| config.io_threads = 3);
    let (mut a, mut b) = (server.join(), server.join());
    let mut expected = Vec::new();
    for number in 0..100 {
        let (speaker, listener) = if number % 2 == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
        speaker.say(&number.to_string());
        listener.expect(&speaker.says(&number.to_string()));
        expected.push((speaker.addr(), number.to_string()));
    }
    server.wait_for_message("99");
    let said = server.events().all().into_iter().filter_map(|event| match event {
        ServerEvent::Message { addr, text, .. } => Some((addr, text.to_string())),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), expected);
}

#[test]
fn messages_are_left_out_where_nobody_wants_them() {
    let mut server = TestServer::with(|config| config.message_events = false);
    let (mut a, mut b) = (server.join(), server.join());
    a.say("secret");
    b.expect(&a.says("secret"));
    a.say("exit");
    assert_eq!(server.farewell_of(server.conn_of(&a)), CloseReason::Exit);
    server.stop();
    let events = server.events().all();
    assert!(events.iter().all(|event| !matches!(event, ServerEvent::Message { .. })));
    // Two came and two went, and nothing counts as missed.
    assert_eq!(events.len(), 4, "{events:#?}");
    assert_eq!(server.handle().stats().events_missed, 0);
}

#[test]
fn everybody_who_came_has_left_when_it_is_over() {
    let mut server = TestServer::with(|config| config.io_threads = 2);
    let peers: Vec<Peer> = (0..50).map(|_| server.join()).collect();
    for (number, mut peer) in peers.into_iter().enumerate() {
        match number % 5 {
            0 => peer.say("exit"),
            1 => peer.end_sending(),
            2 => peer.reset(),
            3 => drop(server.handle().kick(server.conn_of(&peer), "out")),
            // Some leave while the server does.
            _ => drop(peer),
        }
    }
    server.stop();
    let stays = check_pairs(&server.events().all());
    assert_eq!(stays.len(), 50);
    assert!(stays.values().all(|stay| stay.reason.is_some()), "{stays:#?}");
    let counted = server.handle().stats();
    assert_eq!((counted.clients, counted.accepted, counted.closed.total()), (0, 50, 50));
}

#[test]
fn a_server_without_a_handler_works() {
    let server = chat_core::Server::bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let (mut a, mut b) = (Peer::connect(server.local_addr()), Peer::connect(server.local_addr()));
    let handle = server.handle();
    chat_core::testing::eventually("two clients", || match handle.clients().unwrap().len() {
        2 => Ok(()),
        other => Err(other),
    });
    a.say("hello");
    b.expect(&a.says("hello"));
    let report = chat_core::testing::within("stop", move || server.stop()).unwrap();
    assert_eq!(report.clients, 2);
    assert!(report.took < Duration::from_secs(2));
}
