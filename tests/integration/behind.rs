//! Those who are too far behind, and go on with what is said from now on.

use chat_core::testing::{ManualClock, Peer, Random, TestServer, eventually};
use chat_core::{CloseReason, ConnId, HandleError, ServerConfig, ServerEvent, Stats, WhenBehind};

use crate::clocked;

const BACKLOG: usize = 32 * 1024;

/// A server with small buffers whose slow readers miss lines. Its time stands still.
fn server(set: impl FnOnce(&mut ServerConfig)) -> TestServer {
    clocked::narrow_server(&ManualClock::new(), |config| {
        config.limits.flood = None;
        config.limits.backlog = BACKLOG;
        config.limits.when_behind = WhenBehind::Skip;
        set(config);
    })
}

/// A line that cannot be taken for another one; they are of many lengths.
fn numbered(number: usize) -> String {
    format!("{number} {}", "=".repeat(number * 37 % 900))
}

/// Says lines from this number on until something is so, and gives the number of the next one. All
/// listeners keep up.
#[track_caller]
fn say_until(
    speaker: &mut Peer,
    listeners: &mut [Peer],
    from: usize,
    mut is_so: impl FnMut() -> bool,
) -> usize {
    for number in from..from + 10_000 {
        if is_so() {
            return number;
        }
        speaker.say(&numbered(number));
        for listener in &mut *listeners {
            listener.expect(&speaker.says(&numbered(number)));
        }
    }
    panic!("it is not so after 10,000 lines");
}

/// Says lines until somebody is so far behind that it misses some.
#[track_caller]
fn say_until_skipped(server: &TestServer, speaker: &mut Peer, listeners: &mut [Peer]) -> usize {
    say_until(speaker, listeners, 0, || server.handle().stats().lines_skipped > 0)
}

fn skipped(server: &TestServer, conn: ConnId) -> Vec<u64> {
    let lines = |event: &ServerEvent| match event {
        ServerEvent::Skipped { conn: who, lines, .. } if *who == conn => Some(*lines),
        _ => None,
    };
    server.events().all().iter().filter_map(lines).collect()
}

/// Checks that this client has missed so many lines, and nobody else any.
#[track_caller]
fn is_counted(server: &TestServer, conn: ConnId, lines: usize) {
    assert_eq!(server.handle().stats().lines_skipped, lines as u64);
    eventually("the events of it", || {
        let skipped = skipped(server, conn);
        if skipped.iter().sum::<u64>() == lines as u64 { Ok(()) } else { Err(skipped) }
    });
}

/// How many lines a notice says were skipped, if it is one of those.
fn missed(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("* you were too slow: ")?;
    let (count, rest) = rest.split_once(' ').unwrap();
    let count = count.parse().unwrap();
    assert_eq!(rest, if count == 1 { "line was skipped" } else { "lines were skipped" });
    Some(count)
}

/// Checks that these lines are those of the speaker from the first to before the last one, and that
/// what is not there is said to be missed, exactly and in its place. It gives how many notices
/// there were, and how many lines are missed in all.
#[track_caller]
fn check<'a>(
    read: impl IntoIterator<Item = &'a str>,
    speaker: &Peer,
    total: usize,
) -> (usize, usize) {
    let (mut next, mut notices, mut all) = (0, 0, 0);
    for line in read {
        if let Some(count) = missed(line) {
            (next, notices, all) = (next + count, notices + 1, all + count);
            continue;
        }
        assert_eq!(line, speaker.says(&numbered(next)), "the line after {next} others");
        next += 1;
    }
    assert_eq!(next, total, "lines that were read or missed");
    (notices, all)
}

#[test]
fn a_slow_reader_misses_lines_and_is_told_how_many() {
    let server = server(|_| {});
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let mut reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    let end = say_until_skipped(&server, &mut speaker, &mut listeners);
    // What it has got is the beginning, whole lines to the last, and then it is told.
    speaker.say("and so on");
    let mut read = Vec::new();
    while read.last().is_none_or(|line| *line != speaker.says("and so on")) {
        read.push(reader.line());
    }
    read.pop();
    let (notices, all) = check(read.iter().map(String::as_str), &speaker, end);
    assert_eq!(notices, 1);
    is_counted(&server, conn, all);
    let stats = server.handle().stats();
    assert_eq!((stats.lines_dropped, stats.closed.total()), (0, 0));
    // It is one of them again.
    for number in end..end + 10 {
        speaker.say(&numbered(number));
        reader.expect(&speaker.says(&numbered(number)));
    }
    reader.say("I am back");
    speaker.expect(&reader.says("I am back"));
    reader.say("exit");
    reader.expect_end();
}

#[test]
fn a_reader_can_miss_lines_again_and_again_before_it_reads() {
    let server = server(|_| {});
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let mut reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    let mut end = 0;
    for times in 1..=5 {
        let skips = || skipped(&server, conn).len() >= times;
        end = say_until(&mut speaker, &mut listeners, end, skips);
    }
    server.handle().kick(conn, "that is all").unwrap();
    let read = String::from_utf8(reader.rest()).unwrap();
    let read = read.strip_suffix("* that is all\n").expect("the end");
    let (notices, all) = check(read.lines(), &speaker, end);
    is_counted(&server, conn, all);
    // It is told when something is taken, of all that it has missed by then.
    assert!(notices < skipped(&server, conn).len(), "{notices} notices");
}

#[test]
fn a_reader_in_tiny_pieces_reads_whole_lines_and_right_numbers() {
    let server = server(|config| config.limits.backlog = 8 * 1024);
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let mut reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    let (mut random, mut read, mut end) = (Random::new(5), Vec::new(), 0);
    while skipped(&server, conn).len() < 20 {
        end = say_until(&mut speaker, &mut listeners, end, || random.once_in(20));
        for _ in 0..random.below(10) {
            // Only as long as it is behind is it sure that there is something.
            let clients = server.handle().clients().unwrap();
            if clients.iter().any(|client| client.conn == conn && client.backlog > 0) {
                read.extend(reader.sip(1 + random.below(900)));
            }
        }
        assert!(end < 20_000, "{end} lines");
    }
    server.handle().kick(conn, "").unwrap();
    read.extend(reader.rest());
    let read = String::from_utf8(read).unwrap();
    let (notices, all) = check(read.lines(), &speaker, end);
    assert!(notices > 3, "{notices}");
    is_counted(&server, conn, all);
}

/// What comes for it alone has its place, too: between what was said before and what came after.
#[test]
fn lines_for_one_who_is_behind_keep_their_place() {
    let server = server(|_| {});
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let mut reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    let end = say_until_skipped(&server, &mut speaker, &mut listeners);
    speaker.say("after the gap");
    listeners[0].expect(&speaker.says("after the gap"));
    server.handle().send_to(conn, "for you alone").unwrap();
    speaker.say("the last word");
    listeners[0].expect(&speaker.says("the last word"));
    let mut read = Vec::new();
    while read.last().is_none_or(|line: &String| !line.ends_with(": after the gap")) {
        read.push(reader.line());
    }
    read.pop();
    let (notices, _) = check(read.iter().map(String::as_str), &speaker, end);
    assert_eq!(notices, 1, "{:?}", read.last());
    reader.expect("* for you alone");
    reader.expect(&speaker.says("the last word"));
}

#[test]
fn one_who_speaks_chunks_misses_lines_too() {
    let clock = ManualClock::new();
    let server = clocked::narrow_server(&clock, |config| {
        config.limits.flood = None;
        config.limits.backlog = BACKLOG;
        config.limits.when_behind = WhenBehind::Skip;
    });
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let mut reader = server.join_narrow(2048);
    reader.send("chunky");
    server.wait_for_bytes_in(6);
    clock.advance(chat_core::wire::QUIET);
    listeners[0].expect(&reader.says("chunky"));
    let conn = server.conn_of(&reader);
    let end = say_until_skipped(&server, &mut speaker, &mut listeners);
    server.handle().kick(conn, "").unwrap();
    // Between two lines there is one newline, or none where they went out in two writes.
    let read = String::from_utf8(reader.rest()).unwrap();
    let (mut rest, mut next) = (&read[..], 0);
    while let Some(after) = rest.strip_prefix(&speaker.says(&numbered(next))) {
        rest = after.strip_prefix('\n').unwrap_or(after);
        next += 1;
    }
    let (notice, after) = rest.split_at(rest.find("skipped").expect("a notice") + "skipped".len());
    next += missed(notice).expect("a notice");
    rest = after;
    while next < end {
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        let line = speaker.says(&numbered(next));
        rest = rest.strip_prefix(&line).unwrap_or_else(|| panic!("{line:?} at {rest:?}"));
        next += 1;
    }
    assert_eq!((rest, next), ("", end));
}

#[test]
fn one_who_misses_lines_can_leave() {
    let server = server(|_| {});
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let mut reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    let end = say_until_skipped(&server, &mut speaker, &mut listeners);
    reader.say("bye");
    reader.say("exit");
    assert_eq!(server.farewell_of(conn), CloseReason::Exit);
    // What is said after that is not for it.
    speaker.say("is it gone?");
    let read = String::from_utf8(reader.rest()).unwrap();
    check(read.lines(), &speaker, end);
    assert_eq!(server.handle().stats().lines_dropped, 0);
}

#[test]
fn one_who_misses_lines_and_is_gone_is_like_any_other() {
    let server = server(|_| {});
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let reader = server.join_narrow(2048);
    let conn = server.conn_of(&reader);
    say_until_skipped(&server, &mut speaker, &mut listeners);
    reader.reset();
    assert_eq!(server.farewell_of(conn), CloseReason::Reset);
}

#[test]
fn half_a_hundred_of_them_cost_no_more_than_one() {
    let server = server(|config| config.limits.backlog = 64 * 1024);
    let (mut speaker, mut listeners) = (server.join(), [server.join()]);
    let stalled: Vec<Peer> = (0..50).map(|_| server.join_narrow(2048)).collect();
    let conns: Vec<ConnId> = stalled.iter().map(|peer| server.conn_of(peer)).collect();
    let mut most: usize = 0;
    let is_enough = || {
        let stats: Stats = server.handle().stats();
        most = most.max(stats.budget_used);
        conns.iter().all(|conn| skipped(&server, *conn).len() >= 3)
    };
    let end = say_until(&mut speaker, &mut listeners, 0, is_enough);
    let stats = server.handle().stats();
    assert_eq!((stats.clients, stats.closed.total()), (52, 0));
    // One log for all, and of each the rest of a line that is half out.
    let backlog = 64 * 1024 + 2000;
    assert!(stats.backlog_high_water < backlog, "{stats}");
    assert!(most < 64 * 1024 + 2000 + 50 * 1000, "{most} bytes of the budget");
    // The events come a little later than the numbers.
    server.wait_for_stats("what was skipped is told", |stats| {
        let all: u64 = conns.iter().flat_map(|conn| skipped(&server, *conn)).sum();
        stats.lines_skipped == all
    });
    for (mut reader, conn) in stalled.into_iter().zip(conns) {
        server.handle().kick(conn, "").unwrap();
        let read = String::from_utf8(reader.rest()).unwrap();
        check(read.lines(), &speaker, end);
    }
    server.wait_for_stats("nothing is kept", |stats| stats.budget_used == 0);
}

#[test]
fn it_can_be_chosen_for_each_client() {
    for common in [WhenBehind::Close, WhenBehind::Skip] {
        let server = server(|config| config.limits.when_behind = common);
        let (mut speaker, mut listeners) = (server.join(), [server.join()]);
        let (one, mut other) = (server.join_narrow(2048), server.join_narrow(2048));
        let (closed, skips) = (server.conn_of(&one), server.conn_of(&other));
        match common {
            WhenBehind::Close => server.handle().set_when_behind(skips, WhenBehind::Skip).unwrap(),
            _ => server.handle().set_when_behind(closed, WhenBehind::Close).unwrap(),
        }
        let is_enough = || {
            let stats = server.handle().stats();
            stats.lines_skipped > 0 && stats.closed.too_slow > 0
        };
        let end = say_until(&mut speaker, &mut listeners, 0, is_enough);
        assert_eq!(server.farewell_of(closed), CloseReason::TooSlow);
        server.handle().kick(skips, "").unwrap();
        check(String::from_utf8(other.rest()).unwrap().lines(), &speaker, end);
        let answer = server.handle().set_when_behind(closed, WhenBehind::Skip);
        assert_eq!(answer, Err(HandleError::NoSuchClient));
    }
}
