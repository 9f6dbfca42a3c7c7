//! The test kit itself: what it must not get wrong in silence.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use chat_core::testing::{Peer, Recorder, TestServer, check_pairs, eventually, within};
use chat_core::{CloseReason, ServerEvent};

/// Both ends of a connection, without any server.
fn connected() -> (Peer, Peer) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let one = Peer::connect(listener.local_addr().unwrap());
    (one, Peer::new(listener.accept().unwrap().0))
}

/// Does something that has to fail, and gives the message.
#[track_caller]
fn failure<T>(act: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(act)) else { panic!("it did not fail") };
    *panic.downcast::<String>().expect("a panic with a message")
}

/// Lets two talk for a while, then one expect something in vain; checks that the message tells
/// that, and shows both sides.
#[track_caller]
fn shows_both_sides(told: &str, expect: impl FnOnce(&mut Peer)) {
    let (mut one, mut other) = connected();
    one.send("hello\nhalf");
    other.expect_bytes("hello\nhalf");
    other.send("Grüße\x1b[2J\u{202e}\n");
    one.expect("Grüße\x1b[2J\u{202e}");
    one.send(" a line\n");
    other.expect_bytes(" a line\n");
    other.send(b"an answer\n\xffmore");
    other.end_sending();
    let message = failure(|| expect(&mut one));
    let shown = "> hello\\n\n> half\n< Grüße\\u{1b}[2J\\u{202e}\\n\n>  a line\\n\n< an answer\\n\n";
    assert!(message.contains(shown), "{message}");
    assert!(message.contains(told), "{told:?} is not in\n{message}");
    assert!(message.starts_with(&format!("peer {}: ", one.addr())), "{message}");
}

#[test]
fn a_line_that_is_another_one_is_shown_with_both_sides() {
    shows_both_sides("expected the line \"a question\", got \"an answer\"", |peer| {
        peer.expect("a question");
    });
    shows_both_sides("expected the line \"an answer?\", got \"an answer\"", |peer| {
        peer.expect_all(["an answer?"]);
    });
}

#[test]
fn bytes_that_are_others_are_shown_with_both_sides() {
    shows_both_sides("after 3 bytes as expected, expected\n  \"other\", got\n  \"answer", |peer| {
        peer.expect_bytes("an other");
    });
}

#[test]
fn an_end_that_is_none_or_comes_too_early_is_shown_with_both_sides() {
    shows_both_sides("expected\n  \"\", got\n  \"an answer\\n\\xffmore\"", Peer::expect_end);
    shows_both_sides("after 10 bytes as expected, expected\n  \"more", |peer| {
        peer.expect_rest("an answer\nmore");
    });
    shows_both_sides("the stream ended where a line was expected", |peer| {
        peer.expect("an answer");
        peer.line();
    });
    shows_both_sides("the stream ended before the bytes \" to come\"", |peer| {
        peer.expect_bytes(b"an answer\n\xffmore to come");
    });
    shows_both_sides("< \\xffmore\n< (the end)\n", |peer| {
        peer.expect("an answer");
        peer.line();
    });
}

#[test]
fn what_does_not_come_in_time_fails_with_what_came() {
    let (one, mut other) = connected();
    let mut one = one.patient(Duration::from_millis(20));
    other.send("nearly a line");
    let message = failure(|| one.line());
    assert!(message.contains("waited 20ms in vain for a line"), "{message}");
    let message = failure(|| one.rest_until_broken());
    assert!(message.contains("in vain for the end of the stream"), "{message}");
    let message = failure(|| one.expect_bytes("nearly a line, at last"));
    assert!(message.contains("waited 20ms in vain for the bytes \", at last\""), "{message}");
    let came = "< nearly a line\nreceived and not asked for yet: \"nearly a line\"";
    assert!(message.ends_with(came), "{message}");
}

#[test]
fn a_line_that_is_no_utf8_fails() {
    let (mut one, mut other) = connected();
    other.send(b"caf\xe9\n");
    let message = failure(|| one.line());
    assert!(message.contains("< caf\\xe9\\n"), "{message}");
}

#[test]
fn a_long_conversation_is_shown_by_its_end() {
    let (mut one, mut other) = connected();
    for number in 0..2000 {
        one.say(&format!("question {number}"));
        other.expect(&format!("question {number}"));
        other.say(&format!("answer {number}"));
        one.expect(&format!("answer {number}"));
    }
    for peer in [&one, &other] {
        let transcript = peer.transcript();
        assert!((1000..20_000).contains(&transcript.len()), "{} bytes", transcript.len());
        assert!(transcript.contains(" bytes before)\n"), "{transcript}");
    }
    assert!(one.transcript().ends_with("> question 1999\\n\n< answer 1999\\n\n"));
    assert!(other.transcript().ends_with("< question 1999\\n\n> answer 1999\\n\n"));
}

#[test]
fn a_reader_on_another_thread_shares_the_transcript() {
    let (mut one, mut other) = connected();
    let mut reader = one.reader();
    one.say("sent by the one");
    other.say("read by the reader");
    reader.expect("read by the reader");
    let both = "> sent by the one\\n\n< read by the reader\\n\n";
    assert_eq!((one.transcript(), reader.transcript()), (both.to_owned(), both.to_owned()));
}

#[test]
fn a_peer_that_resets_is_seen_to_reset() {
    let (one, mut other) = connected();
    one.reset();
    let message = failure(|| other.rest());
    assert!(message.contains("an error instead of the end of the stream"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_peer_comes_from_the_address_that_it_is_told_to() {
    let server = TestServer::start();
    let mut near = server.join();
    for last in [2, 3] {
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
        let mut far = server.admit(|| Peer::connect_from(from, server.addr()));
        assert_eq!(far.addr().ip(), from);
        let clients = server.handle().clients().unwrap();
        assert!(clients.iter().any(|client| client.addr == far.addr()), "{clients:?}");
        far.say("greetings from afar");
        near.expect(&far.says("greetings from afar"));
    }
}

#[test]
fn a_record_outlives_a_panic_of_one_who_looks_at_it() {
    let events = Recorder::new();
    events.add("one");
    failure(|| events.wait("a panic", |events| -> Option<()> { panic!("{events:?}") }));
    events.add("two");
    assert_eq!(events.wait("two", |events| events.get(1).copied()), "two");
    assert_eq!(events.all(), ["one", "two"]);
}

#[test]
fn work_that_panics_fails_with_its_own_message() {
    let message = failure(|| within("panicking", || panic!("{}", "on purpose")));
    assert_eq!(message, "on purpose");
    assert_eq!(within("adding up", || 1 + 1), 2);
    let mut looks = 0;
    let found = eventually("three looks", || {
        looks += 1;
        if looks == 3 { Ok(looks) } else { Err(looks) }
    });
    assert_eq!(found, 3);
}

#[test]
fn events_that_do_not_fit_together_are_found() {
    let mut server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.say("hello");
    b.expect(&a.says("hello"));
    a.say("exit");
    a.expect_end();
    server.farewell_of(server.conn_of(&a));
    server.stop();
    let events = server.events().all();

    let stays = check_pairs(&events);
    let stay = &stays[&server.conn_of(&a)];
    assert_eq!(
        (stay.addr, &stay.said[..], stay.reason),
        (a.addr(), &["hello".to_owned()][..], Some(CloseReason::Exit))
    );

    // Each event of the one who spoke, once too often or not at all.
    let is_of_a = |event: &&ServerEvent| match event {
        ServerEvent::Connected { addr, .. }
        | ServerEvent::Message { addr, .. }
        | ServerEvent::Disconnected { addr, .. } => *addr == a.addr(),
        _ => false,
    };
    let of_a: Vec<ServerEvent> = events.iter().filter(is_of_a).cloned().collect();
    let [connected, message, disconnected] = &of_a[..] else { panic!("{of_a:?}") };
    for wrong in [
        vec![connected, connected],
        vec![message],
        vec![disconnected],
        vec![connected, disconnected, message],
        vec![connected, disconnected, disconnected],
    ] {
        let wrong: Vec<ServerEvent> = wrong.into_iter().cloned().collect();
        failure(|| check_pairs(&wrong));
    }
    let elsewhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let ServerEvent::Connected { conn, .. } = *connected else { panic!("{connected:?}") };
    let moved = [ServerEvent::Connected { conn, addr: elsewhere }, message.clone()];
    failure(|| check_pairs(&moved));
}
