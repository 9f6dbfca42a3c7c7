//! How those leave who were slowed.

use chat_core::testing::{ManualClock, Peer};
use chat_core::{CloseReason, ServerConfig};

use super::{SECOND, hear, lines, nothing_before, notice, numbered, server, wait_for_flooding};
use crate::clocked;

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

/// What it was too fast to say is not worth its place: it would take as long as the flooder likes.
#[test]
fn a_flooder_that_breaks_off_is_gone_at_once() {
    let clock = ManualClock::new();
    let server = server(&clock, lines(16, 4));
    let (mut flooder, mut listener, mut other) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&flooder);
    flooder.send(numbered(0..12));
    hear(&mut listener, &flooder, 0..4);
    wait_for_flooding(&server, conn);
    flooder.reset();
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
