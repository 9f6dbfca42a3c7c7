//! What a server publishes through the facade `metrics`.
//!
//! Servers publish from threads of their own, and so to the one recorder of the process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod recorder;

use chat_core::testing::{Peer, TestServer, eventually};
use chat_core::{Admission, Server, ServerConfig, Stats};

use recorder::Recorded;

#[test]
fn a_server_publishes_what_it_counts() {
    let recorded = Recorded::install();
    let mut config = ServerConfig::default();
    config.limits.clients = 3;
    config.limits.line = 20;
    let server = Server::bind("127.0.0.1:0").unwrap().config(config);
    let mut server = TestServer::run(server);
    let name = server.addr().to_string();

    let mut peers: Vec<Peer> = (0..3).map(|_| server.join()).collect();
    Peer::connect(server.addr()).expect_rest("* the server is full (3 clients), try again later\n");
    peers[0].say("hello");
    peers[0].say("this is longer than 20 bytes");
    let hello = peers[0].says("hello");
    peers[1].expect(&hello);
    peers[2].expect(&hello);
    peers[0].expect("* line refused: it is longer than 20 bytes");
    // While it runs, what it counts is seen by and by, without anybody's asking.
    eventually("the numbers of the running server", || {
        let seen = [
            recorded.gauge("chat_clients", &name, None),
            recorded.gauge("chat_max_clients", &name, None),
            recorded.counter("chat_accepted_total", &name, None),
            recorded.counter("chat_refused_total", &name, Some(("cause", "full"))),
            recorded.counter("chat_lines_in_total", &name, None),
            recorded.counter("chat_lines_refused_total", &name, None),
        ];
        if seen == [3, 3, 3, 1, 1, 1].map(Some) { Ok(()) } else { Err(seen) }
    });

    peers[0].say("exit");
    peers[0].expect_end();
    server.farewell_of(server.conn_of(&peers[0]));
    server.stop();
    // When it has stopped, all that it counted was published.
    let stats = server.handle().stats();
    assert_eq!((stats.closed.exit, stats.closed.shutdown, stats.lines_out), (1, 2, 3));
    check(&recorded, &name, &stats);

    // A number that is published is described, and has a unit.
    assert_eq!(recorded.unknown(), Vec::<String>::new());
    assert_eq!(recorded.unit("chat_bytes_out_total"), Some(metrics::Unit::Bytes));
    assert_eq!(recorded.unit("chat_closed_total"), Some(metrics::Unit::Count));

    the_next_server_at_the_same_address_goes_on(&recorded, &server, &stats);
}

/// Counters only grow: those of two servers that run one after another add up.
fn the_next_server_at_the_same_address_goes_on(
    recorded: &Recorded,
    first: &TestServer,
    before: &Stats,
) {
    let addr = first.addr();
    let next = Server::bind(addr).unwrap().on_connect(|_| Admission::refuse("not today"));
    let mut next = TestServer::run(next);
    Peer::connect(addr).expect_rest("* not today\n");
    next.stop();
    let name = addr.to_string();
    let refused = |cause| recorded.counter("chat_refused_total", &name, Some(("cause", cause)));
    assert_eq!((refused("full"), refused("by_guard")), (Some(1), Some(1)));
    let accepted = recorded.counter("chat_accepted_total", &name, None);
    assert_eq!(accepted, Some(before.accepted));
}

/// All that was counted is what was recorded.
fn check(recorded: &Recorded, server: &str, stats: &Stats) {
    let count = |number: usize| u64::try_from(number).unwrap();
    for (name, expected) in [
        ("chat_clients", count(stats.clients)),
        ("chat_max_clients", count(stats.max_clients)),
        ("chat_slowest_backlog_bytes", stats.slowest.map_or(0, |slowest| slowest.backlog)),
        ("chat_backlog_high_water_bytes", stats.backlog_high_water),
        ("chat_budget_used_bytes", count(stats.budget_used)),
        ("chat_budget_bytes", count(stats.budget)),
    ] {
        assert_eq!(recorded.gauge(name, server, None), Some(expected), "{name}");
    }
    for (name, expected) in [
        ("chat_accepted_total", stats.accepted),
        ("chat_accept_errors_total", stats.accept_errors),
        ("chat_lines_in_total", stats.lines_in),
        ("chat_bytes_in_total", stats.bytes_in),
        ("chat_lines_out_total", stats.lines_out),
        ("chat_bytes_out_total", stats.bytes_out),
        ("chat_lines_refused_total", stats.lines_refused),
        ("chat_lines_rejected_total", stats.lines_rejected),
        ("chat_lines_dropped_total", stats.lines_dropped),
        ("chat_lines_skipped_total", stats.lines_skipped),
        ("chat_flooding_total", stats.flooding),
        ("chat_events_missed_total", stats.events_missed),
        ("chat_handler_panics_total", stats.handler_panics),
    ] {
        assert_eq!(recorded.counter(name, server, None), Some(expected), "{name}");
    }
    for (cause, expected) in stats.refused.by_cause() {
        let found = recorded.counter("chat_refused_total", server, Some(("cause", cause)));
        assert_eq!(found, Some(expected), "{cause}");
    }
    for (reason, expected) in stats.closed.by_reason() {
        let found = recorded.counter("chat_closed_total", server, Some(("reason", reason)));
        assert_eq!(found, Some(expected), "{reason}");
    }
}
