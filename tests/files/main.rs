//! A server whose process has no descriptor left: it tells those who come, and goes on by itself.
//!
//! The shortage is one of the whole process, so that these tests have it to themselves, and run one
//! after another.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod logged;
mod shortage;

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chat_core::Server;
use chat_core::testing::{ManualClock, Peer, TestServer};

use logged::Logged;
use shortage::{Caller, Shortage};

const NO_ROOM: &str = "* the server has no room, try again later\n";
const FAILS: &str = "cannot accept connections";
const WORKS: &str = "accepting connections again";
/// The longest time between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server whose pauses end when the test says so.
fn with_a_clock() -> (TestServer, ManualClock) {
    let clock = ManualClock::new();
    (TestServer::run(Server::bind("127.0.0.1:0").unwrap().clock(&clock)), clock)
}

#[test]
fn those_who_come_are_told_and_the_others_go_on() {
    let _alone = alone();
    let logged = Logged::from_now_on();
    let (server, clock) = with_a_clock();
    let (mut a, mut b) = (server.join(), server.join());
    let callers: Vec<Caller> = (0..5).map(|_| Caller::new()).collect();
    let shortage = Shortage::begin();
    // Those who were refused keep their descriptors, or there would be some again.
    let mut refused = Vec::new();
    for (number, caller) in (1..).zip(callers) {
        let mut peer = caller.connect(server.addr());
        peer.expect_rest(NO_ROOM);
        refused.push(peer);
        let stats =
            server.wait_for_stats("one more refused", |stats| stats.refused.no_files == number);
        assert!(stats.accept_errors >= number, "{stats:#?}");
        a.say("still here");
        b.expect(&a.says("still here"));
        clock.advance(PAUSE);
    }
    // That it goes on does not need to be told again and again.
    assert_eq!((logged.count(FAILS), logged.count(WORKS)), (1, 0));

    shortage.end();
    let mut late = server.join();
    late.say("at last");
    a.expect(&late.says("at last"));
    assert_eq!((logged.count(FAILS), logged.count(WORKS)), (1, 1));
    let stats = server.handle().stats();
    assert_eq!((stats.accepted, stats.refused.no_files, stats.refused.total()), (3, 5, 5));
}

#[test]
fn those_who_come_during_a_pause_get_in_when_there_is_room_again() {
    let _alone = alone();
    let (server, clock) = with_a_clock();
    let [first, second, third] = [Caller::new(), Caller::new(), Caller::new()];
    let shortage = Shortage::begin();
    let mut refused = first.connect(server.addr());
    refused.expect_rest(NO_ROOM);
    // From here on it does not look whether there is room until the clock says so.
    server.wait_for_stats("one refused", |stats| stats.refused.no_files == 1);
    let mut waiting = [second.connect(server.addr()), third.connect(server.addr())];
    shortage.end();
    clock.advance(PAUSE);
    for peer in &waiting {
        server.wait_for(peer.addr());
    }
    let [second, third] = &mut waiting;
    second.say("hello");
    third.expect(&second.says("hello"));
    assert_eq!(server.handle().stats().refused.no_files, 1);
}

#[test]
fn it_goes_on_by_itself() {
    let _alone = alone();
    let server = TestServer::start();
    let callers: Vec<Caller> = (0..3).map(|_| Caller::new()).collect();
    let shortage = Shortage::begin();
    let mut refused: Vec<Peer> = callers.into_iter().map(|it| it.connect(server.addr())).collect();
    for peer in &mut refused {
        peer.expect_rest(NO_ROOM);
    }
    // It has seen to everybody, and whoever comes now comes when there is room.
    server.wait_for_stats("three refused", |stats| stats.refused.no_files == 3);
    shortage.end();
    let (mut a, mut b) = (server.join(), server.join());
    a.say("hello");
    b.expect(&a.says("hello"));
}

/// The descriptor that the server gives up to tell somebody may be taken by another part of the
/// process. Then nobody can be told, but whoever came gets in when there is room.
#[test]
fn it_goes_on_when_others_take_its_last_descriptor() {
    let _alone = alone();
    let (server, clock) = with_a_clock();
    for round in 1..=50 {
        let before = server.handle().stats();
        let caller = Caller::new();
        let shortage = Shortage::begin();
        let is_over = AtomicBool::new(false);
        let mut peer = thread::scope(|scope| {
            scope.spawn(|| {
                let mut taken = Vec::new();
                while !is_over.load(Ordering::SeqCst) {
                    taken.extend(File::open("/dev/null"));
                }
            });
            let peer = caller.connect(server.addr());
            clock.advance(PAUSE);
            server.wait_for_stats("a try", |stats| stats.accept_errors > before.accept_errors);
            is_over.store(true, Ordering::SeqCst);
            peer
        });
        shortage.end();
        clock.advance(PAUSE);
        let stats = server.wait_for_stats("an answer for everybody", |stats| {
            stats.accepted + stats.refused.no_files == round
        });
        if stats.accepted > before.accepted {
            server.wait_for(peer.addr());
        } else {
            peer.expect_rest(NO_ROOM);
        }
    }
    // It has one again as soon as somebody could get in. Nobody is to leave one behind later.
    let _kept = server.join();
    server.wait_for_stats("the others are gone", |stats| stats.clients == 1);
    let callers: Vec<Caller> = (0..50).map(|_| Caller::new()).collect();
    let (_shortage, mut let_in) = (Shortage::begin(), Vec::new());
    for caller in callers {
        let before = server.handle().stats();
        let mut peer = caller.connect(server.addr());
        let stats = server.wait_for_stats("an answer", |stats| {
            stats.accepted + stats.refused.no_files > before.accepted + before.refused.no_files
        });
        if stats.refused.no_files > before.refused.no_files {
            return peer.expect_rest(NO_ROOM);
        }
        // One of the others was still being closed: this one has its descriptor now. The server has
        // found that there is no other one, and looks again when the clock says so.
        let_in.push(peer);
        clock.advance(PAUSE);
    }
    panic!("there is no end of descriptors");
}
