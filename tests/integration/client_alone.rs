//! The library's client with servers of other kinds: stand-ins that the test plays itself.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use chat_core::testing::{Peer, Recorder, whole_lines, within};
use chat_core::wire::{Framing, QUIET};
use chat_core::{Client, ClientConfig, ClientEvent, CloseReason, SendError};
use crossbeam_channel::bounded;
use socket2::SockRef;

/// A client, what it was told, and the other end of its connection.
struct Pair {
    // It is the first to go: the client waits for its server to close.
    server: Peer,
    client: Client,
    events: Recorder<ClientEvent>,
}

impl Pair {
    fn new() -> Pair {
        Pair::with(|_| {})
    }

    fn with(set: impl FnOnce(&mut ClientConfig)) -> Pair {
        Pair::hooked(set, |_| {})
    }

    /// A client that calls `hook` for each event when it is recorded, on its own thread.
    fn hooked(
        set: impl FnOnce(&mut ClientConfig),
        mut hook: impl FnMut(&ClientEvent) + Send + 'static,
    ) -> Pair {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        // What the server does not read shall soon be in the way.
        SockRef::from(&listener).set_recv_buffer_size(4096).unwrap();
        let addr: SocketAddr = listener.local_addr().unwrap();
        let events = Recorder::new();
        let mut config = ClientConfig::default();
        // What happens when a connection comes back is for tests of its own.
        config.reconnect = None;
        set(&mut config);
        let record = events.clone();
        let handler = move |event: ClientEvent| {
            record.add(event.clone());
            hook(&event);
        };
        let client = Client::connect_with(addr, config, handler).unwrap();
        let server = Peer::new(listener.accept().unwrap().0);
        Pair { server, client, events }
    }

    /// Waits until these are the lines that have come.
    #[track_caller]
    fn wait_for_lines(&self, expected: &[&str]) {
        let what = format!("the lines {expected:?}");
        self.events.wait(&what, |events| (lines(events) == expected).then_some(()));
    }
}

/// Waits for the end of a client's connection.
#[track_caller]
fn end_of(events: &Recorder<ClientEvent>) -> (CloseReason, u64) {
    events.wait("Disconnected", |events| match events.last() {
        Some(ClientEvent::Disconnected { reason, unsent }) => Some((*reason, *unsent)),
        _ => None,
    })
}

fn lines(events: &[ClientEvent]) -> Vec<String> {
    let line = |event: &ClientEvent| match event {
        ClientEvent::Line(line) => Some(line.to_string()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

#[test]
fn to_a_server_that_has_not_spoken_it_speaks_lines() {
    let mut pair = Pair::new();
    pair.client.send("one").unwrap();
    pair.client.send("two").unwrap();
    pair.server.expect_bytes("one\ntwo\n");
    pair.client.close();
    pair.server.expect_bytes("exit\n");
    pair.server.expect_end();
    drop(pair.server);
    let client = pair.client;
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::Exit);
}

#[test]
fn to_a_server_that_speaks_chunks_it_speaks_chunks() {
    let mut pair = Pair::new();
    pair.server.send("51839: hello");
    pair.wait_for_lines(&["51839: hello"]);
    pair.client.send("one").unwrap();
    pair.server.expect_bytes("one");
    let begin = Instant::now();
    pair.client.send("two").unwrap();
    pair.client.send("three").unwrap();
    pair.server.expect_bytes("two");
    pair.server.expect_bytes("three");
    // A server of that kind takes what it reads at a time for one message.
    assert!(begin.elapsed() > QUIET, "{:?}", begin.elapsed());
    pair.client.close();
    pair.server.expect_bytes("exit");
    pair.server.expect_end();
}

#[test]
fn a_chunk_that_comes_in_pieces_is_one_line() {
    let text = "51839: שלום 👩‍🚀 in pieces";
    // On a busy machine the pieces may be too far apart; then it is tried again.
    loop {
        let mut pair = Pair::new();
        let begin = Instant::now();
        for piece in text.as_bytes().chunks(7) {
            pair.server.send(piece);
        }
        let was_quick = begin.elapsed() < QUIET / 2;
        if was_quick {
            pair.wait_for_lines(&[text]);
            // The next one is a line of its own.
            pair.server.send("51839: next");
            pair.wait_for_lines(&[text, "51839: next"]);
            return;
        }
    }
}

#[test]
fn an_unfinished_line_at_the_end_is_a_line() {
    let mut pair = Pair::new();
    pair.server.send("1: whole\n1: unfinished");
    drop(pair.server);
    let end = pair.events.wait("the end", |events| {
        matches!(events.last(), Some(ClientEvent::Disconnected { .. })).then(|| events.to_vec())
    });
    assert_eq!(lines(&end), ["1: whole", "1: unfinished"]);
}

#[test]
fn what_a_server_sends_cannot_act_on_a_terminal() {
    let mut pair = Pair::new();
    pair.server.send(b"1: \x1b[2J\xff\n\n \n\x07\n");
    pair.wait_for_lines(&["1: \u{fffd}[2J\u{fffd}", "\u{fffd}"]);
}

#[test]
fn a_full_queue_says_so_and_takes_more_when_there_is_room() {
    let mut pair = Pair::with(|config| config.send_queue = 10);
    let text = "q".repeat(10_000);
    let mut sent = 0;
    let full = loop {
        match pair.client.send(&text) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, SendError::Full { limit: 10 });
    for _ in 0..sent {
        pair.server.expect(&text);
    }
    // All were taken out of the queue before they could be read.
    pair.client.send("room again").unwrap();
    pair.server.expect("room again");
}

#[test]
fn a_server_that_does_not_read_is_given_up_and_what_is_unsent_is_counted() {
    let mut pair = Pair::with(|config| {
        config.close_timeout = Duration::from_millis(200);
        config.send_queue = 100_000;
    });
    let text = "u".repeat(999);
    let sent: u64 = 20_000;
    for _ in 0..sent {
        pair.client.send(&text).unwrap();
    }
    pair.client.close();
    let client = pair.client;
    let reason = within("join", move || client.join()).unwrap();
    assert_eq!(reason, CloseReason::TimedOut);
    let end = pair.events.all().pop();
    let Some(ClientEvent::Disconnected { reason: CloseReason::TimedOut, unsent }) = end else {
        panic!("{end:?}")
    };
    assert!(unsent > 0);
    let read = pair.server.rest_until_broken();
    let whole = whole_lines(&read) as u64;
    assert_eq!(whole + unsent, sent);
}

/// How many of these lines a client takes in all when nobody reads them.
fn capacity(text: &str) -> u64 {
    let pair = Pair::with(|config| {
        config.close_timeout = Duration::from_millis(1);
        config.send_queue = 1;
    });
    let mut sent = 0;
    let mut last = Instant::now();
    // Full for a moment may only mean that the thread which empties the queue is on its way.
    while last.elapsed() < Duration::from_millis(200) {
        if pair.client.send(text).is_ok() {
            sent += 1;
            last = Instant::now();
        }
    }
    sent
}

#[test]
fn the_exit_of_the_client_itself_is_no_unsent_line() {
    let text = "e".repeat(999);
    let mut sent = capacity(&text) - 40;
    // A little more each time, until the system takes nearly all of it: then the exit has left the
    // queue with the last few lines, and waits with them.
    loop {
        let (go, gone) = bounded::<()>(0);
        let mut pair = Pair::hooked(
            |config| {
                config.close_timeout = Duration::from_millis(100);
                config.send_queue = 10_000;
            },
            move |event| {
                if let ClientEvent::Line(_) = event {
                    gone.recv().unwrap();
                }
            },
        );
        pair.server.say("1: wait");
        pair.wait_for_lines(&["1: wait"]);
        // Its thread stands still, so that it will find all of this at once.
        for _ in 0..sent {
            pair.client.send(&text).unwrap();
        }
        pair.client.close();
        go.send(()).unwrap();
        let (_, unsent) = end_of(&pair.events);
        let read = pair.server.rest_until_broken();
        let lines = read.split_inclusive(|&byte| byte == b'\n');
        let whole = lines.filter(|line| line.len() == text.len() + 1).count() as u64;
        assert_eq!(whole + unsent, sent);
        if unsent > 0 {
            return;
        }
        sent += 20;
    }
}

#[test]
fn a_reset_by_the_server_is_told() {
    let pair = Pair::new();
    pair.server.reset();
    assert_eq!(end_of(&pair.events), (CloseReason::Reset, 0));
}

#[test]
fn a_server_that_closes_at_once_is_no_trouble() {
    let pair = Pair::new();
    drop(pair.server);
    assert_eq!(end_of(&pair.events), (CloseReason::EndOfStream, 0));
    drop(pair.client);
}

#[test]
fn a_server_that_never_closes_is_not_waited_for_longer_than_said() {
    let mut pair = Pair::with(|config| config.close_timeout = Duration::from_millis(100));
    pair.client.close();
    pair.server.expect("exit");
    let client = pair.client;
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::Exit);
}

/// Messages to a server that speaks chunks go out one by one, with a gap between them. As long as
/// they do, there is time for the rest.
#[test]
fn closing_waits_as_long_as_something_goes_out() {
    let mut pair = Pair::with(|config| {
        config.framing = Framing::Chunks;
        config.close_timeout = Duration::from_millis(300);
    });
    for number in 10..30 {
        pair.client.send(&number.to_string()).unwrap();
    }
    pair.client.close();
    for number in 10..30 {
        pair.server.expect_bytes(number.to_string());
    }
    pair.server.expect_bytes("exit");
    drop(pair.server);
    assert_eq!(end_of(&pair.events), (CloseReason::Exit, 0));
}
