//! The memory that all clients share, and what happens when there is no more of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chat_core::testing::{ManualClock, Peer, TestServer, eventually, narrow};
use chat_core::wire::Framing;
use chat_core::{CloseReason, ConnId, ServerConfig, ServerEvent, WhenBehind};

const MIB: usize = 1024 * 1024;
const SHORT: &str = "* line refused: the server is short of memory";

/// A server, and a clock that runs as fast as the machine lets it: while memory is short, senders
/// are read from ten times a second.
struct Hurried {
    server: TestServer,
    clock: ManualClock,
    is_over: Arc<AtomicBool>,
    hurry: Option<JoinHandle<()>>,
}

impl Hurried {
    fn new(set: impl FnOnce(&mut ServerConfig)) -> Hurried {
        let mut config = ServerConfig::default();
        // An unfinished line stays one.
        config.framing = Framing::Lines;
        // Nothing else is to close anybody.
        config.limits.write_timeout = None;
        set(&mut config);
        let clock = ManualClock::new();
        let server = TestServer::run(narrow(8192).config(config).clock(&clock));
        Hurried { server, clock, is_over: Arc::default(), hurry: None }
    }

    /// Lets the clock run from here on.
    fn hurry(&mut self) {
        let (clock, is_over) = (self.clock.clone(), Arc::clone(&self.is_over));
        self.hurry = Some(thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                clock.advance(Duration::from_millis(50));
                thread::sleep(Duration::from_micros(500));
            }
        }));
    }

    fn used(&self) -> usize {
        self.server.handle().stats().budget_used
    }
}

impl Drop for Hurried {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(hurry) = self.hurry.take() {
            drop(hurry.join());
        }
    }
}

/// Shows that the chat goes on.
#[track_caller]
fn chat(speaker: &mut Peer, listener: &mut Peer) {
    for number in 0..10 {
        let text = format!("on and on, {number}");
        speaker.say(&text);
        listener.expect(&speaker.says(&text));
    }
}

#[test]
fn unfinished_lines_are_refused_when_memory_is_used_up() {
    const FEW: usize = 20;
    const MANY: usize = 280;
    let mut hurried = Hurried::new(|config| config.limits.budget = 2 * MIB);
    let server = &hurried.server;
    let (mut speaker, mut listener) = (server.join(), server.join());
    let mut modest: Vec<Peer> = (0..FEW).map(|_| server.join()).collect();
    let mut peers: Vec<Peer> = (0..MANY).map(|_| server.join()).collect();
    for peer in &mut modest {
        peer.send("no more than this");
    }
    for peer in &mut peers {
        peer.send(vec![b'x'; 8000]);
    }
    // As long as the clock stands still, those are not read from who would bring it to the limit.
    let slowed = eventually("somebody who is slowed", || {
        let clients = server.handle().clients().unwrap();
        let slowed = clients.iter().filter(|client| client.is_slowed).count();
        if slowed > 0 { Ok(slowed) } else { Err(Box::new(server.handle().stats())) }
    });
    assert!(slowed < MANY / 2, "{slowed}");
    let used =
        server.wait_for_stats("near the limit", |stats| stats.budget_used >= 2 * MIB - 2 * MIB / 8);
    assert!(used.budget_used < 2 * MIB && used.lines_refused == 0, "{used}");
    assert_eq!(used.budget, 2 * MIB);

    hurried.hurry();
    let server = &hurried.server;
    let mut most = 0;
    eventually("lines that are refused", || {
        most = most.max(hurried.used());
        let stats = server.handle().stats();
        if stats.lines_refused > 0 { Ok(()) } else { Err(Box::new(stats)) }
    });
    // What is read at a time comes on top of it.
    assert!(most < 2 * MIB + 128 * 1024, "{most} bytes of the budget");
    chat(&mut speaker, &mut listener);
    // Those who hold little keep it.
    for peer in &mut modest {
        peer.say(", and its end");
        listener.expect(&peer.says("no more than this, and its end"));
    }
    for peer in &mut peers {
        peer.send("y\n");
    }
    // Of the others, each line is either heard or refused.
    let stats = server.wait_for_stats("all lines", |stats| {
        stats.lines_in + stats.lines_refused == (10 + FEW + MANY) as u64
    });
    let refused = usize::try_from(stats.lines_refused).unwrap();
    let line = "x".repeat(8000) + "y";
    for _ in 0..MANY - refused {
        let heard = listener.line();
        assert_eq!(heard.split_once(": ").map(|(_, text)| text), Some(&*line));
    }
    chat(&mut speaker, &mut listener);
    assert_eq!(server.handle().stats().closed.total(), 0);
    // Those know it whose lines were.
    server.handle().broadcast("the end").unwrap();
    let told = |mut peer: Peer| {
        let mut told = 0;
        loop {
            match &*peer.line() {
                "* the end" => return told,
                SHORT => told += 1,
                _ => {}
            }
        }
    };
    assert_eq!(peers.into_iter().map(told).sum::<usize>(), refused);
    assert_eq!(modest.into_iter().map(told).sum::<usize>(), 0);
    while listener.line() != "* the end" {}
    drop((speaker, listener));
    server.wait_for_stats("nothing is held", |stats| stats.budget_used == 0);
}

/// However little each of them holds: together it is too much.
#[test]
fn many_who_hold_a_little_do_not_stop_the_chat() {
    let mut hurried = Hurried::new(|config| config.limits.budget = 64 * 1024);
    let server = &hurried.server;
    let (mut speaker, mut listener) = (server.join(), server.join());
    let mut peers: Vec<Peer> = (0..100).map(|_| server.join()).collect();
    for peer in &mut peers {
        peer.send(vec![b'x'; 1000]);
    }
    hurried.hurry();
    let server = &hurried.server;
    server.wait_for_stats("all is read", |stats| stats.bytes_in >= 100 * 1000);
    chat(&mut speaker, &mut listener);
    drop(peers);
    drop((speaker, listener));
    server.wait_for_stats("nothing is held", |stats| stats.budget_used == 0);
}

/// One who talks until something is so, and one who listens, while a third one does not read.
#[track_caller]
fn talk_until(hurried: &Hurried, is_so: impl Fn(ConnId) -> bool) -> (Peer, Peer, Peer, ConnId) {
    let server = &hurried.server;
    let (mut speaker, mut listener) = (server.join(), server.join());
    let reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    let line = "=".repeat(2000);
    for _ in 0..10_000 {
        speaker.say(&line);
        listener.expect(&speaker.says(&line));
        if is_so(conn) {
            return (speaker, listener, reader, conn);
        }
    }
    panic!("it is not so: {}", server.handle().stats());
}

#[test]
fn who_holds_the_log_and_takes_nothing_is_closed() {
    for budget in [MIB, 128 * 1024] {
        let mut hurried = Hurried::new(|config| config.limits.budget = budget);
        hurried.hurry();
        let is_closed = |_| hurried.server.handle().stats().closed.too_slow > 0;
        let (mut speaker, mut listener, mut reader, conn) = talk_until(&hurried, is_closed);
        let server = &hurried.server;
        assert_eq!(server.farewell_of(conn), CloseReason::TooSlow);
        let stats = server.handle().stats();
        // Its own bound is far away.
        assert!(stats.backlog_high_water < budget as u64 + 16 * 1024, "{stats}");
        assert!(stats.backlog_high_water > budget as u64 / 2, "{stats}");
        reader.rest_until_broken();
        chat(&mut speaker, &mut listener);
        server.wait_for_stats("nothing is held", |stats| stats.budget_used == 0);
    }
}

#[test]
fn who_holds_the_log_misses_lines_if_so_wanted() {
    let mut hurried = Hurried::new(|config| {
        config.limits.budget = MIB;
        config.limits.when_behind = WhenBehind::Skip;
    });
    hurried.hurry();
    let skips = |_| hurried.server.handle().stats().lines_skipped > 0;
    let (mut speaker, mut listener, mut reader, conn) = talk_until(&hurried, skips);
    let server = &hurried.server;
    chat(&mut speaker, &mut listener);
    let lines = server.events().wait("Skipped", |events| {
        events.iter().find_map(|event| match event {
            ServerEvent::Skipped { conn: who, lines, .. } if *who == conn => Some(*lines),
            _ => None,
        })
    });
    let notice = format!("* you were too slow: {lines} lines were skipped");
    while reader.line() != notice {}
    while reader.line() != speaker.says("on and on, 9") {}
    assert_eq!(server.handle().stats().closed.total(), 0);
    server.wait_for_stats("nothing is held", |stats| stats.budget_used == 0);
}

#[test]
fn who_does_not_take_its_notices_is_closed() {
    let mut hurried = Hurried::new(|config| config.limits.budget = 256 * 1024);
    hurried.hurry();
    let server = &hurried.server;
    let (mut speaker, mut listener) = (server.join(), server.join());
    let readers: Vec<Peer> = (0..20).map(|_| server.join_narrow(2048)).collect();
    for reader in &readers {
        let conn = server.conn_of(reader);
        for _ in 0..50 {
            // It may have been closed in the middle of it.
            let _ = server.handle().send_to(conn, &"n".repeat(1000));
        }
    }
    server.wait_for_stats("closed", |stats| stats.closed.too_slow > 0);
    chat(&mut speaker, &mut listener);
    drop(readers);
    server.wait_for_stats("nothing is held", |stats| (stats.clients, stats.budget_used) == (2, 0));
}

#[test]
fn what_was_taken_is_given_back_whatever_happens() {
    let mut hurried = Hurried::new(|config| {
        config.io_threads = 2;
        config.limits.budget = 4 * MIB;
    });
    hurried.hurry();
    let server = &hurried.server;
    let leave: [fn(Peer); 4] = [
        drop,
        Peer::reset,
        |mut peer| peer.end_sending(),
        |mut peer| {
            peer.send("\nexit\n");
            peer.rest_until_broken();
        },
    ];
    for round in 0..5 {
        let mut peers: Vec<Peer> = (0..20).map(|_| server.join_narrow(2048)).collect();
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.send("hello\n".repeat(100 * round));
            peer.send("=".repeat(number * 200 + 1));
            server.handle().send_to(server.conn_of(peer), &"n".repeat(1000)).unwrap();
        }
        for (number, peer) in peers.into_iter().enumerate() {
            leave[(number + round) % leave.len()](peer);
        }
        server.wait_for_stats("nothing is held", |stats| {
            (stats.clients, stats.budget_used) == (0, 0)
        });
    }
}

/// The thread whose clients hold the memory has nothing to do, while another one wants some.
#[test]
fn a_thread_at_rest_gives_memory_up_too() {
    let server = TestServer::with(|config| {
        config.framing = Framing::Lines;
        config.io_threads = 2;
        config.limits.budget = MIB;
    });
    // They are dealt out in turns: every other one is on the same thread.
    let mut guests: Vec<Peer> = (0..300).map(|_| server.join()).collect();
    let (mut holders, mut others) = (Vec::new(), Vec::new());
    while let (Some(one), Some(other)) = (guests.pop(), guests.pop()) {
        holders.push(one);
        others.push(other);
    }
    let most = 7 * MIB / 8 / 8000;
    for holder in &mut holders[..most] {
        holder.send("x".repeat(8000));
    }
    server.wait_for_stats("nearly all is held", |stats| stats.budget_used >= most * 8000);
    for other in &mut others[..10] {
        other.send("x".repeat(8000));
    }
    let [a, b] = &mut others[10..12] else { unreachable!() };
    // At the pace that is kept while memory is short, and no more.
    for number in 0..10 {
        let line = number.to_string();
        a.say(&line);
        b.expect(&a.says(&line));
    }
}
