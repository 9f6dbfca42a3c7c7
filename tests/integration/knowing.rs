//! What can be known of a server and of its clients adds up.

use std::time::Duration;

use chat_core::testing::{ManualClock, Peer, TestServer, eventually};
use chat_core::{ClientInfo, Flood, Rate, Slowest};

use crate::clocked;

/// What is known of a client.
#[track_caller]
fn info(server: &TestServer, peer: &Peer) -> ClientInfo {
    let clients = server.handle().clients().unwrap();
    let found = clients.iter().find(|client| client.addr == peer.addr());
    found.unwrap_or_else(|| panic!("{} is not among {clients:#?}", peer.addr())).clone()
}

#[test]
fn what_goes_in_and_out_is_counted_for_each_client() {
    for io_threads in [1, 3] {
        let server = TestServer::with(|config| config.io_threads = io_threads);
        let mut peers: Vec<Peer> = (0..4).map(|_| server.join()).collect();
        let (mut sent, mut said) = ([0, 0, 0, 0], [0, 0, 0, 0]);
        let (mut read, mut heard) = ([0, 0, 0, 0], [0, 0, 0, 0]);
        for round in 0..20_usize {
            let speaker = round * 3 % 4;
            let texts = ["one", "and two", "\u{1f680} three"];
            // Blank lines are bytes, and no messages.
            let bytes = texts[..=round % 3].join("\n") + "\n\n \n";
            peers[speaker].send(&bytes);
            sent[speaker] += bytes.len() as u64;
            for text in &texts[..=round % 3] {
                said[speaker] += 1;
                let line = peers[speaker].says(text);
                for listener in (0..4).filter(|&listener| listener != speaker) {
                    peers[listener].expect(&line);
                    read[listener] += line.len() as u64 + 1;
                    heard[listener] += 1;
                }
            }
        }
        server.handle().send_to(server.conn_of(&peers[2]), "for you alone").unwrap();
        peers[2].expect("* for you alone");
        (read[2], heard[2]) = (read[2] + 16, heard[2] + 1);
        for (at, peer) in peers.iter().enumerate() {
            eventually("all is counted", || {
                let it = info(&server, peer);
                let counted = [it.bytes_in, it.lines_in, it.bytes_out, it.lines_out];
                let due = [sent[at], said[at], read[at], heard[at]];
                if counted == due { Ok(()) } else { Err(Box::new((due, it))) }
            });
            let it = info(&server, peer);
            assert_eq!((it.conn, it.backlog), (server.conn_of(peer), 0));
            assert!(!it.is_slowed);
        }
        let total = |numbers: [u64; 4]| numbers.iter().sum::<u64>();
        let stats = server.wait_for_stats("the same in all", |stats| {
            (stats.bytes_in, stats.lines_in) == (total(sent), total(said))
                && (stats.bytes_out, stats.lines_out) == (total(read), total(heard))
        });
        assert_eq!((stats.clients, stats.accepted, stats.slowest), (4, 4, None));
    }
}

#[test]
fn who_has_left_is_not_among_them_and_who_comes_starts_at_nothing() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.say("hello");
    b.expect(&a.says("hello"));
    let conn = server.conn_of(&a);
    drop(a);
    server.farewell_of(conn);
    // It gets the place of the other one.
    let new = server.join();
    let it = info(&server, &new);
    assert_eq!((it.bytes_in, it.lines_in, it.bytes_out, it.lines_out), (0, 0, 0, 0));
    assert_eq!(server.handle().clients().unwrap().len(), 2);
    // What was counted of all stays counted.
    assert_eq!(server.handle().stats().lines_in, 1);
}

#[test]
fn the_one_who_is_the_furthest_behind_is_known() {
    let clock = ManualClock::new();
    let server = clocked::narrow_server(&clock, |config| {
        config.io_threads = 2;
        config.limits.flood = None;
        config.limits.write_timeout = None;
    });
    let (mut speaker, mut listener) = (server.join(), server.join());
    let line = "=".repeat(1000);
    let readers: Vec<Peer> = (0..3)
        .map(|_| {
            let reader = server.join_narrow(2048);
            // The first one who comes gets most of it, so that it is behind the most.
            for _ in 0..100 {
                speaker.say(&line);
                listener.expect(&speaker.says(&line));
            }
            reader
        })
        .collect();
    clock.advance(Duration::from_secs(1));
    let slowest = eventually("the slowest", || {
        // Whoever speaks wakes all who have to look.
        speaker.say("and?");
        listener.expect(&speaker.says("and?"));
        let stats = server.handle().stats();
        let is_it = |it: &Slowest| it.conn == server.conn_of(&readers[0]) && it.backlog > 50_000;
        stats.slowest.filter(is_it).ok_or(Box::new(stats))
    });
    let behind: Vec<u64> = readers.iter().map(|reader| info(&server, reader).backlog).collect();
    assert!(behind[0] > behind[1] && behind[1] > behind[2] && behind[2] > 50_000, "{behind:?}");
    assert!(slowest.backlog <= behind[0], "{slowest:?} and {behind:?}");
    assert_eq!((info(&server, &speaker).backlog, info(&server, &listener).backlog), (0, 0));

    // When nobody is behind any more, there is no slowest one.
    server.handle().broadcast("the end").unwrap();
    for mut reader in readers {
        while reader.line() != "* the end" {}
    }
    server.wait_for_stats("nobody is behind", |stats| stats.slowest.is_none());
}

#[test]
fn who_is_slowed_is_known() {
    let clock = ManualClock::new();
    let plenty = Rate::new(1 << 30, 1 << 30);
    let server = clocked::server(&clock, |config| {
        let lines = Rate::new(1, 2);
        config.limits.flood = Some(Flood::new(lines, plenty));
    });
    let (mut flooder, mut listener) = (server.join(), server.join());
    flooder.send("one\ntwo\nthree\n");
    listener.expect_all([flooder.says("one"), flooder.says("two")]);
    server.wait_for_stats("one who is too fast", |stats| stats.flooding == 1);
    assert_eq!(
        (info(&server, &flooder).is_slowed, info(&server, &listener).is_slowed),
        (true, false)
    );
    clock.advance(Duration::from_secs(1));
    listener.expect(&flooder.says("three"));
    // Nothing is left of what it said too early.
    eventually("nobody is slowed", || {
        let it = info(&server, &flooder);
        if it.is_slowed { Err(format!("{it:?}")) } else { Ok(()) }
    });
}

#[test]
fn the_numbers_are_one_readable_line() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.say("hello");
    b.expect(&a.says("hello"));
    let stats = server.wait_for_stats("all is counted", |stats| stats.lines_out == 1);
    let text = stats.to_string();
    assert_eq!(text.lines().count(), 1);
    for part in [
        &*format!("clients 2 of {},", stats.max_clients),
        " accepted 2,",
        " refused 0,",
        " closed 0;",
        " lines in 1 out 1 ",
        " bytes in 6 ",
        " of 268435456 bytes",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}
