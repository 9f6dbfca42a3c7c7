//! A server with a store: what waits for it, what goes on without it, and what outlives the server.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use chat_core::store::{MemoryStore, StoreError};
use chat_core::testing::{ManualClock, PATIENCE, Peer, TestServer, eventually, within};
use chat_core::wire::Secret;
use chat_core::{Error, Server, ServerConfig};

use super::program::{ask, in_session, lose, program, resume, session, told};

fn config(set: impl FnOnce(&mut ServerConfig)) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.operator_secret = Some(Secret::new("sesame"));
    set(&mut config);
    config
}

fn server_with(store: &MemoryStore, set: impl FnOnce(&mut ServerConfig)) -> TestServer {
    let server = Server::bind("127.0.0.1:0").unwrap().config(config(set));
    TestServer::run(server.store(store.clone()))
}

fn server(store: &MemoryStore) -> TestServer {
    server_with(store, |_| {})
}

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

/// Says something as somebody whose line is stored when this is over.
fn say(peer: &mut Peer, label: &str, room: &str, text: &str) {
    let label = format!("{label}-{room}");
    peer.say(&format!("@label={label};room={room} {text}"));
    while told(peer).tag("label") != Some(&label) {}
}

#[test]
fn what_is_known_outlives_the_server() {
    let store = MemoryStore::default();
    let mut first = server(&store);
    let (mut ada, begun) = in_session(&first);
    ask(&mut ada, "1", "/nick Ada");
    ask(&mut ada, "2", "/join tea");
    ask(&mut ada, "3", "/topic leaves");
    assert_eq!(begun.epoch, 1);
    let mut bob = program(&first);
    ask(&mut bob, "1", "/join tea");
    ask(&mut bob, "2", "/op sesame");
    ask(&mut bob, "3", "/ban 192.0.2.1 10");
    let sent = ask(&mut ada, "4", "mine");
    lose(&first, ada);
    say(&mut bob, "4", "tea", "one");
    say(&mut bob, "4", "lobby", "two");
    first.stop();

    let mut second = server(&store);
    let mut eve = second.join();
    eve.say("/nick Ada");
    eve.expect("* somebody is called Ada, or looks like it");
    eve.say("/rooms");
    eve.expect("* 2 rooms: lobby (1), tea (0)");
    let (mut ada, missed, answer) = resume(&second, &begun);
    let port = bob.port();
    let topic = "Ada sets the topic: leaves".to_owned();
    // What she sets is for her as well.
    assert_eq!(missed, [format!("* {topic}"), format!("{port}: one"), format!("{port}: two")]);
    assert_eq!(
        ["name", "rooms", "epoch", "recovered", "lost"].map(|tag| answer.tag(tag)),
        [Some("Ada"), Some("tea,lobby"), Some("2"), Some("3"), None]
    );
    let again = ask(&mut ada, "4", "mine");
    assert_eq!(again.number("msgid"), sent.number("msgid"));
    assert_eq!(ask(&mut ada, "5", "/topic").tag("topic"), Some("leaves"));
    eve.say("/op sesame");
    eve.expect("* you are an operator");
    eve.say("/unban 192.0.2.1");
    eve.expect("* 192.0.2.1 may come again");
    let next = ask(&mut ada, "6", "next").number("msgid");
    assert!(next > sent.number("msgid"));
    // Who was told is known to have the token: the one before it is good no more, then as later.
    let resumed = session(&answer);
    lose(&second, ada);
    second.stop();
    let third = server(&store);
    let (_, _, answer) = resume(&third, &begun);
    assert_eq!(answer.kind(), "error");
    let (_, missed, answer) = resume(&third, &resumed);
    assert_eq!((missed.len(), answer.tag("epoch")), (0, Some("3")), "{missed:?}");
}

#[test]
fn what_is_kept_no_more_is_counted_after_a_restart_too() {
    let store = MemoryStore::default();
    let few = |config: &mut ServerConfig| config.resume.lines = 3;
    let mut first = server_with(&store, few);
    let mut bob = program(&first);
    say(&mut bob, "0", "lobby", "before all");
    let (mut ada, begun) = in_session(&first);
    ask(&mut ada, "1", "her own line is not lost");
    lose(&first, ada);
    (1..=10).for_each(|number| say(&mut bob, &number.to_string(), "lobby", "hello"));
    first.stop();
    let second = server_with(&store, few);
    let (_, missed, answer) = resume(&second, &begun);
    assert_eq!(missed.len(), 3);
    assert_eq!((answer.tag("recovered"), answer.tag("lost")), (Some("3"), Some("7")));
}

#[test]
fn what_was_said_before_somebody_came_is_not_for_it_after_a_restart_either() {
    let store = MemoryStore::default();
    let mut first = server(&store);
    let (mut ada, begun) = in_session(&first);
    let mut bob = program(&first);
    ask(&mut bob, "1", "/join tea");
    (0..5).for_each(|number| say(&mut bob, &number.to_string(), "tea", "before she came"));
    ask(&mut ada, "1", "/join tea");
    lose(&first, ada);
    say(&mut bob, "5", "tea", "while she is away");
    first.stop();
    let second = server(&store);
    let (_, missed, answer) = resume(&second, &begun);
    assert_eq!(missed, [bob.says("while she is away")]);
    assert_eq!((answer.tag("recovered"), answer.tag("lost")), (Some("1"), None));
}

#[test]
fn numbers_that_were_given_and_not_kept_are_given_again() {
    let store = MemoryStore::default();
    let mut first = server(&store);
    let (ada, mut session) = in_session(&first);
    let mut bob = program(&first);
    say(&mut bob, "1", "lobby", "kept");
    store.set_full(true);
    say(&mut bob, "2", "lobby", "not kept");
    lose(&first, ada);
    first.stop();
    store.set_full(false);
    // She has got both.
    session.msgid = 2;
    let second = server(&store);
    let mut bob = program(&second);
    say(&mut bob, "3", "lobby", "the second with its number");
    let (_, missed, answer) = resume(&second, &session);
    assert_eq!(missed, [bob.says("the second with its number")]);
    assert_eq!(answer.number("msgid"), Some(2));
}

#[test]
fn what_was_said_is_found_by_its_words() {
    let store = MemoryStore::default();
    let server = server(&store);
    let (mut ada, mut bob) = (program(&server), server.join());
    for number in 0..25 {
        ask(&mut ada, &format!("a{number}"), &format!("tea number {number}"));
    }
    ask(&mut ada, "1", "/join garden");
    ask(&mut ada, "2", "no tea in here");
    bob.expect_all((0..25).map(|number| ada.says(&format!("tea number {number}"))));
    bob.say("/search TEA 7");
    assert!(bob.line().ends_with(&format!(" {}", ada.says("tea number 7"))));
    bob.expect("* 1 line was found");
    ada.say("@label=3;room=lobby /search tea");
    let found: Vec<_> = (0..20).map(|_| told(&mut ada)).collect();
    assert!(found.iter().all(|told| told.kind() == "found" && told.tag("room") == Some("lobby")));
    let numbers: Vec<_> = found.iter().map(|told| told.number("msgid").unwrap()).collect();
    assert_eq!(numbers, (6..26).collect::<Vec<u64>>(), "the last, and the last of them last");
    let answer = told(&mut ada);
    assert_eq!((answer.tag("label"), answer.tag("count")), (Some("3"), Some("20")));
    bob.say("/search coffee");
    bob.expect("* nothing was found");
    bob.say("/search ?!");
    bob.expect("* nothing was found");
    let words = |count: usize| {
        let words: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
        words.join(" ")
    };
    bob.say(&format!("/search {}", words(16)));
    bob.expect("* nothing was found");
    bob.say(&format!("/search {}", words(17)));
    bob.expect("* a search is for 16 words at most");
}

#[test]
fn a_room_is_searched_however_its_name_is_spelt() {
    let store = MemoryStore::default();
    let server = server(&store);
    let (mut ada, mut bob) = (server.join(), server.join());
    ada.say("/join Tea");
    ada.expect("* you are in Tea");
    ada.say("the kettle is on");
    ada.say("/leave");
    ada.expect("* you are in lobby");
    eventually("it is stored", || if store.last() == 1 { Ok(()) } else { Err("it is not") });
    bob.say("/join tea");
    bob.expect("* you are in tea");
    bob.say("/search kettle");
    assert!(bob.line().ends_with(&ada.says("the kettle is on")));
    bob.expect("* 1 line was found");
}

#[test]
fn without_a_store_nothing_is_searched() {
    let server = TestServer::start();
    let mut peer = server.join();
    peer.say("/search tea");
    peer.expect("* nothing can be searched here");
}
