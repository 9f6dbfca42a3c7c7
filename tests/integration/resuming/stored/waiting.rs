//! What waits for the store, for how long, and what is said when nothing can be stored.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use chat_core::store::{MemoryStore, StoreError};
use chat_core::testing::{ManualClock, PATIENCE, TestServer, eventually, within};
use chat_core::{Error, Server};

use super::{config, server, server_with};
use crate::resuming::program::{ask, in_session, lose, program, resume, told};

/// How many lines the server has sent, after all that its hub has ordered by now is done.
fn lines_out(server: &TestServer) -> u64 {
    for _ in 0..3 {
        server.handle().clients().unwrap();
    }
    server.handle().stats().lines_out
}

#[test]
fn nobody_knows_of_a_line_with_a_label_before_it_is_durable() {
    let store = MemoryStore::default();
    let server = server(&store);
    let (mut ada, mut bob, mut cleo) = (program(&server), server.join(), server.join());
    let before = lines_out(&server);
    store.hold();
    ada.say("@label=1 first");
    assert!(store.wait_for_commit(PATIENCE));
    bob.say("second");
    server.wait_for_message("second");
    ada.say("@label=2 third");
    server.wait_for_message("third");
    assert_eq!(lines_out(&server), before);
    assert_eq!(store.last(), 0);
    store.release();
    cleo.expect_all([ada.says("first"), bob.says("second"), ada.says("third")]);
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let told = told(&mut ada);
        if told.kind() == "sent" {
            answers.push((told.number("msgid").unwrap(), told.tag("volatile").is_some()));
        }
    }
    assert_eq!(answers, [(1, false), (3, false)]);
    assert_eq!(store.last(), 3);
}

#[test]
fn lines_without_labels_wait_for_nothing() {
    let store = MemoryStore::default();
    let mut server = server(&store);
    let (mut ada, mut bob) = (program(&server), server.join());
    store.hold();
    ada.say("one");
    assert!(store.wait_for_commit(PATIENCE));
    ada.say("two");
    bob.expect_all([ada.says("one"), ada.says("two")]);
    store.release();
    server.stop();
    assert_eq!(store.last(), 2);
}

#[test]
fn what_cannot_be_stored_is_said_so() {
    let store = MemoryStore::default();
    let server = server(&store);
    let (mut ada, session) = in_session(&server);
    let mut boss = server.join();
    boss.say("/op sesame");
    boss.expect("* you are an operator");
    store.set_full(true);
    for label in ["1", "2"] {
        let answer = ask(&mut ada, label, "hello");
        assert_eq!((answer.kind(), answer.tag("volatile")), ("sent", Some("")), "{answer:?}");
        boss.expect(&ada.says("hello"));
        if label == "1" {
            let full = "* what is said is not stored: there is no room left for it: it was told to be full";
            boss.expect(full);
        }
    }
    // Nor does it stay unknown to whoever becomes an operator later.
    let mut late = server.join();
    late.say("/op sesame");
    late.expect("* you are an operator");
    late.expect(
        "* what is said is not stored: there is no room left for it: it was told to be full",
    );
    // Whoever asks again is not told more than is known.
    lose(&server, ada);
    let (mut ada, ..) = resume(&server, &session);
    assert_eq!(ask(&mut ada, "1", "hello").tag("volatile"), Some(""));
    store.set_full(false);
    boss.expect("* what is said is stored again");
    assert_eq!(ask(&mut ada, "1", "hello").tag("volatile"), None);
    assert_eq!(ask(&mut ada, "3", "hello").tag("volatile"), None);
    boss.expect(&ada.says("hello"));
    assert_eq!(store.last(), 3);
}

#[test]
fn a_store_that_hangs_stops_nobody_for_long() {
    let (store, clock) = (MemoryStore::default(), ManualClock::new());
    let server = Server::bind("127.0.0.1:0").unwrap().config(config(|_| {})).clock(&clock);
    let server = TestServer::run(server.store(store.clone()));
    let (mut ada, mut boss) = (program(&server), server.join());
    boss.say("/op sesame");
    boss.expect("* you are an operator");
    store.hold();
    ada.say("@label=1 one");
    assert!(store.wait_for_commit(PATIENCE));
    server.wait_for_message("one");
    server.handle().clients().unwrap();
    clock.advance(Duration::from_secs(5));
    boss.expect(&ada.says("one"));
    boss.expect("* what is said is not stored: the store does not answer");
    assert_eq!(told(&mut ada).tag("volatile"), Some(""));
    assert!(server.handle().stats().store.is_failing);
    let mut late = server.join();
    late.say("/op sesame");
    late.expect("* you are an operator");
    late.expect("* what is said is not stored: the store does not answer");
    // From now on nobody waits, until it answers.
    assert_eq!(ask(&mut ada, "2", "two").tag("volatile"), Some(""));
    boss.expect(&ada.says("two"));
    store.release();
    boss.expect("* what is said is stored again");
    assert!(!server.handle().stats().store.is_failing);
    assert_eq!(ask(&mut ada, "3", "three").tag("volatile"), None);
    assert_eq!(store.last(), 3);
}

#[test]
fn a_server_that_stops_waits_for_its_store() {
    let store = MemoryStore::default();
    let mut server = server(&store);
    let (mut ada, mut bob) = (program(&server), server.join());
    store.hold();
    ada.say("@label=1 the last words");
    assert!(store.wait_for_commit(PATIENCE));
    server.wait_for_message("the last words");
    let running = server.take();
    let stopping = thread::spawn(move || running.stop());
    let addr = server.addr();
    eventually("the door is closed", || {
        if TcpStream::connect(addr).is_err() { Ok(()) } else { Err("it is open") }
    });
    store.release();
    let report = within("stopping", move || stopping.join().unwrap()).unwrap();
    assert_eq!(report.dropped, 0, "{report}");
    bob.expect_rest(format!("{}\n", ada.says("the last words")));
    let told = told(&mut ada);
    assert_eq!((told.kind(), told.tag("volatile")), ("sent", None));
    assert_eq!(store.last(), 1);
}

#[test]
fn a_store_that_hangs_does_not_keep_the_server_from_stopping() {
    let store = MemoryStore::default();
    let mut server = server_with(&store, |config| config.stop_timeout = Duration::from_secs(1));
    let (mut ada, mut bob) = (program(&server), server.join());
    store.hold();
    ada.say("@label=1 the last words");
    assert!(store.wait_for_commit(PATIENCE));
    server.wait_for_message("the last words");
    let (running, start) = (server.take(), Instant::now());
    // The store's thread is left to itself, which is an error.
    let stopped = within("stopping", move || running.stop());
    assert!(matches!(stopped, Err(Error::Store(StoreError::Stuck))), "{stopped:?}");
    assert!(start.elapsed() < PATIENCE / 2, "it took {:?}", start.elapsed());
    bob.expect_rest(format!("{}\n", ada.says("the last words")));
    assert_eq!(told(&mut ada).tag("volatile"), Some(""));
    store.release();
}
