//! A store that takes too long, or fails for so long that what waits for it has to be given up.

use chat_core::store::MemoryStore;
use chat_core::testing::{ManualClock, PATIENCE, TestServer, eventually};
use chat_core::{Server, ServerConfig};

use super::program::{ask, in_session, lose, program, resume};

#[test]
fn what_was_given_up_is_never_said_to_be_stored() {
    let store = MemoryStore::default();
    let server = Server::bind("127.0.0.1:0").unwrap().store(store.clone());
    let server = TestServer::run(server);
    let (mut ada, session) = in_session(&server);
    assert_eq!(ask(&mut ada, "0", "kept").tag("volatile"), None);
    store.set_full(true);
    assert_eq!(ask(&mut ada, "1", "given up").tag("volatile"), Some(""));
    lose(&server, ada);
    // More than is kept for a store that fails.
    let mut bob = program(&server);
    ask(&mut bob, "1", "/join garden");
    let line = format!("{}\n", "x".repeat(8_000));
    (0..2_200).for_each(|_| bob.send(&line));
    eventually("lines are given up", || {
        let lost = server.handle().stats().store.lines_lost;
        if lost > 0 { Ok(()) } else { Err("none is") }
    });
    store.set_full(false);
    eventually("what is said is stored", || {
        let is_volatile = ask(&mut bob, "2", "are you there?").tag("volatile").is_some();
        if is_volatile { Err("it is not") } else { Ok(()) }
    });
    let (mut ada, ..) = resume(&server, &session);
    assert_eq!(ask(&mut ada, "1", "given up").tag("volatile"), Some(""));
    assert_eq!(ask(&mut ada, "0", "kept").tag("volatile"), None);
    assert_eq!(ask(&mut ada, "2", "a new one").tag("volatile"), None);
}

#[test]
fn a_store_that_hangs_does_not_stop_the_chat_where_there_is_little_memory() {
    let (store, clock) = (MemoryStore::default(), ManualClock::new());
    let mut config = ServerConfig::default();
    config.limits.budget = 4 << 20;
    let server = Server::bind("127.0.0.1:0").unwrap().config(config).clock(&clock);
    let server = TestServer::run(server.store(store.clone()));
    let (mut bob, mut cleo) = (server.join(), server.join());
    store.hold();
    bob.say("the first");
    cleo.expect(&bob.says("the first"));
    assert!(store.wait_for_commit(PATIENCE));
    // Time stands still: whoever is read at a pace says nothing more.
    let text = "x".repeat(4_000);
    for _ in 0..(8 << 20) / (16 * text.len()) {
        (0..16).for_each(|_| bob.say(&text));
        cleo.expect_all(vec![bob.says(&text); 16]);
    }
    let stats = server.handle().stats();
    assert!(stats.store.lines_lost > 0, "{stats}");
    assert!(stats.budget_used < 2 << 20, "{stats}");
    store.release();
}
