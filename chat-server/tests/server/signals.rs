//! SIGINT and SIGTERM: the first stops the server in good order, the second ends it at once.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use chat_core::testing::Peer;
use rustix::process::Signal;

use crate::support::lines;
use crate::support::process::Launch;
use crate::support::report::{Report, report};
use crate::support::server::{Server, says};

const STOPPING: &str = "stopping; a second signal ends the server at once";
/// What is said while one does not read: several times what a system takes in on the way to a peer
/// that does not, so that the rest waits in the server. `BACKLOG` lets it wait there.
const LINES: usize = 3000;
const LINE_LENGTH: usize = 4000;
const BACKLOG: &str = "--backlog=100000000";

/// Has a great deal said that one peer does not read. When this returns, the server has accepted
/// all of it: the other peer has read it.
fn stall(server: &mut Server) -> (Peer, Vec<u8>, [Peer; 2]) {
    // It takes in little while it does not read, so that the rest waits in the server.
    let stalled = server.admit(Peer::connect_narrow(server.addr(), 4096));
    let [mut talks, mut reads] = [server.join(), server.join()];
    let text = "x".repeat(LINE_LENGTH);
    let said: Vec<String> = (0..LINES).map(|number| format!("{number} {text}")).collect();
    let due = lines(said.iter().map(|line| format!("{}: {line}", talks.port())));
    talks.send(lines(&said));
    reads.expect_bytes(&due);
    (stalled, due.into_bytes(), [talks, reads])
}

#[test]
fn a_signal_stops_the_server_and_clients_see_the_end_of_the_stream() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = Server::start(&[]);
        let [mut one, mut other] = [server.join(), server.join()];
        one.say("hello");
        other.expect(&one.says("hello"));
        server.out.wait("printing the message", |out| out.contains(": hello\n").then_some(()));
        server.signal(signal);
        one.expect_end();
        other.expect_end();

        let ports = [one.port(), other.port()];
        let mut printed = vec![server.greeting(), says::came(ports[0]), says::came(ports[1])];
        printed.push(says::relays(ports[0], "hello"));
        let addr = server.addr();
        let ending = server.into_process().finish();
        ending.expect_code(0);
        assert_eq!(report(&ending.err), Report { clients: 2, flushed: 0, dropped: 0 });
        assert_eq!(ending.err.lines().count(), 2, "{ending:?}");
        assert!(ending.err.lines().next().unwrap().ends_with(STOPPING), "{ending:?}");

        // In which order the two are removed is not promised.
        let head = lines(&printed);
        assert!(ending.out.starts_with(&head), "{ending:?}");
        let mut gone: Vec<&str> = ending.out[head.len()..].lines().collect();
        gone.sort_unstable();
        let mut expected = ports.map(says::gone);
        expected.sort_unstable();
        assert_eq!(gone, expected);
        assert!(TcpStream::connect(addr).is_err(), "nobody listens any more");
    }
}

#[test]
fn a_server_without_clients_stops_at_once() {
    let server = Server::start(&[]);
    let began = Instant::now();
    server.signal(Signal::TERM);
    let out = lines([server.greeting()]);
    let ending = server.into_process().finish();
    ending.expect_code(0).expect_out(&out);
    assert_eq!(report(&ending.err), Report { clients: 0, flushed: 0, dropped: 0 });
    assert!(began.elapsed() < Duration::from_secs(4), "it waited for something");
}

#[test]
fn a_server_whose_standard_output_is_closed_stops_in_good_order() {
    // `chat-server | head -n 1`
    let server = Server::launch(Launch::server(&["127.0.0.1:0"]).head(1));
    server.out.wait_for_end();
    let mut peer = Peer::connect(server.addr());
    peer.send("is anybody here?\nexit\n");
    peer.expect_end();
    server.signal(Signal::TERM);
    let ending = server.into_process().finish();
    ending.expect_code(0);
    assert_eq!(report(&ending.err), Report { clients: 0, flushed: 0, dropped: 0 });
}

#[test]
fn an_unfinished_line_is_delivered_when_the_server_stops() {
    let mut server = Server::start(&["--framing", "lines"]);
    let [mut one, mut other] = [server.join(), server.join()];
    one.send("a whole line\nhalf a li");
    other.expect(&one.says("a whole line"));
    server.signal(Signal::INT);
    other.expect_rest(format!("{}: half a li\n", one.port()));
    let ending = server.into_process().finish();
    ending.expect_code(0);
    assert_eq!(report(&ending.err), Report { clients: 2, flushed: 1, dropped: 0 });
}

#[test]
fn what_was_accepted_is_delivered_after_the_signal() {
    let mut server = Server::start(&["--quiet", BACKLOG]);
    let (mut stalled, due, mut others) = stall(&mut server);
    server.signal(Signal::TERM);
    server.err.wait("telling that it stops", |err| err.contains(STOPPING).then_some(()));
    // Only now does it read.
    stalled.expect_rest(&due);
    for other in &mut others {
        other.expect_end();
    }
    let ending = server.into_process().finish();
    ending.expect_code(0);
    let Report { clients, flushed, dropped } = report(&ending.err);
    assert_eq!((clients, dropped), (3, 0), "{ending:?}");
    assert!(flushed > 0 && flushed <= LINES as u64, "{ending:?}");
}

#[test]
fn what_cannot_be_delivered_in_time_is_counted() {
    let mut server = Server::start(&["--quiet", BACKLOG, "--stop-timeout", "1"]);
    let (stalled, _, mut others) = stall(&mut server);
    server.signal(Signal::INT);
    for other in &mut others {
        other.expect_end();
    }
    let ending = server.into_process().finish();
    ending.expect_code(0);
    let Report { clients, dropped, .. } = report(&ending.err);
    assert_eq!(clients, 3, "{ending:?}");
    assert!(dropped > 0 && dropped <= LINES as u64, "{ending:?}");
    drop(stalled);
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    for (first, second) in [(Signal::INT, Signal::INT), (Signal::TERM, Signal::INT)] {
        let mut server = Server::start(&["--quiet", BACKLOG, "--stop-timeout", "600"]);
        let (stalled, _, others) = stall(&mut server);
        server.signal(first);
        server.err.wait("telling that it stops", |err| err.contains(STOPPING).then_some(()));
        assert!(server.is_running(), "the stalled client keeps it waiting");
        server.signal(second);
        let ending = server.into_process().finish();
        ending.expect_code(130);
        assert!(!ending.err.contains("stopped: "), "there was no good order: {ending:?}");
        drop((stalled, others));
    }
}

/// Nobody reads the output, so that the program is stuck in printing; it stops all the same.
#[test]
fn a_server_whose_output_nobody_reads_stops_too() {
    let (out, writer) = std::io::pipe().unwrap();
    let process = Launch::server(&["127.0.0.1:0"]).print_to(writer).start();
    let mut out = BufReader::new(out);
    let mut greeting = String::new();
    out.read_line(&mut greeting).unwrap();
    let addr = greeting.trim_end().rsplit_once(' ').unwrap().1.parse().unwrap();

    let [mut talks, mut hears] = [Peer::connect(addr), Peer::connect(addr)];
    // Far more than a pipe holds; all of it has been relayed when its author is let go.
    let line = "x".repeat(1000);
    for _ in 0..1000 {
        talks.say(&line);
    }
    talks.send("the end\nexit\n");
    hears.end_sending();
    talks.rest();
    process.signal(Signal::TERM);
    let ending = process.finish();
    ending.expect_code(0);
    assert!(ending.err.contains("standard output is not read"), "{}", ending.err);
    assert_eq!(report(&ending.err).dropped, 0);
    drop(out);
}
