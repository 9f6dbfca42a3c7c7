//! What is slowed, and how much.

use std::time::Duration;

use chat_core::CloseReason;
use chat_core::testing::{ManualClock, Peer};
use chat_core::wire::Framing;

use super::{
    SECOND, TICK, bytes, floodings, hear, lines, nothing_before, notice, numbered, server,
    wait_for_flooding,
};
use crate::clocked;

#[test]
fn a_burst_passes_at_once_and_then_each_line_in_its_time() {
    let clock = ManualClock::new();
    let flood = lines(16, 4);
    let server = server(&clock, flood);
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send(numbered(0..7));
    hear(&mut listener, &flooder, 0..4);
    wait_for_flooding(&server, conn);
    flooder.expect(&notice(flood));
    for number in 4..7 {
        clock.advance((SECOND / 16).saturating_sub(TICK));
        // The others do not notice.
        let text = format!("before {number}");
        nothing_before(&mut listener, &mut other, &text);
        flooder.expect(&other.says(&text));
        clock.advance(TICK);
        listener.expect(&flooder.says(&number.to_string()));
    }
    // It was told once.
    clock.advance(SECOND);
    flooder.say("exit");
    flooder.expect_end();
    assert_eq!((floodings(&server), server.handle().stats().flooding), (1, 1));
}

#[test]
fn the_burst_alone_is_not_too_fast() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(16, 4));
    let (mut speaker, mut listener) = (server.join(), server.join());
    let conn = server.conn_of(&speaker);
    for _ in 0..3 {
        speaker.send(numbered(0..4));
        hear(&mut listener, &speaker, 0..4);
        server.handle().send_to(conn, "well said").unwrap();
        speaker.expect("* well said");
        clock.advance(SECOND / 4);
    }
    speaker.say("exit");
    speaker.expect_end();
    assert_eq!((floodings(&server), server.handle().stats().flooding), (0, 0));
}

#[test]
fn the_end_of_the_stream_is_seen_when_the_burst_is_used_up() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(1, 4));
    let (mut speaker, mut listener) = (server.join(), server.join());
    let conn = server.conn_of(&speaker);
    speaker.send(numbered(0..4));
    hear(&mut listener, &speaker, 0..4);
    speaker.end_sending();
    assert_eq!(server.farewell_of(conn), CloseReason::EndOfStream);
    speaker.expect_end();
}

#[test]
fn of_thousands_of_lines_none_is_lost() {
    const LINES: usize = 5000;
    let clock = ManualClock::new();
    let server = server(&clock, lines(100, 100));
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send(numbered(0..LINES));
    flooder.end_sending();
    for start in (0..LINES).step_by(100) {
        hear(&mut listener, &flooder, start..start + 100);
        nothing_before(&mut listener, &mut other, "and I?");
        clock.advance(SECOND);
    }
    assert_eq!(server.farewell_of(conn), CloseReason::EndOfStream);
    assert_eq!((floodings(&server), server.handle().stats().flooding), (1, 1));
}

#[test]
fn bytes_are_counted_as_well() {
    let clock = ManualClock::new();
    let flood = bytes(1024, 4096);
    let server = server(&clock, flood);
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    // With their ends they are 128 bytes long.
    let line = |number: usize| format!("{number:->127}");
    let said: String = (0..48).map(|number| line(number) + "\n").collect();
    flooder.send(said);
    listener.expect_all((0..32).map(|number| flooder.says(&line(number))));
    flooder.expect(&notice(flood));
    for start in [32, 40] {
        clock.advance(SECOND.saturating_sub(TICK));
        nothing_before(&mut listener, &mut other, "and I?");
        clock.advance(TICK);
        listener.expect_all((start..start + 8).map(|number| flooder.says(&line(number))));
    }
}

#[test]
fn a_burst_of_bytes_passes_to_the_last_of_them() {
    let clock = ManualClock::new();
    let server = server(&clock, bytes(1024, 4096));
    let (mut speaker, mut listener) = (server.join(), server.join());
    // With its end it is 128 bytes long.
    let line = "-".repeat(127);
    for _ in 0..32 {
        speaker.say(&line);
        listener.expect(&speaker.says(&line));
    }
    assert_eq!(server.handle().stats().flooding, 0);
}

#[test]
fn blank_lines_count() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(1, 4));
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send("\n \n\r\n\nhello\n");
    wait_for_flooding(&server, conn);
    clock.advance(SECOND.saturating_sub(TICK));
    nothing_before(&mut listener, &mut other, "silence");
    clock.advance(TICK);
    listener.expect(&flooder.says("hello"));
}

#[test]
fn a_line_that_ends_in_pieces_counts_once() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(1, 4));
    let (mut speaker, mut listener) = (server.join(), server.join());
    speaker.send("first\n");
    listener.expect(&speaker.says("first"));
    for (number, piece) in ["a line ", "in ", "many ", "pieces", "\n"].iter().enumerate() {
        let before = server.handle().stats().bytes_in;
        speaker.send(piece);
        server.wait_for_stats(&format!("piece {number}"), |stats| stats.bytes_in > before);
    }
    listener.expect(&speaker.says("a line in many pieces"));
    speaker.send("third\nfourth\n");
    listener.expect_all([speaker.says("third"), speaker.says("fourth")]);
    assert_eq!(server.handle().stats().flooding, 0);
}

#[test]
fn one_who_speaks_chunks_is_slowed_too() {
    const QUIET: Duration = Duration::from_millis(20);
    let clock = ManualClock::new();
    let server = server(&clock, lines(1, 2));
    let (mut flooder, mut listener) = (server.join(), server.join());
    let conn = server.conn_of(&flooder);
    let mut bytes = 0;
    let mut chunk = |flooder: &mut Peer, text: &str| {
        flooder.send(text);
        bytes += text.len();
        bytes
    };
    for text in ["one", "two"] {
        let so_far = chunk(&mut flooder, text);
        server.wait_for_bytes_in(so_far);
        clock.advance(QUIET);
        listener.expect(&flooder.says(text));
    }
    let so_far = chunk(&mut flooder, "three");
    wait_for_flooding(&server, conn);
    assert_eq!(server.handle().stats().bytes_in, so_far as u64 - 5);
    clock.advance(SECOND);
    server.wait_for_bytes_in(so_far);
    clock.advance(QUIET);
    listener.expect(&flooder.says("three"));
}

#[test]
fn where_each_read_is_a_message_reads_are_slowed() {
    let clock = ManualClock::new();
    let server = clocked::server(&clock, |config| {
        config.framing = Framing::Chunks;
        config.limits.flood = Some(lines(1, 2));
    });
    let (mut flooder, mut listener) = (server.join(), server.join());
    let conn = server.conn_of(&flooder);
    for text in ["one", "two"] {
        flooder.send(text);
        listener.expect_bytes(flooder.says(text));
    }
    flooder.send("three");
    wait_for_flooding(&server, conn);
    assert_eq!(server.handle().stats().lines_in, 2);
    clock.advance(SECOND);
    listener.expect_bytes(flooder.says("three"));
}
