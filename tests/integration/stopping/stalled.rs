//! Who has not read all holds the end up, until the deadline and no longer.

use std::thread;
use std::time::{Duration, Instant};

use chat_core::testing::{Peer, TestServer, eventually, whole_lines, within};
use chat_core::{CloseReason, HandleError};

const LONG: Duration = Duration::from_secs(8);

/// A server with two good readers and one that has stopped, to whom it owes most of `LINES`.
fn with_a_stalled_peer() -> (TestServer, Vec<thread::JoinHandle<usize>>, Peer) {
    let server = TestServer::narrow(8192, |config| config.limits.backlog = 64 << 20);
    let readers = (0..2)
        .map(|_| {
            let mut peer = server.join();
            thread::spawn(move || {
                let mut read = peer.rest();
                assert_eq!(read.pop(), Some(b'\n'));
                read.split(|&byte| byte == b'\n').count()
            })
        })
        .collect();
    let stalled = server.join_narrow(4096);
    let text = "s".repeat(998);
    for _ in 0..LINES {
        server.handle().broadcast(&text).unwrap();
    }
    // It has been given what the system takes for it, and the rest waits.
    server.wait_for_stats("the good readers' lines", |stats| stats.lines_out >= 2 * LINES as u64);
    (server, readers, stalled)
}

const LINES: usize = 500;

#[test]
fn a_stalled_client_holds_the_end_up_until_the_deadline_and_no_longer() {
    let (mut server, readers, mut stalled) = with_a_stalled_peer();
    let (handle, running) = (server.handle().clone(), server.take());
    let join = thread::spawn(move || running.join().unwrap());
    let begin = Instant::now();
    let report = within("shutdown", move || handle.shutdown(Duration::from_millis(300)));
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!(within("join", move || join.join().unwrap()), report);

    assert_eq!(report.clients, 3);
    assert!(report.dropped > 0 && report.took >= Duration::from_millis(300), "{report}");
    for reader in readers {
        assert_eq!(reader.join().unwrap(), LINES);
    }
    // Every line was either written or dropped, for each of the three.
    let stats = server.handle().stats();
    assert_eq!(stats.lines_out + stats.lines_dropped, 3 * LINES as u64, "{stats:#?}");
    assert_eq!(stats.lines_dropped, report.dropped);
    // What was written, the stalled one finds when it reads at last.
    let read = stalled.rest_until_broken();
    let lines = whole_lines(&read);
    assert_eq!(lines as u64 + report.dropped, LINES as u64);
    assert_eq!(server.farewell_of(server.conn_of(&stalled)), CloseReason::Shutdown);
}

#[test]
fn a_client_that_wakes_up_in_time_gets_everything() {
    let (mut server, readers, mut stalled) = with_a_stalled_peer();
    let running = server.take();
    let handle = server.handle().clone();
    let stop = thread::spawn(move || handle.shutdown(LONG));
    let join = thread::spawn(move || running.join().unwrap());
    // The others are at their ends, and so the stop is under way.
    for reader in readers {
        assert_eq!(reader.join().unwrap(), LINES);
    }
    let read = stalled.rest();
    assert_eq!(whole_lines(&read), LINES);
    let report = within("shutdown", move || stop.join().unwrap());
    assert_eq!(within("join", move || join.join().unwrap()), report);
    assert_eq!(report.dropped, 0, "{report}");
    assert!(report.flushed > 0 && report.flushed <= LINES as u64, "{report}");
    assert_eq!(server.handle().stats().lines_out, 3 * LINES as u64);
}

#[test]
fn a_client_may_take_as_long_as_the_deadline_says() {
    let (mut server, _readers, mut stalled) = with_a_stalled_peer();
    let running = server.take();
    let handle = server.handle().clone();
    let stop = thread::spawn(move || handle.shutdown(LONG));
    let join = thread::spawn(move || running.join().unwrap());
    // A client that leaves while the server goes on gets five seconds at most. Here that time has
    // to pass, to see that it is not what counts.
    thread::sleep(Duration::from_millis(5500));
    assert_eq!(whole_lines(&stalled.rest()), LINES);
    let report = within("shutdown", move || stop.join().unwrap());
    assert_eq!(report.dropped, 0, "{report}");
    assert_eq!(within("join", move || join.join().unwrap()), report);
}

/// To close a connection on which something has come that nobody has read takes back what is on its
/// way to the peer.
#[test]
fn who_talks_on_and_reads_slowly_gets_what_was_flushed() {
    const LINES: usize = 60;
    let mut server = TestServer::start();
    let (mut speaker, mut reader) = (server.join(), server.join_narrow(4096));
    let conn = server.conn_of(&speaker);
    let line = "x".repeat(2000);
    speaker.send(format!("{line}\n").repeat(LINES));
    server.wait_for_stats("all is written", |stats| stats.lines_out == LINES as u64);
    let mut talker = reader.reader();
    let talking = thread::spawn(move || {
        // At a pace at which the server never thinks that all is silent.
        while talker.try_send("and another thing\n").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let running = server.take();
    let stopping = thread::spawn(move || running.stop().unwrap());
    server.farewell_of(conn);
    for _ in 0..LINES {
        thread::sleep(Duration::from_millis(5));
        reader.expect(&speaker.says(&line));
    }
    let report = within("the stop", move || stopping.join().unwrap());
    assert_eq!(report.dropped, 0);
    talking.join().unwrap();
}

#[test]
fn an_earlier_deadline_brings_the_end_forward() {
    let (mut server, _readers, _stalled) = with_a_stalled_peer();
    let running = server.take();
    let (patient, hasty) = (server.handle().clone(), server.handle().clone());
    let first = thread::spawn(move || patient.shutdown(LONG));
    let join = thread::spawn(move || running.join().unwrap());
    // It is waiting for the stalled one now.
    let asking = hasty.clone();
    within("an answer", move || {
        eventually("the stop", || match asking.clients() {
            Err(HandleError::NotRunning) => Ok(()),
            other => Err(other),
        });
    });
    let begin = Instant::now();
    let report = within("the second shutdown", move || hasty.shutdown(Duration::from_millis(50)));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(within("the first shutdown", move || first.join().unwrap()), report);
    assert_eq!(within("join", move || join.join().unwrap()), report);
}
