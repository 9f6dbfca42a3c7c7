//! Which numbers can be chosen.

use std::time::Duration;

use chat_core::testing::TestServer;
use chat_core::{Error, Flood, Rate, Server, ServerConfig};

/// Checks that a config is refused, and for this field.
#[track_caller]
fn refused(field: &str, set: impl FnOnce(&mut ServerConfig)) {
    let mut config = ServerConfig::default();
    set(&mut config);
    let server = Server::bind("127.0.0.1:0").unwrap().config(config);
    let handle = server.handle();
    match server.spawn() {
        Err(Error::Config { field: named, problem }) => {
            assert_eq!(named, field);
            assert!(!problem.is_empty());
        }
        other => panic!("{field}: {other:?}"),
    }
    assert!(handle.clients().is_err());
}

#[test]
fn a_config_that_cannot_work_is_refused_with_the_name_of_the_field() {
    refused("io_threads", |config| config.io_threads = 0);
    refused("io_threads", |config| config.io_threads = 257);
    refused("limits.line", |config| config.limits.line = 0);
    refused("limits.endless_line", |config| config.limits.endless_line = 100);
    refused("limits.backlog", |config| config.limits.backlog = 0);
    refused("limits.direct", |config| config.limits.direct = 0);
    refused("limits.clients", |config| config.limits.clients = 0);
    refused("limits.inbox", |config| config.limits.inbox = 0);
    refused("limits.feed", |config| config.limits.feed = 0);
    refused("limits.events", |config| config.limits.events = 0);
    // A queue takes its memory at the start, and not every system can wait for longer or shorter.
    refused("limits.inbox", |config| config.limits.inbox = usize::MAX);
    refused("limits.feed", |config| config.limits.feed = usize::MAX);
    refused("limits.keepalive", |config| {
        config.limits.keepalive = Some(Duration::from_millis(500));
    });
    refused("limits.keepalive", |config| config.limits.keepalive = Some(Duration::from_hours(12)));
    refused("limits.clients_per_ip", |config| config.limits.clients_per_ip = Some(0));
    refused("limits.budget", |config| config.limits.budget = 0);
    // What is less than a millisecond is no time.
    for time in [Duration::ZERO, Duration::from_micros(999)] {
        refused("limits.idle", |config| config.limits.idle = Some(time));
        refused("limits.write_timeout", |config| config.limits.write_timeout = Some(time));
    }
}

#[test]
fn a_rate_that_lets_nothing_pass_is_refused_with_the_name_of_the_field() {
    let good = Flood::default();
    for rate in [Rate::new(0, 1), Rate::new(1, 0)] {
        refused("limits.connects_per_ip", |config| config.limits.connects_per_ip = Some(rate));
        refused("limits.flood.lines", |config| {
            config.limits.flood = Some(Flood::new(rate, good.bytes));
        });
        refused("limits.flood.bytes", |config| {
            config.limits.flood = Some(Flood::new(good.lines, rate));
        });
    }
}

#[test]
fn the_smallest_numbers_work() {
    let one = Rate::new(1, 1);
    let server = TestServer::with(|config| {
        config.limits.clients_per_ip = Some(1);
        config.limits.connects_per_ip = Some(one);
        config.limits.flood = Some(Flood::new(one, one));
        config.limits.keepalive = Some(Duration::from_secs(1));
        config.limits.write_timeout = Some(Duration::from_millis(1));
    });
    let (mut a, mut b) = (server.join(), server.join());
    a.say("these do not hold here");
    b.expect(&a.says("these do not hold here"));
}

#[test]
fn the_largest_numbers_work() {
    let server = TestServer::with(|config| {
        config.limits.line = usize::MAX;
        config.limits.endless_line = usize::MAX;
        config.limits.backlog = usize::MAX;
        config.limits.events = usize::MAX;
        config.limits.direct = usize::MAX;
        config.limits.budget = usize::MAX;
        config.limits.clients_per_ip = Some(usize::MAX);
        let most = Rate::new(u32::MAX, u32::MAX);
        config.limits.connects_per_ip = Some(most);
        config.limits.flood = Some(Flood::new(most, most));
        config.limits.exempt_loopback = false;
        config.limits.keepalive = Some(Duration::from_secs(32_767));
        config.limits.write_timeout = Some(Duration::MAX);
        config.limits.idle = Some(Duration::MAX);
    });
    let (mut a, mut b) = (server.join(), server.join());
    a.send("in two ");
    a.say("pieces");
    b.expect(&a.says("in two pieces"));
}
