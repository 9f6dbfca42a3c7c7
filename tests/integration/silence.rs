//! Those who take nothing, and those who say nothing.

use std::time::Duration;

use chat_core::testing::{ManualClock, Peer, TestServer, eventually};
use chat_core::{ClientInfo, CloseReason, ConnId, Flood, Rate, ServerConfig};

use crate::clocked;

const TICK: Duration = Duration::from_millis(1);
const LIMIT: Duration = Duration::from_secs(10);

/// A server, and one who talks, one who listens, and one who does not read and is so far behind.
fn stalled(
    clock: &ManualClock,
    behind: u64,
    set: impl FnOnce(&mut ServerConfig),
) -> (TestServer, [Peer; 3]) {
    let server = clocked::narrow_server(clock, |config| {
        config.limits.flood = None;
        set(config);
    });
    let (mut speaker, mut listener) = (server.join(), server.join());
    let reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    let line = "=".repeat(1000);
    eventually("somebody who is behind", || {
        speaker.say(&line);
        listener.expect(&speaker.says(&line));
        let clients = server.handle().clients().unwrap();
        let is_behind = |client: &ClientInfo| client.conn == conn && client.backlog > behind;
        if clients.iter().any(is_behind) { Ok(()) } else { Err(clients) }
    });
    (server, [speaker, listener, reader])
}

/// Waits until one who takes nothing is closed. The systems between may still have taken a little of
/// what they had no room for at first: then its time has begun anew.
#[track_caller]
fn is_closed(server: &TestServer, clock: &ManualClock, conn: ConnId) {
    eventually("the end of the one who takes nothing", || {
        clock.advance(LIMIT);
        let stats = server.handle().stats();
        if stats.closed.stalled == 1 { Ok(()) } else { Err(Box::new(stats)) }
    });
    assert_eq!(server.farewell_of(conn), CloseReason::Stalled);
}

/// Shows that the server has done what was due: it has heard and answered.
#[track_caller]
fn go_on(speaker: &mut Peer, listener: &mut Peer) {
    speaker.say("go on");
    listener.expect(&speaker.says("go on"));
}

#[test]
fn who_takes_nothing_for_too_long_is_closed() {
    let clock = ManualClock::new();
    let (server, [mut speaker, mut listener, mut reader]) = stalled(&clock, 4000, |_| {});
    let conn = server.conn_of(&reader);
    clock.advance(LIMIT.saturating_sub(TICK));
    go_on(&mut speaker, &mut listener);
    assert_eq!(server.handle().clients().unwrap().len(), 3);
    is_closed(&server, &clock, conn);
    let stats = server.wait_for_stats("stalled", |stats| stats.closed.stalled == 1);
    assert!(stats.lines_dropped > 0, "{stats}");
    assert_eq!(stats.closed.total(), 1);
    reader.rest_until_broken();
    go_on(&mut speaker, &mut listener);
}

#[test]
fn who_takes_a_little_now_and_then_is_not() {
    let clock = ManualClock::new();
    let (server, [mut speaker, mut listener, mut reader]) = stalled(&clock, 500_000, |_| {});
    let conn = server.conn_of(&reader);
    let written = |server: &TestServer| {
        let clients = server.handle().clients().unwrap();
        clients.iter().find(|client| client.conn == conn).map(|client| client.bytes_out)
    };
    for _ in 0..10 {
        let before = written(&server);
        // Until some of it has gone out to it, which the systems between decide.
        eventually("something that is taken", || {
            reader.sip(500);
            let now = written(&server);
            if now > before { Ok(()) } else { Err(now) }
        });
        clock.advance(LIMIT.saturating_sub(TICK));
        go_on(&mut speaker, &mut listener);
    }
    assert_eq!(server.handle().stats().closed.total(), 0);
    is_closed(&server, &clock, conn);
}

#[test]
fn who_is_due_nothing_may_be_silent_for_ever() {
    let clock = ManualClock::new();
    let (server, [mut speaker, mut listener, mut reader]) = stalled(&clock, 4000, |_| {});
    // The reader gets all, so that it is due nothing any more.
    server.handle().broadcast("the last word").unwrap();
    while reader.line() != "* the last word" {}
    listener.expect("* the last word");
    for _ in 0..5 {
        clock.advance(LIMIT * 100);
        go_on(&mut speaker, &mut listener);
        reader.expect(&speaker.says("go on"));
    }
    assert_eq!(server.handle().stats().closed.total(), 0);
}

#[test]
fn without_the_limit_nobody_is_closed_for_taking_nothing() {
    let clock = ManualClock::new();
    let (server, [mut speaker, mut listener, mut reader]) =
        stalled(&clock, 4000, |config| config.limits.write_timeout = None);
    for _ in 0..5 {
        clock.advance(LIMIT * 100);
        go_on(&mut speaker, &mut listener);
    }
    assert_eq!(server.handle().stats().closed.total(), 0);
    server.handle().broadcast("the last word").unwrap();
    while reader.line() != "* the last word" {}
}

#[test]
fn notices_that_are_not_taken_count_too() {
    let clock = ManualClock::new();
    let server = clocked::narrow_server(&clock, |config| config.limits.direct = 1 << 20);
    let reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    for _ in 0..100 {
        server.handle().send_to(conn, &"n".repeat(1000)).unwrap();
    }
    // By now the last of them was given, and the first are out as far as they are taken.
    server.handle().clients().unwrap();
    is_closed(&server, &clock, conn);
    assert!(server.handle().stats().lines_dropped > 0);
}

fn idle_server(clock: &ManualClock, idle: Duration) -> TestServer {
    clocked::server(clock, |config| config.limits.idle = Some(idle))
}

#[test]
fn who_says_nothing_for_too_long_is_closed() {
    let clock = ManualClock::new();
    let server = idle_server(&clock, LIMIT);
    let (mut silent, mut speaker) = (server.join(), server.join());
    let conn = server.conn_of(&silent);
    clock.advance(LIMIT.saturating_sub(TICK));
    // To listen is not to speak.
    speaker.say("anybody there?");
    silent.expect(&speaker.says("anybody there?"));
    clock.advance(TICK);
    silent.expect("* closed: nothing came for 10s");
    silent.expect_end();
    assert_eq!(server.farewell_of(conn), CloseReason::Idle);
    server.wait_for_stats("idle", |stats| stats.closed.idle == 1 && stats.clients == 1);
    // The one who has spoken has its time from then on.
    let conn = server.conn_of(&speaker);
    clock.advance(LIMIT.saturating_sub(2 * TICK));
    server.handle().send_to(conn, "still here").unwrap();
    speaker.expect("* still here");
    clock.advance(TICK);
    speaker.expect("* closed: nothing came for 10s");
    speaker.expect_end();
}

#[test]
fn a_single_byte_is_a_word() {
    let clock = ManualClock::new();
    let server = idle_server(&clock, LIMIT);
    let mut speaker = server.join();
    let conn = server.conn_of(&speaker);
    for (number, byte) in "\na b\n".bytes().enumerate() {
        clock.advance(LIMIT.saturating_sub(TICK));
        speaker.send([byte]);
        server.wait_for_bytes_in(number + 1);
    }
    clock.advance(LIMIT.saturating_sub(TICK));
    server.handle().send_to(conn, "still here").unwrap();
    speaker.expect("* still here");
    clock.advance(TICK);
    assert_eq!(server.farewell_of(conn), CloseReason::Idle);
}

#[test]
fn who_waits_for_a_pause_to_end_is_not_silent() {
    const IDLE: Duration = Duration::from_millis(300);
    const PAUSE: Duration = Duration::from_millis(500);
    let clock = ManualClock::new();
    let plenty = Rate::new(1 << 30, 1 << 30);
    let server = clocked::server(&clock, |config| {
        config.limits.idle = Some(IDLE);
        let lines = Rate::new(2, 1);
        config.limits.flood = Some(Flood::new(lines, plenty));
    });
    let mut flooder = server.join();
    let conn = server.conn_of(&flooder);
    flooder.send("0\n1\n2\n3\n");
    server.wait_for_stats("one who is too fast", |stats| stats.flooding == 1);
    for number in 1..4 {
        clock.advance(PAUSE.saturating_sub(TICK));
        for _ in 0..2 {
            // Who is told of in a turn is there at its beginning, so that the second one counts.
            assert_eq!(server.handle().clients().unwrap().len(), 1);
        }
        clock.advance(TICK);
        server.wait_for_message(&number.to_string());
    }
    // Now it has nothing more to say.
    clock.advance(IDLE);
    assert_eq!(server.farewell_of(conn), CloseReason::Idle);
}

/// The system tells which timers its sockets have: 02 is the one that probes a silent peer.
#[cfg(target_os = "linux")]
#[test]
fn a_silent_peer_is_probed() {
    let probes = |server: &TestServer, peer: &Peer| {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let (server, peer) = (server.addr().port(), peer.port());
        let (from, to) = (format!("0100007F:{server:04X}"), format!("0100007F:{peer:04X}"));
        let mut rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        let row = rows.find(|row| row[1] == from && row[2] == to);
        let row = row.unwrap_or_else(|| panic!("{from} to {to} is not in\n{table}"));
        let (timer, jiffies) = row[5].split_once(':').unwrap();
        (timer == "02").then(|| u64::from_str_radix(jiffies, 16).unwrap())
    };
    let with = |keepalive| {
        let server = TestServer::with(|config| config.limits.keepalive = keepalive);
        let peer = server.join();
        probes(&server, &peer)
    };
    let minute = with(Some(Duration::from_mins(1))).expect("a timer");
    let hour = with(Some(Duration::from_hours(1))).expect("a timer");
    // How long a jiffy is differs; that it is all of the time until the first probe does not.
    assert!(minute * 50 < hour && hour < minute * 70, "{minute} and {hour}");
    assert_eq!(with(None), None);
}
