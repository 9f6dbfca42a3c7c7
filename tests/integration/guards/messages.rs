//! What may be said, and what becomes of it and of its author.

use std::panic;
use std::sync::{Arc, Mutex};

use chat_core::testing::{TestServer, narrow};
use chat_core::{CloseReason, Incoming, ServerConfig, ServerEvent, Verdict};

use super::bind;

/// A server that asks this about each message.
fn asking(
    io_threads: usize,
    decide: impl Fn(&Incoming<'_>) -> Verdict + Send + Sync + 'static,
) -> TestServer {
    TestServer::run(bind(io_threads).on_message(decide))
}

/// What the tests of messages ask: the first word says what is to be done with the rest.
fn obey(message: &Incoming<'_>) -> Verdict {
    match message.text.split_once(' ') {
        Some(("change", rest)) => Verdict::change(&rest.to_uppercase()),
        Some(("refuse", rest)) => Verdict::refuse(rest),
        Some(("close", rest)) => Verdict::close(rest),
        // Nothing is printed of it, as a `panic!` would.
        Some(("panic", rest)) => panic::resume_unwind(Box::new(rest.to_owned())),
        _ => Verdict::Pass,
    }
}

#[test]
fn a_message_passes_or_is_changed_or_is_refused() {
    let server = asking(1, obey);
    let (mut a, mut b) = (server.join(), server.join());
    // In one write, so that most likely all of it is in one read.
    a.send("one\nchange two\nrefuse three\nfour\nrefuse five\nchange \x07\nsix\n");
    b.expect_all(["one", "TWO", "four", "\u{fffd}", "six"].map(|text| a.says(text)));
    a.expect_all(["* three", "* five"]);
    let stats = server.wait_for_stats("two rejected", |stats| stats.lines_rejected == 2);
    assert_eq!((stats.lines_in, stats.lines_refused), (7, 0));
    // The events are of what was relayed.
    server.wait_for_message("six");
    let said = server.events().all().into_iter().filter_map(|event| match event {
        ServerEvent::Message { text, .. } => Some(text.to_string()),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), ["one", "TWO", "four", "\u{fffd}", "six"]);
}

#[test]
fn a_message_can_close_its_authors_connection() {
    let server = asking(1, obey);
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&a);
    c.say("before");
    a.expect(&c.says("before"));
    b.expect(&c.says("before"));
    a.send("one\nrefuse two\nclose that is enough\nthree\nclose once more\nfour\n");
    b.expect(&a.says("one"));
    a.expect_all(["* two", "* that is enough"]);
    a.expect_end();
    assert_eq!(server.farewell_of(conn), CloseReason::Rejected);
    c.say("after");
    b.expect(&c.says("after"));
    let stats = server.handle().stats();
    assert_eq!((stats.closed.rejected, stats.closed.total(), stats.clients), (1, 1, 2));
}

/// One who does not read what it did wrong is closed in the middle of it. What it had said before
/// has been said.
#[test]
fn what_passes_is_said_whatever_becomes_of_its_author() {
    let mut config = ServerConfig::default();
    config.limits.direct = 100;
    let server = TestServer::run(narrow(4096).config(config).on_message(obey));
    let (mut a, mut b) = (server.join_narrow(4096), server.join());
    let conn = server.conn_of(&a);
    // Reasons that are longer than all that may wait for one client, and than its buffers.
    let reason = format!("refuse {}\n", "r".repeat(8000));
    a.send(format!("one\ntwo\n{}", reason.repeat(10)));
    b.expect_all([a.says("one"), a.says("two")]);
    assert_eq!(server.farewell_of(conn), CloseReason::TooSlow);
}

#[test]
fn a_panic_about_a_message_refuses_it() {
    let server = asking(2, obey);
    let (mut a, mut b) = (server.join(), server.join());
    for number in 1..=3 {
        a.send("panic now\nstill here\n");
        b.expect(&a.says("still here"));
        a.expect("* the server could not check the message");
        b.send("panic too\n");
        b.expect("* the server could not check the message");
        let stats = server.wait_for_stats("both", |stats| stats.lines_rejected == 2 * number);
        assert_eq!((stats.handler_panics, stats.clients), (2 * number, 2));
    }
}

#[test]
fn it_is_asked_in_order_and_of_what_was_made_safe() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let server = asking(1, move |message| {
        seen.lock().unwrap().push((message.conn, message.addr, message.text.to_owned()));
        Verdict::Pass
    });
    let (mut a, mut b) = (server.join(), server.join());
    let conn = server.conn_of(&a);
    a.send("\n  \nfirst \x1b[1m\r\nsecond\n".as_bytes());
    for number in 0..1000 {
        a.say(&number.to_string());
    }
    a.send("not ended\nEXIT\nnot said\n");
    let texts: Vec<String> = ["first \u{fffd}[1m", "second"]
        .map(str::to_owned)
        .into_iter()
        .chain((0..1000).map(|number: usize| number.to_string()))
        .chain(["not ended".to_owned()])
        .collect();
    b.expect_all(texts.iter().map(|text| a.says(text)));
    a.expect_end();
    assert_eq!(server.farewell_of(conn), CloseReason::Exit);
    // Neither blank lines nor `exit` are messages, nor is what follows it.
    let expected: Vec<_> = texts.into_iter().map(|text| (conn, a.addr(), text)).collect();
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[test]
fn the_last_words_are_asked_about_too() {
    let server = asking(1, obey);
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    let (first, second) = (server.conn_of(&a), server.conn_of(&b));
    a.send("change goodbye");
    a.end_sending();
    b.expect(&a.says("GOODBYE"));
    c.expect(&a.says("GOODBYE"));
    a.expect_end();
    assert_eq!(server.farewell_of(first), CloseReason::EndOfStream);
    b.send("close the door");
    b.end_sending();
    b.expect("* the door");
    b.expect_end();
    assert_eq!(server.farewell_of(second), CloseReason::Rejected);
}
