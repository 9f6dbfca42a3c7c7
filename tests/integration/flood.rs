//! Those who talk too fast are read more slowly, and nothing of what they say is lost.

use std::time::Duration;

use chat_core::testing::{ManualClock, Peer, TestServer};
use chat_core::wire::Framing;
use chat_core::{CloseReason, ConnId, Flood, HandleError, Rate, ServerConfig, ServerEvent};

use crate::clocked;

/// The smallest step of the clock.
const TICK: Duration = Duration::from_nanos(1);
const SECOND: Duration = Duration::from_secs(1);

/// So many lines, and as many bytes as anybody likes.
fn lines(per_second: u32, burst: u32) -> Flood {
    let plenty = Rate { per_second: 1 << 30, burst: 1 << 30 };
    Flood { lines: Rate { per_second, burst }, bytes: plenty }
}

/// As many lines as anybody likes, and so many bytes.
fn bytes(per_second: u32, burst: u32) -> Flood {
    let plenty = Rate { per_second: 1 << 30, burst: 1 << 30 };
    Flood { lines: plenty, bytes: Rate { per_second, burst } }
}

/// What one who is too fast reads at this rate.
fn notice(flood: Flood) -> String {
    format!(
        "* you are too fast: from {} lines or {} bytes a second on, you are read more slowly",
        flood.lines.per_second, flood.bytes.per_second
    )
}

fn server(clock: &ManualClock, flood: Flood) -> TestServer {
    clocked::server(clock, |config| config.limits.flood = Some(flood))
}

/// What is said as lines, from this number to before that one.
fn numbered(numbers: std::ops::Range<usize>) -> String {
    numbers.flat_map(|number| [number.to_string(), "\n".into()]).collect()
}

#[track_caller]
fn hear(listener: &mut Peer, speaker: &Peer, numbers: std::ops::Range<usize>) {
    listener.expect_all(numbers.map(|number| speaker.says(&number.to_string())));
}

/// Waits until the server has found that this one is too fast.
#[track_caller]
fn wait_for_flooding(server: &TestServer, conn: ConnId) {
    server.events().wait(&format!("Flooding of {conn}"), |events| {
        let is_it = |event: &ServerEvent| matches!(event, ServerEvent::Flooding { conn: who, .. } if *who == conn);
        events.iter().any(is_it).then_some(())
    });
}

fn floodings(server: &TestServer) -> usize {
    let events = server.events().all();
    events.iter().filter(|event| matches!(event, ServerEvent::Flooding { .. })).count()
}

/// Shows that nothing more has come from the others by now: what this one says is heard next.
#[track_caller]
fn nothing_before(listener: &mut Peer, speaker: &mut Peer, text: &str) {
    speaker.say(text);
    listener.expect(&speaker.says(text));
}

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

/// Says a thousand lines, all of which are heard while time stands still.
#[track_caller]
fn is_free(server: &TestServer) {
    let (mut speaker, mut listener) = (server.join(), server.join());
    speaker.send(numbered(0..1000));
    hear(&mut listener, &speaker, 0..1000);
    assert_eq!((floodings(server), server.handle().stats().flooding), (0, 0));
}

#[test]
fn without_the_limit_nobody_is_slowed() {
    is_free(&clocked::server(&ManualClock::new(), |config| config.limits.flood = None));
}

#[test]
fn the_same_machine_is_free_of_the_limit() {
    is_free(&clocked::server(&ManualClock::new(), |config| {
        config.limits.exempt_loopback = true;
    }));
}

#[test]
fn one_client_can_be_set_free() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(1, 4));
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send(numbered(0..1000));
    wait_for_flooding(&server, conn);
    hear(&mut listener, &flooder, 0..4);
    server.handle().set_flood(conn, None).unwrap();
    hear(&mut listener, &flooder, 4..1000);
    // That was for this one alone.
    other.send(numbered(0..5));
    wait_for_flooding(&server, server.conn_of(&other));
    hear(&mut listener, &other, 0..4);
    nothing_before(&mut listener, &mut flooder, "free");
}

#[test]
fn one_client_can_be_made_slower() {
    let clock = ManualClock::new();
    let server = clocked::server(&clock, |config| config.limits.flood = None);
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    let slow = lines(2, 1);
    server.handle().set_flood(conn, Some(slow)).unwrap();
    // The change is on its way before this is, by the same way.
    server.handle().send_to(conn, "slowly").unwrap();
    flooder.expect("* slowly");
    flooder.send(numbered(0..3));
    listener.expect(&flooder.says("0"));
    flooder.expect(&notice(slow));
    for number in 1..3 {
        clock.advance((SECOND / 2).saturating_sub(TICK));
        nothing_before(&mut listener, &mut other, "not yet");
        clock.advance(TICK);
        listener.expect(&flooder.says(&number.to_string()));
    }
    other.send(numbered(0..1000));
    hear(&mut listener, &other, 0..1000);
}

#[test]
fn a_rate_that_lets_nothing_pass_is_refused() {
    let server = TestServer::start();
    let peer = server.join();
    let conn = server.conn_of(&peer);
    for flood in [lines(0, 1), lines(1, 0), bytes(0, 1), bytes(1, 0)] {
        let answer = server.handle().set_flood(conn, Some(flood));
        assert!(matches!(answer, Err(HandleError::Rate(_))), "{answer:?}");
    }
    server.handle().kick(conn, "").unwrap();
    assert_eq!(server.handle().set_flood(conn, None), Err(HandleError::NoSuchClient));
}

#[test]
fn exit_comes_after_all_that_was_said_before() {
    let clock = ManualClock::new();
    let flood = lines(16, 4);
    let server = server(&clock, flood);
    let (mut flooder, mut listener) = (server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send(numbered(0..35) + "exit\nnot said\n");
    hear(&mut listener, &flooder, 0..4);
    for start in (4..32).step_by(4) {
        clock.advance(SECOND / 4);
        hear(&mut listener, &flooder, start..start + 4);
    }
    // `exit` is a line too.
    clock.advance(SECOND / 4);
    hear(&mut listener, &flooder, 32..35);
    assert_eq!(server.farewell_of(conn), CloseReason::Exit);
    flooder.expect(&notice(flood));
    flooder.expect_end();
}

/// What it had said before is in the system's buffers, and is heard at the same pace.
#[test]
fn a_flooder_that_breaks_off_is_gone_when_all_is_heard() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(16, 4));
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let (conn, port) = (server.conn_of(&flooder), flooder.port());
    flooder.send(numbered(0..12));
    hear(&mut listener, &flooder, 0..4);
    wait_for_flooding(&server, conn);
    flooder.reset();
    for start in [4, 8] {
        // What is said meanwhile cannot be written to it, which is no reason to be in a hurry.
        nothing_before(&mut listener, &mut other, "and I?");
        clock.advance(SECOND / 4);
        listener.expect_all((start..start + 4).map(|number| format!("{port}: {number}")));
    }
    assert_eq!(server.farewell_of(conn), CloseReason::Reset);
    nothing_before(&mut listener, &mut other, "and I?");
}

#[test]
fn a_server_stops_while_a_flooder_waits() {
    let clock = ManualClock::new();
    let flood = lines(1, 4);
    let mut server = server(&clock, flood);
    let (mut flooder, mut listener) = (server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send(numbered(0..100));
    hear(&mut listener, &flooder, 0..4);
    wait_for_flooding(&server, conn);
    let report = server.stop();
    assert_eq!((report.clients, report.dropped), (2, 0));
    assert_eq!(server.farewell_of(conn), CloseReason::Shutdown);
    flooder.expect(&notice(flood));
    flooder.expect_end();
    listener.expect_end();
}

#[test]
fn each_of_many_flooders_has_a_rate_of_its_own() {
    let clock = ManualClock::new();
    let server = clocked::server(&clock, |config: &mut ServerConfig| {
        config.io_threads = 3;
        config.limits.flood = Some(lines(8, 8));
    });
    let mut listener = server.join();
    let listening = server.conn_of(&listener);
    let mut flooders: Vec<Peer> = (0..9).map(|_| server.join()).collect();
    for flooder in &mut flooders {
        flooder.send(numbered(0..24));
    }
    let mut heard = vec![0; flooders.len()];
    for round in 1..=3 {
        for _ in 0..8 * flooders.len() {
            let line = listener.line();
            let is_next =
                |(at, flooder): (usize, &Peer)| line == flooder.says(&heard[at].to_string());
            let who = flooders.iter().enumerate().position(is_next);
            let who = who.unwrap_or_else(|| panic!("{line:?} after {heard:?}"));
            heard[who] += 1;
        }
        assert_eq!(heard, vec![8 * round; flooders.len()]);
        // All have found out that they are too fast, those who have more to say.
        if round == 1 {
            server.wait_for_stats("all are slowed", |stats| stats.flooding == 9);
        }
        clock.advance(SECOND);
    }
    server.handle().send_to(listening, "and nothing more").unwrap();
    listener.expect("* and nothing more");
}
