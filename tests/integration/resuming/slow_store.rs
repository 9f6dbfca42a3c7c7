//! A store that takes too long, or fails for so long that what waits for it has to be given up.

use chat_core::Server;
use chat_core::store::MemoryStore;
use chat_core::testing::{TestServer, eventually};

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
