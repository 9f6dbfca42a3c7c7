//! How a server ends, and what it says of it.

mod stalled;

use std::thread;
use std::time::Duration;

use chat_core::testing::{Peer, TestServer, check_pairs, within};
use chat_core::{CloseReason, HandleError, Report, Server, ServerEvent};

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
