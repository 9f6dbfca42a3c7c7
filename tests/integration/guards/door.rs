//! Who comes in, and what those are told who do not.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chat_core::testing::{Peer, TestServer};
use chat_core::{Admission, Server, ServerConfig, ServerEvent};

use super::bind;

#[test]
fn who_is_refused_reads_why_and_who_is_not_comes_in() {
    for io_threads in [1, 2] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let server = TestServer::run(bind(io_threads).on_connect(move |addr| {
            let mut seen = seen.lock().unwrap();
            seen.push(addr);
            // Every other one.
            match seen.len() % 2 {
                0 => Admission::refuse("not today \x1b[1m"),
                _ => Admission::Admit,
            }
        }));
        let mut guests: Vec<Peer> = Vec::new();
        let mut came = Vec::new();
        for refused in 1..=4 {
            guests.push(server.join());
            came.push(guests.last().unwrap().addr());
            let mut peer = Peer::connect(server.addr());
            came.push(peer.addr());
            // It may have spoken before it is told.
            peer.send("let me in\n");
            peer.expect("* not today \u{fffd}[1m");
            peer.expect_end();
            server.wait_for_stats("refused", |stats| stats.refused.by_guard == refused);
        }
        assert_eq!(*asked.lock().unwrap(), came);
        let stats = server.handle().stats();
        assert_eq!((stats.accepted, stats.clients, stats.refused.total()), (4, 4, 4));
        assert_eq!((stats.lines_in, stats.handler_panics), (0, 0));
        let mut speaker = guests.remove(0);
        speaker.say("we are in");
        for guest in &mut guests {
            guest.expect(&speaker.says("we are in"));
        }
        let connected = |event: &&ServerEvent| matches!(event, ServerEvent::Connected { .. });
        assert_eq!(server.events().all().iter().filter(connected).count(), 4);
    }
}

#[test]
fn who_is_refused_takes_no_place() {
    let mut config = ServerConfig::default();
    config.limits.clients = 1;
    config.limits.clients_per_ip = Some(1);
    config.limits.exempt_loopback = false;
    let count = AtomicUsize::new(0);
    let server =
        Server::bind("127.0.0.1:0").unwrap().config(config).on_connect(move |_| {
            match count.fetch_add(1, Ordering::Relaxed) {
                0..5 => Admission::refuse("not yet"),
                _ => Admission::Admit,
            }
        });
    let server = TestServer::run(server);
    for _ in 0..5 {
        let mut peer = Peer::connect(server.addr());
        peer.expect("* not yet");
        peer.expect_end();
    }
    server.join();
}

#[test]
fn a_panic_about_a_connection_is_a_refusal() {
    let count = AtomicUsize::new(0);
    let server =
        TestServer::run(bind(1).on_connect(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            1 => panic::resume_unwind(Box::new("at the door")),
            _ => Admission::Admit,
        }));
    let mut first = server.join();
    let mut second = Peer::connect(server.addr());
    second.expect("* the server could not check the connection");
    second.expect_end();
    let stats = server.wait_for_stats("refused", |stats| stats.refused.by_guard == 1);
    assert_eq!((stats.handler_panics, stats.accepted), (1, 1));
    let mut third = server.join();
    third.say("and on it goes");
    first.expect(&third.says("and on it goes"));
}
