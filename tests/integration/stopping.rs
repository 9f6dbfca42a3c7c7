//! How a server ends, and what it says of it.

use std::thread;
use std::time::{Duration, Instant};

use chat_core::testing::{Peer, TestServer, check_pairs, eventually, whole_lines, within};
use chat_core::{CloseReason, HandleError, Report, Server, ServerEvent};

const LONG: Duration = Duration::from_secs(8);

#[test]
fn stopping_closes_everybody_in_good_order() {
    let mut server = TestServer::start();
    let mut peers: Vec<Peer> = (0..5).map(|_| server.join()).collect();
    let report = server.stop();
    assert_eq!((report.clients, report.flushed, report.dropped), (5, 0, 0));
    assert!(report.took < Duration::from_secs(2), "{report}");
    for peer in &mut peers {
        peer.expect_end();
        assert_eq!(server.farewell_of(server.conn_of(peer)), CloseReason::Shutdown);
    }
    // Nobody listens there any more.
    assert!(std::net::TcpStream::connect(server.addr()).is_err());
    let stats = server.handle().stats();
    assert_eq!((stats.clients, stats.closed.shutdown), (0, 5));
}

#[test]
fn what_was_accepted_before_is_delivered() {
    let mut server = TestServer::start();
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    let lines: Vec<String> = (0..5000).map(|number| format!("line {number}")).collect();
    a.send(lines.join("\n") + "\n");
    server.wait_for_message("line 0");
    let report = server.stop();
    // However much of it had been read by then: all that was told of was delivered, to all.
    let said = check_pairs(&server.events().all())[&server.conn_of(&a)].said.clone();
    assert!(!said.is_empty() && said == lines[..said.len()]);
    for peer in [&mut b, &mut c] {
        peer.expect_all(said.iter().map(|text| a.says(text)));
        peer.expect_end();
    }
    assert_eq!(report.dropped, 0, "{report}");
    let stats = server.handle().stats();
    assert_eq!((stats.lines_in, stats.lines_out), (said.len() as u64, 2 * said.len() as u64));
}

#[test]
fn an_unfinished_line_is_delivered_too() {
    let mut server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.send("hello\nunfini");
    b.expect(&a.says("hello"));
    server.wait_for_bytes_in("hello\nunfini".len());
    server.stop();
    b.expect(&a.says("unfini"));
    b.expect_end();
}

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

#[test]
fn shutdown_needs_nobody_to_wait_for_the_server() {
    let server = TestServer::start();
    let mut peer = server.join();
    let handle = server.handle().clone();
    // The server was spawned, and whoever has it does something else, as a program that embeds it
    // in its main thread and stops it there.
    let report = within("shutdown", move || handle.shutdown(Duration::from_secs(5)));
    assert_eq!(report.clients, 1);
    peer.expect_end();
    assert_eq!(server.farewell_of(server.conn_of(&peer)), CloseReason::Shutdown);
}

#[test]
fn whoever_asks_while_it_stops_gets_an_answer() {
    for _ in 0..50 {
        let mut server = TestServer::start();
        let askers: Vec<_> = (0..4)
            .map(|_| {
                let handle = server.handle().clone();
                thread::spawn(move || while handle.clients().is_ok() {})
            })
            .collect();
        server.stop();
        for asker in askers {
            within("an answer", move || asker.join().unwrap());
        }
    }
}

#[test]
fn many_may_stop_it_at_once_and_again() {
    let mut server = TestServer::start();
    let mut peers: Vec<Peer> = (0..3).map(|_| server.join()).collect();
    let running = server.take();
    let stops: Vec<_> = (0..5)
        .map(|_| {
            let handle = server.handle().clone();
            thread::spawn(move || handle.shutdown(Duration::from_secs(5)))
        })
        .collect();
    let report = within("stop", move || running.stop().unwrap());
    for stop in stops {
        assert_eq!(within("shutdown", move || stop.join().unwrap()), report);
    }
    let handle = server.handle().clone();
    assert_eq!(within("one more", move || handle.shutdown(Duration::ZERO)), report);
    assert_eq!(report.clients, 3);
    for peer in &mut peers {
        peer.expect_end();
        server.farewell_of(server.conn_of(peer));
    }
    check_pairs(&server.events().all());
}

#[test]
fn a_stop_before_the_start_is_kept_in_mind() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let handle = server.handle();
    let report = within("shutdown", move || handle.shutdown(Duration::from_secs(5)));
    assert_eq!(report, Report::default());
    let report = within("run", move || server.run()).unwrap();
    assert_eq!((report.clients, report.flushed, report.dropped), (0, 0, 0));
}

#[test]
fn any_deadline_is_a_deadline() {
    for deadline in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        let mut server = TestServer::with(|config| config.stop_timeout = deadline);
        let mut peer = server.join();
        let (handle, running) = (server.handle().clone(), server.take());
        let join = thread::spawn(move || running.join().unwrap());
        let report = within("shutdown", move || handle.shutdown(deadline));
        assert_eq!(report.clients, 1, "{deadline:?}");
        within("join", move || join.join().unwrap());
        peer.rest_until_broken();

        let mut server = TestServer::with(|config| config.stop_timeout = deadline);
        let mut peer = server.join();
        assert_eq!(server.stop().clients, 1, "{deadline:?}");
        peer.rest_until_broken();
    }
}

#[test]
fn dropping_a_running_server_stops_it() {
    let mut server = TestServer::start();
    let mut peer = server.join();
    let running = server.take();
    within("drop", move || drop(running));
    peer.expect_end();
    // All is over when the drop returns, the events included.
    let last = server.events().all().pop();
    assert!(matches!(last, Some(ServerEvent::Disconnected { reason: CloseReason::Shutdown, .. })));
    assert_eq!(server.handle().clients(), Err(HandleError::NotRunning));
}

#[test]
fn dropping_a_server_that_never_ran_frees_its_address() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr();
    let mut waiting = Peer::connect(addr);
    drop(server);
    assert_eq!(waiting.rest_until_broken(), b"");
    assert!(std::net::TcpStream::connect(addr).is_err());
}
