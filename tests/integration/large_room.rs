//! A room that is too large to be served in one go: what is said, and who comes and goes, while its
//! members are being served.

use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer, Random};

/// Many more than are served in one go.
const MEMBERS: usize = 300;

/// Everybody gets all that is said while it is there, once and in the one order: a member that came
/// first and stays to the end tells which.
#[test]
fn whoever_comes_and_goes_meanwhile_all_get_all() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let mut random = Random::new(7);
    let witness = server.connect();
    let mut members: Vec<MemoryPeer> = (0..MEMBERS).map(|_| server.connect()).collect();
    let mut left = Vec::new();
    for round in 0..60 {
        // More than are decided about at once, so that some are read between the writes.
        for _ in 0..40 {
            let who = random.below(members.len());
            members[who].send(format!("round {round}\n"));
        }
        for _ in 0..random.below(12) {
            let who = random.below(members.len());
            members[who].send("last words\nexit\n");
            left.push(members.swap_remove(who));
        }
        members.extend((0..random.below(12)).map(|_| server.connect()));
        server.run();
    }
    let all = witness.read();
    assert_eq!(all.matches("round ").count(), 60 * 40);
    for member in members.iter().chain(&left) {
        let own = format!("{}: ", member.port());
        let read = member.read();
        // It read a stretch of the whole, without its own lines.
        let mut rest = all.lines().filter(|line| !line.starts_with(&own));
        let mut lines = read.lines();
        if let Some(first) = lines.next() {
            assert!(rest.any(|line| line == first), "{first}");
        }
        assert!(lines.all(|line| rest.next() == Some(line)), "a gap at {own}");
    }
    // Those who are still here read to the end.
    server.broadcast("the end");
    server.run();
    for member in members {
        assert_eq!(member.read(), "* the end\n");
    }
    assert_eq!(server.stats().lines_dropped, 0);
}

/// A stranger who says far more than anybody may.
fn flooder(server: &mut MemoryServer) -> MemoryPeer {
    let flooder = server.connect_from(([192, 0, 2, 1], 1).into());
    flooder.send("a line\n".repeat(100));
    server.run();
    let notice = flooder.read();
    assert!(notice.starts_with("* you are too fast"), "{notice}");
    flooder
}

#[test]
fn who_is_too_fast_gets_one_line_at_once_and_the_others_when_it_is_read_again() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let speaker = server.connect();
    let flooder = flooder(&mut server);
    let line = |number: usize| format!("{}: {number}\n", speaker.port());
    for pause in 0..3 {
        for number in 0..3 {
            speaker.send(format!("{number}\n"));
            server.run();
            // What came at the end of the last pause counts for this one.
            let expected = if number == 0 && pause == 0 { line(0) } else { String::new() };
            assert_eq!(flooder.read(), expected);
        }
        server.advance(Duration::from_secs(1) / 16);
        let first = usize::from(pause == 0);
        assert_eq!(flooder.read(), (first..3).map(line).collect::<String>());
    }
    // When nothing had to wait, the next line has not to either.
    server.advance(Duration::from_secs(1) / 16);
    speaker.send("0\n");
    server.run();
    assert_eq!(flooder.read(), line(0));
}

#[test]
fn nobody_waits_for_long_because_it_is_too_fast() {
    let mut config = ServerConfig::default();
    config.limits.flood.as_mut().unwrap().lines.per_second = 1;
    let mut server = MemoryServer::new(config);
    let speaker = server.connect();
    let flooder = flooder(&mut server);
    for _ in 0..3 {
        speaker.send("hello\n");
        server.run();
        assert_eq!(flooder.read(), format!("{}: hello\n", speaker.port()));
    }
}
