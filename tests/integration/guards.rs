//! What the embedding program decides: who comes in, and what is said.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::time::Duration;

use chat_core::testing::{Peer, TestServer, narrow};
use chat_core::{
    Admission, CloseReason, HandleError, Incoming, Server, ServerConfig, ServerEvent, ServerHandle,
    Verdict,
};

fn bind(io_threads: usize) -> Server {
    let mut config = ServerConfig::default();
    config.io_threads = io_threads;
    Server::bind("127.0.0.1:0").unwrap().config(config)
}

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
fn who_is_refused_reads_why_and_who_is_not_comes_in() {
    for io_threads in [1, 2] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let server = TestServer::run(bind(io_threads).on_connect(move |addr| {
            let mut seen = seen.lock().unwrap();
            seen.push(addr);
            // Every other one.
            match seen.len() % 2 {
                0 => Admission::refuse("not today \x1b[1m"),
                _ => Admission::Admit,
            }
        }));
        let mut guests: Vec<Peer> = Vec::new();
        let mut came = Vec::new();
        for refused in 1..=4 {
            guests.push(server.join());
            came.push(guests.last().unwrap().addr());
            let mut peer = Peer::connect(server.addr());
            came.push(peer.addr());
            // It may have spoken before it is told.
            peer.send("let me in\n");
            peer.expect("* not today \u{fffd}[1m");
            peer.expect_end();
            server.wait_for_stats("refused", |stats| stats.refused.by_guard == refused);
        }
        assert_eq!(*asked.lock().unwrap(), came);
        let stats = server.handle().stats();
        assert_eq!((stats.accepted, stats.clients, stats.refused.total()), (4, 4, 4));
        assert_eq!((stats.lines_in, stats.handler_panics), (0, 0));
        let mut speaker = guests.remove(0);
        speaker.say("we are in");
        for guest in &mut guests {
            guest.expect(&speaker.says("we are in"));
        }
        let connected = |event: &&ServerEvent| matches!(event, ServerEvent::Connected { .. });
        assert_eq!(server.events().all().iter().filter(connected).count(), 4);
    }
}

#[test]
fn who_is_refused_takes_no_place() {
    let mut config = ServerConfig::default();
    config.limits.clients = 1;
    config.limits.clients_per_ip = Some(1);
    config.limits.exempt_loopback = false;
    let count = AtomicUsize::new(0);
    let server =
        Server::bind("127.0.0.1:0").unwrap().config(config).on_connect(move |_| {
            match count.fetch_add(1, Ordering::Relaxed) {
                0..5 => Admission::refuse("not yet"),
                _ => Admission::Admit,
            }
        });
    let server = TestServer::run(server);
    for _ in 0..5 {
        let mut peer = Peer::connect(server.addr());
        peer.expect("* not yet");
        peer.expect_end();
    }
    server.join();
}

#[test]
fn a_panic_about_a_connection_is_a_refusal() {
    let count = AtomicUsize::new(0);
    let server =
        TestServer::run(bind(1).on_connect(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            1 => panic::resume_unwind(Box::new("at the door")),
            _ => Admission::Admit,
        }));
    let mut first = server.join();
    let mut second = Peer::connect(server.addr());
    second.expect("* the server could not check the connection");
    second.expect_end();
    let stats = server.wait_for_stats("refused", |stats| stats.refused.by_guard == 1);
    assert_eq!((stats.handler_panics, stats.accepted), (1, 1));
    let mut third = server.join();
    third.say("and on it goes");
    first.expect(&third.says("and on it goes"));
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

/// Each of the two waits inside until the other is inside as well.
#[test]
fn decisions_are_made_in_parallel() {
    let (door, table) = (Barrier::new(2), Arc::new(Barrier::new(2)));
    let at_table = Arc::clone(&table);
    let server = TestServer::run(
        bind(2)
            .on_connect(move |_| {
                door.wait();
                Admission::Admit
            })
            .on_message(move |_| {
                at_table.wait();
                Verdict::Pass
            }),
    );
    // Connections are dealt out to the two threads in turns.
    let (mut a, mut b) = (Peer::connect(server.addr()), Peer::connect(server.addr()));
    server.wait_for(a.addr());
    server.wait_for(b.addr());
    a.say("one");
    b.say("two");
    b.expect(&a.says("one"));
    a.expect(&b.says("two"));
}

#[test]
fn a_decision_may_look_at_the_servers_numbers() {
    let handle: Arc<OnceLock<ServerHandle>> = Arc::default();
    let (at_door, at_table) = (Arc::clone(&handle), Arc::clone(&handle));
    let server = bind(1)
        .on_connect(move |_| match at_door.get().unwrap().stats().clients {
            0 | 1 => Admission::Admit,
            _ => Admission::refuse("two are company"),
        })
        .on_message(move |_| {
            Verdict::change(&format!("{} here", at_table.get().unwrap().stats().clients))
        });
    handle.set(server.handle()).unwrap();
    let server = TestServer::run(server);
    let (mut a, mut b) = (server.join(), server.join());
    let mut third = Peer::connect(server.addr());
    third.expect("* two are company");
    third.expect_end();
    a.say("how many are we?");
    b.expect(&a.says("2 here"));
}

/// The server would wait for the decision, and the decision for the server.
#[test]
fn a_decision_cannot_wait_for_the_server() {
    let handle: Arc<OnceLock<ServerHandle>> = Arc::default();
    let inside = Arc::clone(&handle);
    let server = bind(1).on_message(move |message| {
        let (handle, conn) = (inside.get().unwrap(), message.conn);
        let errors = [
            handle.clients().map(drop),
            handle.broadcast("listen"),
            handle.send_to(conn, "listen"),
            handle.kick(conn, "out"),
            handle.set_flood(conn, None),
        ];
        let report = handle.shutdown(Duration::ZERO);
        assert_eq!(report.clients, 0);
        let are_refused = errors.iter().all(|error| *error == Err(HandleError::Deciding));
        Verdict::change(if are_refused { "refused" } else { "done" })
    });
    handle.set(server.handle()).unwrap();
    let server = TestServer::run(server);
    let (mut a, mut b) = (server.join(), server.join());
    a.say("do it all");
    b.expect(&a.says("refused"));
    // Outside of decisions, all is as ever.
    assert_eq!(server.handle().clients().unwrap().len(), 2);
}
