//! Who is slowed, and who is not.

use chat_core::HandleError;
use chat_core::testing::{ManualClock, TestServer};

use super::{
    SECOND, TICK, bytes, floodings, hear, lines, nothing_before, notice, numbered, server,
    wait_for_flooding,
};
use crate::clocked;

/// Says a thousand lines, all of which are heard while time stands still.
#[track_caller]
fn is_free(server: &TestServer) {
    let (mut speaker, mut listener) = (server.join(), server.join());
    speaker.send(numbered(0..1000));
    hear(&mut listener, &speaker, 0..1000);
    assert_eq!((floodings(server), server.handle().stats().flooding), (0, 0));
}

#[test]
fn without_the_limit_nobody_is_slowed() {
    is_free(&clocked::server(&ManualClock::new(), |config| config.limits.flood = None));
}

#[test]
fn the_same_machine_is_free_of_the_limit() {
    is_free(&clocked::server(&ManualClock::new(), |config| {
        config.limits.exempt_loopback = true;
    }));
}

#[test]
fn one_client_can_be_set_free() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(1, 4));
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send(numbered(0..1000));
    wait_for_flooding(&server, conn);
    hear(&mut listener, &flooder, 0..4);
    server.handle().set_flood(conn, None).unwrap();
    hear(&mut listener, &flooder, 4..1000);
    // That was for this one alone.
    other.send(numbered(0..5));
    wait_for_flooding(&server, server.conn_of(&other));
    hear(&mut listener, &other, 0..4);
    nothing_before(&mut listener, &mut flooder, "free");
}

#[test]
fn one_client_can_be_made_slower() {
    let clock = ManualClock::new();
    let server = clocked::server(&clock, |config| config.limits.flood = None);
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    let slow = lines(2, 1);
    server.handle().set_flood(conn, Some(slow)).unwrap();
    // The change is on its way before this is, by the same way.
    server.handle().send_to(conn, "slowly").unwrap();
    flooder.expect("* slowly");
    flooder.send(numbered(0..3));
    listener.expect(&flooder.says("0"));
    flooder.expect(&notice(slow));
    for number in 1..3 {
        clock.advance((SECOND / 2).saturating_sub(TICK));
        nothing_before(&mut listener, &mut other, "not yet");
        clock.advance(TICK);
        listener.expect(&flooder.says(&number.to_string()));
    }
    other.send(numbered(0..1000));
    hear(&mut listener, &other, 0..1000);
}

#[test]
fn a_rate_that_lets_nothing_pass_is_refused() {
    let server = TestServer::start();
    let peer = server.join();
    let conn = server.conn_of(&peer);
    for flood in [lines(0, 1), lines(1, 0), bytes(0, 1), bytes(1, 0)] {
        let answer = server.handle().set_flood(conn, Some(flood));
        assert!(matches!(answer, Err(HandleError::Rate(_))), "{answer:?}");
    }
    server.handle().kick(conn, "").unwrap();
    assert_eq!(server.handle().set_flood(conn, None), Err(HandleError::NoSuchClient));
}
