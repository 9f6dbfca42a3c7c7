//! SIGTERM while a hundred clients talk and read.

use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chat_core::testing::{Peer, eventually, within};
use memchr::memchr;
use rustix::process::Signal;

use crate::support::report::{Report, report};
use crate::support::server::Server;

const PEERS: usize = 100;
/// How long a line is, but for its number.
const TEXT_LENGTH: usize = 4000;
/// How many lines each may be ahead of what it has heard.
const AHEAD: u64 = 2;
/// How many lines somebody has heard when the signal comes. One who does not read has missed several
/// times what a system takes in on the way to him.
const BEFORE: u64 = 2000;
const BACKLOG: &str = "--backlog=1000000000";

/// A hundred who talk, and read, until the server closes their connections.
struct Crowd {
    chatting: Vec<JoinHandle<Heard>>,
}

/// What one of them has heard.
#[derive(Debug, Default)]
struct Heard {
    lines: u64,
    /// How much each of the others has said, in whole lines and, at the end, a part of one.
    by_author: HashMap<String, Said>,
    /// A line that is not complete.
    partial: Vec<u8>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Said {
    lines: u64,
    rest: Option<String>,
}

impl Crowd {
    /// Lets them chat for a while.
    fn of(server: &mut Server) -> Crowd {
        let most = Arc::new(AtomicU64::new(0));
        let peers: Vec<Peer> = (0..PEERS).map(|_| server.join()).collect();
        let chatting = peers.into_iter().map(|peer| {
            let most = Arc::clone(&most);
            thread::spawn(move || chat(peer, &most))
        });
        let crowd = Crowd { chatting: chatting.collect() };
        eventually("a lively chat", || match most.load(Ordering::Relaxed) {
            BEFORE.. => Ok(()),
            lines => Err(lines),
        });
        crowd
    }

    /// Checks that all have heard all that anybody has heard, and tells how many lines have been said
    /// to one of them or another.
    fn check(self) -> u64 {
        let join =
            |chatting: JoinHandle<Heard>| within("the end", move || chatting.join().unwrap());
        let heard: Vec<Heard> = self.chatting.into_iter().map(join).collect();
        let mut said: HashMap<&String, &Said> = HashMap::new();
        for (author, lines) in heard.iter().flat_map(|heard| &heard.by_author) {
            assert_eq!(*said.entry(author).or_insert(lines), lines, "{author}");
        }
        assert_eq!(said.len(), PEERS);
        for heard in &heard {
            assert_eq!((heard.by_author.len(), heard.partial.len()), (PEERS - 1, 0));
        }
        heard.iter().map(|heard| heard.lines).sum()
    }
}

/// Talks about as much as the others do, to the end.
fn chat(mut peer: Peer, most: &AtomicU64) -> Heard {
    let (mut heard, mut said) = (Heard::default(), 0);
    loop {
        while said < AHEAD + heard.lines / (PEERS as u64 - 1) {
            // When the server takes no more, there may still be something to hear.
            drop(peer.try_send(line(said) + "\n"));
            said += 1;
        }
        let bytes = peer.sip(64 * 1024);
        if bytes.is_empty() {
            return heard;
        }
        heard.add(&bytes);
        most.fetch_max(heard.lines, Ordering::Relaxed);
    }
}

/// What everybody says.
fn line(number: u64) -> String {
    format!("{number} {}", "x".repeat(TEXT_LENGTH))
}

impl Heard {
    fn add(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr(b'\n', bytes) {
            self.partial.extend(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let heard = String::from_utf8(std::mem::take(&mut self.partial)).unwrap();
            let (author, text) = heard.split_once(": ").unwrap();
            let said = self.by_author.entry(author.to_owned()).or_default();
            let expected = line(said.lines);
            // The last of its lines may have been on its way when the server took no more.
            assert!(said.rest.is_none() && expected.starts_with(text), "{author}: {text}");
            if text == expected {
                said.lines += 1;
            } else {
                said.rest = Some(text.to_owned());
            }
            self.lines += 1;
        }
        self.partial.extend(bytes);
    }
}

#[test]
fn what_was_accepted_while_a_hundred_talk_is_delivered() {
    let mut server = Server::start(&["--quiet", BACKLOG, "--stop-timeout", "20"]);
    let crowd = Crowd::of(&mut server);
    server.signal(Signal::TERM);
    let ending = server.into_process().finish();
    ending.expect_code(0);
    let delivered = crowd.check();
    let Report { clients, flushed, dropped } = report(&ending.err);
    assert_eq!((clients, dropped), (PEERS as u64, 0), "{ending:?}");
    assert!(flushed > 0 && flushed < delivered, "{flushed} of {delivered}");
}

/// Who does not read gets the whole time that there is, and no more; the others are served as ever.
#[test]
fn one_who_does_not_read_holds_the_end_up_until_the_deadline() {
    let deadline = Duration::from_secs(4);
    let seconds = deadline.as_secs().to_string();
    let mut server = Server::start(&["--quiet", BACKLOG, "--stop-timeout", &seconds]);
    let stalled = server.admit(Peer::connect_narrow(server.addr(), 4096));
    let addr = server.addr();
    let crowd = Crowd::of(&mut server);
    let began = Instant::now();
    server.signal(Signal::TERM);
    let ending = server.into_process().finish();
    let took = began.elapsed();
    ending.expect_code(0);
    assert!(took >= deadline && took < 3 * deadline, "{took:?}");
    assert!(TcpStream::connect(addr).is_err(), "nobody listens any more");

    // What is missing is what the stalled one has not got: all was due to him as to the others.
    let said = crowd.check() / (PEERS as u64 - 1);
    let Report { clients, flushed, dropped } = report(&ending.err);
    assert_eq!(clients, PEERS as u64 + 1, "{ending:?}");
    assert!(dropped > 0 && dropped <= said, "{dropped} of {said}: {ending:?}");
    assert!(flushed > 0, "{ending:?}");
    drop(stalled);
}
