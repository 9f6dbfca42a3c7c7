//! What was said before somebody came.

use std::time::Duration;

use chat_core::testing::{MemoryPeer, MemoryServer, Peer, TestServer};
use chat_core::{Server, ServerConfig};

fn keeping(lines: usize) -> MemoryServer {
    let mut config = ServerConfig::default();
    config.history.lines = lines;
    config.history.on_join = lines;
    config.history.bytes = 1 << 20;
    MemoryServer::new(config)
}

/// Somebody says lines, each by itself.
fn say(server: &mut MemoryServer, peer: &MemoryPeer, numbers: std::ops::Range<usize>) {
    for number in numbers {
        peer.send(format!("{number}\n"));
        server.run();
    }
}

fn said(peer: &MemoryPeer, numbers: std::ops::Range<usize>) -> String {
    numbers.flat_map(|number| [peer.port().to_string(), format!(": {number}\n")]).collect()
}

#[test]
fn whoever_comes_reads_what_was_said_and_then_what_is() {
    let mut server = keeping(5);
    let speaker = server.connect();
    // The lines of one read are one batch, of which the end is shown.
    speaker.send("0\n1\n2\n3\n4\n5\n6\n");
    server.run();
    let first = server.connect();
    server.run();
    assert_eq!(first.read(), said(&speaker, 2..7));
    say(&mut server, &speaker, 7..9);
    let second = server.connect();
    // It comes while something is being said.
    speaker.send("9\n");
    server.run();
    assert_eq!(first.read(), said(&speaker, 7..10));
    let read = second.read();
    assert!(read == said(&speaker, 4..10) || read == said(&speaker, 5..10), "{read}");
    // Nobody is needed for it to be kept.
    for peer in [speaker, first, second] {
        peer.end();
    }
    server.run();
    let third = server.connect();
    server.run();
    assert_eq!(third.read().lines().count(), 5);
}

#[test]
fn who_is_behind_reads_nothing_twice() {
    let mut server = keeping(100);
    let (speaker, reader) = (server.connect(), server.connect());
    server.run();
    reader.set_room(7);
    say(&mut server, &speaker, 0..20);
    reader.send("/history\n");
    server.run();
    say(&mut server, &speaker, 20..30);
    reader.set_room(1 << 20);
    server.run();
    let read = reader.read();
    // It has got the first line and a part of the second, which is finished, and then all again.
    let (before, after) = read.split_at(said(&speaker, 0..2).len());
    assert_eq!(before, said(&speaker, 0..2));
    let answer = "* those were the last 20 lines\n";
    let again = format!("{}{answer}{}", said(&speaker, 0..20), said(&speaker, 20..30));
    let on = format!("{}{answer}{}", said(&speaker, 2..20), said(&speaker, 20..30));
    assert!(after == again || after == on, "{read}");
}

#[test]
fn a_slow_reader_of_the_past_costs_no_copies_and_loses_nothing() {
    let mut server = keeping(1000);
    let speaker = server.connect();
    let line = "x".repeat(150);
    for _ in 0..1000 {
        speaker.send(format!("{line}\n"));
        server.run();
    }
    let used = server.stats().budget_used;
    let readers: Vec<MemoryPeer> = (0..50)
        .map(|_| {
            let reader = server.connect();
            reader.set_room(10);
            reader
        })
        .collect();
    server.run();
    assert_eq!(server.stats().budget_used, used);
    say(&mut server, &speaker, 0..10);
    for reader in readers {
        reader.set_room(1 << 20);
        server.run();
        let read = reader.read();
        assert_eq!(read.matches(&line).count(), 1000);
        assert!(read.ends_with(&said(&speaker, 0..10)));
    }
}

#[test]
fn what_is_too_old_is_kept_no_longer() {
    let mut config = ServerConfig::default();
    config.history.lines = 100;
    config.history.age = Some(Duration::from_mins(1));
    let mut server = MemoryServer::new(config);
    let (speaker, reader) = (server.connect(), server.connect());
    say(&mut server, &speaker, 0..3);
    server.advance(Duration::from_secs(50));
    say(&mut server, &speaker, 3..5);
    server.advance(Duration::from_secs(11));
    reader.read();
    reader.send("/history\n");
    server.run();
    assert_eq!(reader.read(), format!("{}* those were the last 2 lines\n", said(&speaker, 3..5)));
}

#[test]
fn what_is_kept_is_given_up_when_memory_is_short() {
    let mut config = ServerConfig::default();
    config.limits.budget = 64 * 1024;
    config.history.lines = 1000;
    config.history.bytes = 48 * 1024;
    let mut server = MemoryServer::new(config);
    let speaker = server.connect();
    say(&mut server, &speaker, 0..200);
    let holders: Vec<MemoryPeer> = (0..10).map(|_| server.connect()).collect();
    for holder in &holders {
        holder.send(format!("\n{}", "x".repeat(6_000)));
    }
    server.advance(Duration::from_secs(1));
    say(&mut server, &speaker, 200..201);
    let reader = server.connect();
    reader.send("/history\n");
    server.advance(Duration::from_secs(1));
    let read = reader.read();
    assert!(read.lines().count() < 50, "{read}");
}

#[test]
fn those_who_want_tags_read_the_past_with_tags() {
    let mut server = keeping(10);
    let (speaker, witness) = (server.connect(), server.connect());
    witness.send("/tags\n");
    server.run();
    witness.read();
    say(&mut server, &speaker, 0..3);
    let now = witness.read();
    witness.send("@label=L;room=lobby /history 2\n");
    server.run();
    let read = witness.read();
    let (lines, answer) = read.split_at(read.rfind("@time").unwrap());
    assert!(now.ends_with(lines) && lines.lines().count() == 2, "{read}");
    assert!(answer.ends_with(";kind=answer;count=2;label=L * those were the last 2 lines\n"));
}

#[test]
fn where_nothing_is_kept_that_is_said() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let reader = server.connect();
    for (asked, answer) in [
        ("/history", "* this server keeps nothing of what was said\n"),
        ("/history 0", "* usage: /history [LINES]\n"),
        ("/history many", "* usage: /history [LINES]\n"),
    ] {
        reader.send(format!("{asked}\n"));
        server.run();
        assert_eq!(reader.read(), answer);
    }
}

#[test]
fn a_history_that_cannot_work_is_refused() {
    for (set, field) in [
        ((|config: &mut ServerConfig| config.history.on_join = 1) as fn(&mut _), "history.on_join"),
        (
            |config| {
                config.history.lines = 1;
                config.history.bytes = config.limits.backlog;
            },
            "history.bytes",
        ),
    ] {
        let mut config = ServerConfig::default();
        set(&mut config);
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
        assert!(Server::bind("127.0.0.1:0").unwrap().config(config).spawn().is_err());
    }
}

#[test]
fn over_real_sockets_thousands_of_lines_come_in_one_piece() {
    let server = TestServer::with(|config| {
        config.io_threads = 2;
        config.history.lines = 2000;
        config.history.on_join = 2000;
        config.history.bytes = 1 << 20;
    });
    let mut speaker = server.join();
    let lines: Vec<String> = (0..3000).map(|number| format!("line {number}")).collect();
    for line in &lines {
        speaker.say(line);
    }
    server.wait_for_message("line 2999");
    let mut readers: Vec<_> = (0..6).map(|_| Peer::connect(server.addr())).collect();
    for reader in &mut readers {
        reader.expect_all(lines[1000..].iter().map(|line| speaker.says(line)));
    }
    speaker.say("now");
    for reader in &mut readers {
        reader.expect(&speaker.says("now"));
    }
}
