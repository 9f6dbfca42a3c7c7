//! Clients that come and go, and what is left of them: nothing.
//!
//! These tests count the threads and descriptors of the whole process, and so run one after another in
//! a process of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod crowd;
#[cfg(target_os = "linux")]
mod every_kind;
mod process;
mod stop_under_load;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chat_core::testing::{TestServer, check_pairs};
use chat_core::{CloseReason, ServerEvent};
use crowd::{Crowd, Leaver, Way};

/// How many stay from the beginning to the end.
const OBSERVERS: usize = 3;

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Two thousand who talk while others come and go.
#[test]
fn two_thousand_clients_come_and_go() {
    let _alone = alone();
    let before = process::open_descriptors();
    let mut server = TestServer::with(|config| config.io_threads = 3);
    let crowd = Crowd::run(&server, OBSERVERS);

    // Only those who stay are here.
    let stats = server.wait_for_stats("only the observers are left", |stats| {
        stats.clients == OBSERVERS
            && stats.accepted == (crowd::CLIENTS + OBSERVERS) as u64
            && stats.closed.total() == crowd::CLIENTS as u64
    });
    let closed = stats.closed;
    assert_eq!(closed.total(), closed.exit + closed.end_of_stream + closed.reset);
    let listed = server.handle().clients().unwrap();
    let mut ports: Vec<u16> = listed.iter().map(|client| client.addr.port()).collect();
    let mut expected: Vec<u16> = crowd.observers.iter().map(|observer| observer.port).collect();
    ports.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ports, expected);

    server.stop();
    let events = server.events().all();
    assert_eq!(server.handle().stats().events_missed, 0);
    check_events(&events, &crowd);
    check_reading(&order(&events), &crowd);

    drop(crowd);
    drop(server);
    assert_eq!(process::threads_of_the_chat(), Vec::<String>::new());
    assert_eq!(process::open_descriptors(), before);
}

/// All that was said, in the order in which the events tell it, as others read it.
fn order(events: &[ServerEvent]) -> Vec<String> {
    let said = events.iter().filter_map(|event| match event {
        ServerEvent::Message { addr, text, .. } => Some(format!("{}: {text}", addr.port())),
        _ => None,
    });
    said.collect()
}

/// Everybody came once and left once, for the reason that it had, and said what it said.
fn check_events(events: &[ServerEvent], crowd: &Crowd) {
    let stays = check_pairs(events);
    assert_eq!(stays.len(), crowd::CLIENTS + OBSERVERS);
    // Nobody says the same as somebody else, so that those who spoke can be told by it.
    let by_words: HashMap<&String, _> =
        stays.values().filter_map(|stay| stay.said.first().map(|first| (first, stay))).collect();
    for leaver in &crowd.leavers {
        let Some(first) = leaver.said.first() else { continue };
        let stay = by_words.get(first).unwrap_or_else(|| panic!("{leaver:?} was not heard"));
        let reason = stay.reason.unwrap();
        match leaver.way {
            Way::Exit => assert_eq!(reason, CloseReason::Exit),
            Way::HalfClose => assert_eq!(reason, CloseReason::EndOfStream),
            // With unread bytes the system makes a reset of it.
            Way::Drop => {
                assert!(matches!(reason, CloseReason::EndOfStream | CloseReason::Reset));
            }
            Way::Reset => assert_eq!(reason, CloseReason::Reset),
        }
        assert_eq!(stay.said, leaver.said, "{:?}", leaver.way);
    }
    let shutdown = stays.values().filter(|stay| stay.reason == Some(CloseReason::Shutdown));
    assert_eq!(shutdown.count(), OBSERVERS);
    assert!(stays.values().all(|stay| stay.reason.is_some()));
}

/// Those who stayed read all that the others said, once and in the one order; those who left in
/// good order read a stretch of it without a gap.
fn check_reading(order: &[String], crowd: &Crowd) {
    let by_others = |said: &[String], port: u16| -> Vec<&String> {
        let own: std::collections::HashSet<String> =
            said.iter().map(|text| format!("{port}: {text}")).collect();
        order.iter().filter(|line| !own.contains(*line)).collect()
    };
    for observer in &crowd.observers {
        let expected = by_others(&observer.said, observer.port);
        let read: Vec<&String> = observer.read.iter().collect();
        let same = read.iter().zip(&expected).take_while(|(read, due)| read == due).count();
        assert!(
            read == expected,
            "{} lines read, {} due; after {same} the same, {:?} read and {:?} due",
            read.len(),
            expected.len(),
            read.get(same),
            expected.get(same)
        );
    }
    let place: HashMap<&String, usize> =
        order.iter().enumerate().map(|(at, line)| (line, at)).collect();
    assert_eq!(place.len(), order.len(), "something was said twice");
    for Leaver { port, said, read, .. } in &crowd.leavers {
        let Some(first) = read.first() else { continue };
        let last = read.last().unwrap();
        let stretch = &order[place[first]..=place[last]];
        let own: std::collections::HashSet<String> =
            said.iter().map(|text| format!("{port}: {text}")).collect();
        let expected: Vec<&String> = stretch.iter().filter(|line| !own.contains(*line)).collect();
        let same = read.iter().zip(&expected).take_while(|(read, due)| read == *due).count();
        assert!(
            read.iter().collect::<Vec<_>>() == expected,
            "a gap at {port}, which read {} of {} lines: after {same} {:?}, not {:?}",
            read.len(),
            expected.len(),
            read.get(same),
            expected.get(same)
        );
    }
}
