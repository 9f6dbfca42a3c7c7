//! Readers that are slow, and readers that have stopped.

use std::thread;

use chat_core::CloseReason;
use chat_core::testing::{Peer, Random, TestServer};
use crossbeam_channel::bounded;

/// A socket's buffer, in bytes, that takes a few lines and no more. Much smaller ones make TCP
/// itself wait, for windows that are worth the name.
const NARROW: usize = 8192;

/// A line of some length that cannot be taken for another one.
fn numbered(number: usize, length: usize) -> String {
    format!("{number} {}", "=".repeat(length))
}

#[test]
fn a_reader_that_stops_is_closed_and_the_others_get_every_line() {
    const BACKLOG: usize = 64 * 1024;
    let server = TestServer::narrow(8192, |config| config.limits.backlog = BACKLOG);
    let mut sender = server.join();
    let (mut first, mut second) = (server.join(), server.join());
    let mut stalled = server.join_narrow(2048);
    let conn = server.conn_of(&stalled);

    let mut sent = 0;
    while server.handle().stats().closed.too_slow == 0 {
        assert!(sent < 10_000, "still not closed after {sent} lines");
        sender.say(&numbered(sent, 500));
        // The others keep up, and so it is only the stalled one that is ever behind.
        let line = sender.says(&numbered(sent, 500));
        first.expect(&line);
        second.expect(&line);
        sent += 1;
    }
    assert_eq!(server.farewell_of(conn), CloseReason::TooSlow);
    // What is kept of the log is what it takes to keep it: beside 500 bytes of a line some 200 more.
    assert!(sent * (500 + 250) > BACKLOG, "closed before it was a backlog behind: {sent} lines");
    for number in 0..10 {
        sender.say(&numbered(number, 5));
        first.expect(&sender.says(&numbered(number, 5)));
        second.expect(&sender.says(&numbered(number, 5)));
    }

    let stats = server
        .wait_for_stats("lines dropped", |stats| stats.lines_dropped > 0 && stats.clients == 3);
    let (backlog, high_water) = (BACKLOG as u64, stats.backlog_high_water);
    assert!(high_water > backlog && high_water < backlog + 2000, "{high_water}");
    assert_eq!((stats.clients, stats.closed.total()), (3, 1));

    // What it got is the beginning of what the others got, with nothing left out.
    let read = String::from_utf8(stalled.rest_until_broken()).unwrap();
    let lines: Vec<&str> = read.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line.trim_end(), sender.says(&numbered(number, 500)));
    }
    assert!(lines.len() as u64 + stats.lines_dropped <= sent as u64);
}

#[test]
fn half_of_the_readers_may_stop() {
    const ROUND: usize = 50;
    let server = TestServer::narrow(8192, |config| config.limits.backlog = 256 * 1024);
    let mut sender = server.join();
    let mut good: Vec<Peer> = (0..10).map(|_| server.join()).collect();
    let stalled: Vec<Peer> = (0..10).map(|_| server.join_narrow(2048)).collect();
    for round in 0..40 {
        let lines: Vec<String> =
            (round * ROUND..(round + 1) * ROUND).map(|number| numbered(number, 480)).collect();
        sender.send(lines.join("\n") + "\n");
        // They keep up, so that none of them is ever near the backlog.
        for peer in &mut good {
            peer.expect_all(lines.iter().map(|line| sender.says(line)));
        }
    }
    for peer in &stalled {
        assert_eq!(server.farewell_of(server.conn_of(peer)), CloseReason::TooSlow);
    }
    server.wait_for_stats("all closed", |stats| stats.clients == 11 && stats.closed.too_slow == 10);
}

#[test]
fn a_reader_in_tiny_pieces_gets_exactly_the_right_bytes() {
    let server = TestServer::narrow(NARROW, |_| {});
    let mut sender = server.join();
    let mut second = server.join();
    let slow = server.join_narrow(NARROW);
    let conn = server.conn_of(&slow);

    let mut random = Random::new(13);
    let mut expected = Vec::new();
    // Its own lines and notices between the others' lines, which is where the cursor has to step
    // over some and to wait with others.
    let mut slow_writer = slow.reader();
    let (start, started) = bounded(0);
    let reading = thread::spawn({
        let mut slow = slow;
        let mut random = random.clone();
        move || {
            started.recv().unwrap();
            let mut read = Vec::new();
            loop {
                let piece = slow.sip(1 + random.below(13));
                if piece.is_empty() {
                    return read;
                }
                read.extend(piece);
            }
        }
    });
    for number in 0..400 {
        if number == 200 {
            // By now all buffers on the way to it are full, and from here on it is a race.
            start.send(()).unwrap();
        }
        let text = numbered(number, random.below(700));
        let peer = if random.once_in(2) { &mut sender } else { &mut second };
        peer.say(&text);
        expected.push(peer.says(&text));
        server.wait_for_message(&text);
        if random.once_in(4) {
            let own = numbered(number, 3);
            slow_writer.say(&own);
            server.wait_for_message(&own);
        }
        if random.once_in(8) {
            server.handle().broadcast(&text).unwrap();
            expected.push(format!("* {text}"));
        }
        if random.once_in(10) {
            server.handle().send_to(conn, "for you alone").unwrap();
        }
    }
    server.handle().kick(conn, "").unwrap();
    let read = String::from_utf8(reading.join().unwrap()).unwrap();
    let (alone, lines): (Vec<&str>, Vec<&str>) =
        read.split_terminator('\n').partition(|line| *line == "* for you alone");
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
    assert_eq!(lines.len(), expected.len());
    assert!(alone.len() > 5);
    let stats = server.handle().stats();
    assert_eq!(stats.lines_dropped, 0);
    // Had it never been behind, this would not have tested what it is to test.
    assert!(stats.backlog_high_water > 10_000, "{}", stats.backlog_high_water);
}

#[test]
fn a_chunky_reader_in_tiny_pieces_gets_no_newline_too_many() {
    let server = TestServer::narrow(NARROW, |_| {});
    let (mut sender, mut witness) = (server.join(), server.join());
    let mut slow = server.join_narrow(NARROW);
    slow.send("chunky");
    witness.expect(&slow.says("chunky"));
    let conn = server.conn_of(&slow);
    let lines: Vec<String> = (0..100).map(|number| numbered(number, number * 7)).collect();
    for line in &lines {
        sender.say(line);
        witness.expect_all([sender.says(line)]);
    }
    server.handle().kick(conn, "").unwrap();
    let mut random = Random::new(99);
    let mut read = Vec::new();
    loop {
        let piece = slow.sip(1 + random.below(13));
        if piece.is_empty() {
            break;
        }
        read.extend(piece);
    }
    // Between two lines there is one newline, or none where they went out in two writes.
    let read = String::from_utf8(read).unwrap();
    let mut rest = &read[..];
    for (at, line) in lines.iter().enumerate() {
        let line = sender.says(line);
        rest = rest.strip_prefix(&line).unwrap_or_else(|| panic!("{line:?} at {rest:?}"));
        rest = rest.strip_prefix('\n').filter(|_| at + 1 < lines.len()).unwrap_or(rest);
    }
    assert_eq!(rest, "");
    assert!(read.contains('\n'), "it was never behind");
}

/// A notice has to wait for the end of a line that is half out, also when nothing else is due.
#[test]
fn a_notice_waits_for_the_end_of_the_line_that_is_half_out() {
    let server = TestServer::narrow(NARROW, |_| {});
    let mut reader = server.join_narrow(NARROW);
    let lines: Vec<String> = (0..200).map(|number| numbered(number, 5000)).collect();
    for line in &lines {
        server.handle().broadcast(line).unwrap();
    }
    // The socket is full, and takes more whenever something is read: at most times it has then got
    // a line in part.
    let mut read = Vec::new();
    for round in 1..=10 {
        while read.len() < round * 50_000 {
            read.extend(reader.sip(10_000));
        }
        reader.say(&"x".repeat(9000));
        server.wait_for_stats("the refused line", |stats| stats.lines_refused == round as u64);
    }
    server.handle().broadcast("the end").unwrap();
    while !read.ends_with(b"* the end\n") {
        read.extend(reader.sip(10_000));
    }

    let refusal = "* line refused: it is longer than 8192 bytes";
    let read = String::from_utf8(read).unwrap();
    let (refusals, others): (Vec<&str>, Vec<&str>) =
        read.lines().partition(|&line| line == refusal);
    assert_eq!(refusals.len(), 10);
    let said = lines.iter().map(String::as_str).chain(["the end"]);
    assert_eq!(others, said.map(|line| format!("* {line}")).collect::<Vec<_>>());
    // The thread that served it serves others too.
    server.join();
}

/// A burst of lines for one client is no reason to close it before anybody has tried to write.
#[test]
fn a_burst_of_lines_for_one_client_is_written_before_it_is_too_much() {
    let server = TestServer::with(|config| config.limits.direct = 1000);
    let mut peer = server.join();
    let conn = server.conn_of(&peer);
    let (handle, line) = (server.handle(), "n".repeat(200));
    for _ in 0..500 {
        handle.send_to(conn, &line).unwrap();
    }
    for _ in 0..500 {
        peer.expect(&format!("* {line}"));
    }
}
