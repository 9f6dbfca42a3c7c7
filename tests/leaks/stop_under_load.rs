//! A server that is stopped while a hundred clients talk: whatever it has accepted is delivered, and
//! nothing is left.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use chat_core::testing::{Peer, TestServer, whole_lines, within};
use chat_core::{Report, ServerEvent, Stats};

use crate::{alone, process};

const PEERS: usize = 100;
/// How many threads talk for them.
const TALKERS: usize = 4;
/// How many lines are delivered before somebody stops the server.
const BEFORE: u64 = 100_000;
const DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn what_was_accepted_while_a_hundred_talk_is_delivered() {
    let _alone = alone();
    let descriptors = process::open_descriptors();
    let mut server = TestServer::with(|config| {
        config.io_threads = 2;
        // Whoever reads slowly on a busy machine is not to be closed for it.
        config.limits.backlog = 1 << 30;
        config.limits.budget = 1 << 30;
        config.limits.events = 1 << 30;
    });
    let peers: Vec<Peer> = (0..PEERS).map(|_| server.join()).collect();
    let readers: Vec<_> = peers
        .iter()
        .map(|peer| {
            let (addr, mut reader) = (peer.addr(), peer.reader());
            thread::spawn(move || (addr, reader.rest_until_broken()))
        })
        .collect();
    let talkers = talk(peers);

    let before = server.wait_for_stats("a lively chat", |stats| stats.lines_out >= BEFORE);
    let (handle, running) = (server.handle().clone(), server.take());
    let join = thread::spawn(move || running.join().unwrap());
    let report = within("shutdown", move || handle.shutdown(DEADLINE));
    assert_eq!(within("join", move || join.join().unwrap()), report);
    assert_eq!(process::threads_of_the_chat(), Vec::<String>::new());
    let after = server.handle().stats();
    check_numbers(report, &before, &after);

    let read = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    check_reading(&server.events().all(), &read, &after);
    for talker in talkers {
        within("the end of a talker", move || talker.join().unwrap());
    }
    drop(server);
    assert_eq!(process::open_descriptors(), descriptors);
}

/// Lets all peers talk until nobody takes what they say.
fn talk(mut peers: Vec<Peer>) -> Vec<thread::JoinHandle<()>> {
    let mut talkers = Vec::new();
    while !peers.is_empty() {
        let mut share = peers.split_off(peers.len() - PEERS / TALKERS);
        talkers.push(thread::spawn(move || {
            for number in 0_u64.. {
                let line = format!("line {number}\n");
                share.retain_mut(|peer| peer.try_send(&line).is_ok());
                if share.is_empty() {
                    return;
                }
            }
        }));
    }
    talkers
}

/// The report, and what was counted before and after the stop, fit together.
fn check_numbers(report: Report, before: &Stats, after: &Stats) {
    assert_eq!((report.clients, report.dropped), (PEERS, 0), "{report}");
    assert!(report.took < DEADLINE, "{report}");
    // It was counted before the stop began, so that some of this is not the stop's.
    assert!(report.flushed <= after.lines_out - before.lines_out, "{report}, {before}, {after}");
    assert!(report.flushed > 0, "nothing waited to be delivered: {report}");
    assert_eq!((after.clients, after.closed.shutdown), (0, PEERS as u64));
    assert_eq!((after.lines_dropped, after.events_missed), (0, 0));
    assert_eq!(after.lines_out, after.lines_in * (PEERS as u64 - 1));
}

/// All have read all that the others said, in the one order.
fn check_reading(events: &[ServerEvent], read: &HashMap<SocketAddr, Vec<u8>>, stats: &Stats) {
    let lines: usize = read.values().map(|bytes| whole_lines(bytes)).sum();
    for (reader, bytes) in read {
        let mut due = Vec::new();
        for event in events {
            if let ServerEvent::Message { addr, text, .. } = event
                && addr != reader
            {
                due.extend(format!("{}: {text}\n", addr.port()).into_bytes());
            }
        }
        let same = bytes.iter().zip(&due).take_while(|(one, other)| one == other).count();
        assert!(
            *bytes == due,
            "{reader} has read {} of {} bytes, {same} of them in order",
            bytes.len(),
            due.len()
        );
    }
    assert_eq!(lines as u64, stats.lines_out);
}
