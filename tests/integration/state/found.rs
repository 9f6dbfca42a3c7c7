//! What random scripts have found, each as plainly as it can be said.

use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::MemoryServer;
use chat_core::{Flood, Limits, Rate, ServerEvent, WhenBehind};

use crate::newcomers::newcomers;

/// A server with limits of its own.
fn server(set: impl FnOnce(&mut Limits)) -> MemoryServer {
    let mut config = ServerConfig::default();
    set(&mut config.limits);
    MemoryServer::new(config)
}

#[test]
fn a_line_longer_than_may_wait_goes_to_those_who_take_it() {
    let mut server = server(|limits| limits.direct = 10);
    let peer = server.connect();
    let conn = newcomers(&mut server)[0];
    server.send_to(conn, "longer than ten bytes");
    assert_eq!(peer.read(), "* longer than ten bytes\n");
    assert_eq!(server.stats().closed.total(), 0);
}

#[test]
fn a_small_feed_has_room_for_what_one_command_brings() {
    let mut server = server(|limits| limits.feed = 1);
    let (peer, other) = (server.connect(), server.connect());
    let conn = newcomers(&mut server)[0];
    other.send("before that\n");
    server.kick(conn, "out");
    assert_eq!(peer.read(), "* out\n");
    assert!(peer.is_over());
}

#[test]
fn only_the_time_counts_in_which_something_was_due() {
    let mut server = server(|limits| limits.write_timeout = Some(Duration::from_secs(10)));
    let (speaker, slow) = (server.connect(), server.connect());
    let say = |server: &mut MemoryServer, seconds| {
        speaker.send("hello\n");
        server.run();
        server.advance(Duration::from_secs(seconds));
    };
    slow.set_room(0);
    say(&mut server, 1);
    slow.set_room(100);
    say(&mut server, 8);
    assert_eq!(slow.read().lines().count(), 2);
    // It has got all, and takes nothing of what is said now: ten seconds from here on.
    slow.set_room(0);
    say(&mut server, 9);
    assert_eq!(server.stats().closed.stalled, 0);
    server.advance(Duration::from_secs(1));
    assert_eq!(server.stats().closed.stalled, 1);
}

#[test]
fn what_a_pipe_holds_is_read_at_once() {
    let rate = |burst| Rate::new(1000, burst);
    let mut server = server(|limits| {
        limits.flood = Some(Flood::new(rate(100), rate(50)));
        limits.exempt_loopback = false;
    });
    let peer = server.connect();
    // The second line comes when only one byte of the first one is left.
    peer.send("-".repeat(50) + "\n");
    server.run();
    peer.send("two\n");
    server.advance(Duration::from_secs(1));
    assert_eq!((peer.unread(), server.stats().lines_in), (0, 2));
}

#[test]
fn whoever_says_just_as_much_as_it_may_is_not_too_fast() {
    let rate = |burst| Rate::new(10, burst);
    let mut server = server(|limits| {
        limits.flood = Some(Flood::new(rate(2), rate(1000)));
        limits.exempt_loopback = false;
    });
    let peer = server.connect();
    peer.send("one\ntwo\n");
    server.run();
    assert_eq!((peer.read().as_str(), server.stats().flooding), ("", 0));
    peer.send("three\n");
    server.run();
    assert!(peer.read().starts_with("* you are too fast"));
}

#[test]
fn a_small_burst_of_bytes_can_be_used_in_parts() {
    let rate = |burst| Rate::new(100, burst);
    let mut server = server(|limits| {
        limits.flood = Some(Flood::new(rate(100), rate(50)));
        limits.exempt_loopback = false;
    });
    let peer = server.connect();
    for line in ["one\n", "two\n", "three\n"] {
        peer.send(line);
        server.run();
    }
    assert_eq!((peer.read().as_str(), server.stats().lines_in), ("", 3));
}

#[test]
fn a_connection_that_is_broken_is_not_called_slow() {
    let rate = |burst| Rate::new(10, burst);
    let mut server = server(|limits| {
        limits.backlog = 1;
        limits.flood = Some(Flood::new(rate(1), rate(1000)));
        limits.exempt_loopback = false;
    });
    let (fast, other) = (server.connect(), server.connect());
    fast.send("one\ntwo\n");
    server.run();
    // It is not read from for a while, so that a write finds it first.
    fast.reset();
    other.send("hello\n");
    server.run();
    server.advance(Duration::from_secs(1));
    let closed = server.stats().closed;
    assert_eq!((closed.reset, closed.too_slow), (1, 0));
}

#[test]
fn a_small_inbox_leaves_nothing_undone() {
    let mut server = server(|limits| {
        limits.inbox = 1;
        limits.backlog = 2000;
        limits.flood = None;
    });
    let (speaker, stalled) = (server.connect(), server.connect());
    stalled.set_room(0);
    speaker.send("it is full from here on\n");
    server.run();
    // In these reads there is one arrival more than has a place: the stalled one is closed.
    let lines = 2000;
    speaker.send(("-".repeat(100) + "\n").repeat(lines));
    server.run();
    let is_said = |event: &ServerEvent| matches!(event, ServerEvent::Message { .. });
    assert_eq!(server.events().iter().filter(|event| is_said(event)).count(), lines + 1);
    assert_eq!(server.stats().closed.too_slow, 1);
}

#[test]
fn a_notice_of_skipped_lines_stands_where_they_are_missing() {
    let mut server = server(|limits| {
        limits.backlog = 500;
        limits.when_behind = WhenBehind::Skip;
    });
    let slow = server.connect();
    let conn = newcomers(&mut server)[0];
    slow.set_room(0);
    server.broadcast(&"=".repeat(500));
    server.broadcast("after that");
    server.send_to(conn, "after all");
    slow.set_room(1000);
    server.run();
    let read = slow.read();
    let lines: Vec<&str> = read.lines().collect();
    assert_eq!(lines, ["* you were too slow: 1 line was skipped", "* after that", "* after all"]);
}

#[test]
fn a_budget_below_the_backlog_is_no_dead_end() {
    let mut server = server(|limits| {
        limits.budget = 20_000;
        limits.flood = None;
        limits.write_timeout = None;
    });
    let (speaker, stalled) = (server.connect(), server.connect());
    stalled.set_room(0);
    // Far from a backlog of four megabytes, and from an eighth of it.
    for _ in 0..200 {
        speaker.send("-".repeat(99) + "\n");
    }
    server.run();
    speaker.send("is anybody there?\n");
    server.advance(Duration::from_secs(10));
    assert_eq!((speaker.unread(), server.stats().closed.too_slow), (0, 1));
}
