//! Thousands of clients over real sockets, who come, talk, take names, go from room to room, and vanish,
//! all at random; and a model of the rules that says what each of them must have read, line by line.
//!
//! The operations of different clients race. The events are in the order of the hub, which is the one
//! order of all that happened: the model follows them, and then decides exactly.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod check;
mod driver;
mod model;
mod script;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use chat_core::testing::{TestServer, within};
use chat_core::wire::Framing;
use chat_core::{ServerConfig, ServerEvent};
use driver::{Common, Driver, Visitor};
use model::{Life, Model};
use script::{ROOMS, names};

/// How many threads move the crowd.
const DRIVERS: usize = 2;

#[test]
fn a_thousand_clients_read_what_the_model_says() {
    run(1000, Duration::from_secs(4));
}

#[test]
#[ignore = "takes a minute or two"]
fn five_thousand_clients_read_what_the_model_says() {
    run(5000, Duration::from_secs(30));
}

/// Nothing is limited but by the rules of names and rooms, and all events are told.
fn unlimited(config: &mut ServerConfig) {
    config.framing = Framing::Lines;
    // More than one, so that clients overtake each other.
    config.io_threads = 3;
    let limits = &mut config.limits;
    limits.backlog = 1 << 30;
    limits.direct = 1 << 30;
    limits.events = 1 << 30;
    limits.budget = 1 << 32;
    limits.write_timeout = None;
}

fn run(clients: usize, time: Duration) {
    allow_descriptors(2 * clients as u64 + 200);
    let mut server = TestServer::with(unlimited);
    // So few that many are refused.
    let names = clients / 2;
    let common = Common { server: server.addr(), names, time, ids: AtomicU64::new(0) };
    let visitors: Vec<Visitor> = thread::scope(|scope| {
        let drive = |seed| Driver::new(seed, &common, clients / DRIVERS).run();
        let drivers: Vec<_> =
            (0..DRIVERS).map(|seed| scope.spawn(move || drive(seed as u64))).collect();
        drivers.into_iter().flat_map(|driver| driver.join().unwrap()).collect()
    });

    assert!(visitors.len() > clients, "nobody has vanished and been replaced");
    let stats = server.wait_for_stats("all have left", |stats| {
        stats.clients == 0 && stats.closed.total() == visitors.len() as u64
    });
    assert_eq!((stats.events_missed, stats.refused.total()), (0, 0), "{stats}");
    assert_eq!(server.handle().clients().unwrap(), []);
    look_round(&server, names);

    within("stopping the server", {
        let running = server.take();
        move || running.stop()
    })
    .unwrap();
    let events = server.events().all();
    assert_eq!(server.handle().stats().events_missed, 0);
    check_all(&events, &visitors);
}

/// All have left: there is one room, and every name can be had.
fn look_round(server: &TestServer, count: usize) {
    let mut last = server.join();
    last.say("/rooms");
    last.expect("* 1 rooms: lobby (1)");
    last.say("/who");
    last.expect(&format!("* 1 in lobby: {}", last.port()));
    for name in (0..count).flat_map(names) {
        last.say(&format!("/nick {name}"));
        last.expect(&format!("* you are called {name}"));
    }
    // Each room is made anew, with the name that its maker gives it now.
    for room in (1..ROOMS).map(|which| format!("rOOm-{which}")) {
        last.say(&format!("/join {room}"));
        last.expect(&format!("* you are in {room}"));
    }
    last.say("exit");
    last.expect_end();
    server.wait_for_stats("the last one has left", |stats| stats.clients == 0);
}

/// Holds all who were there to what the events say.
fn check_all(events: &[ServerEvent], visitors: &[Visitor]) {
    let model = Model::of(events);
    assert!(model.is_empty(), "somebody is left");
    // An address may be used again, but only by somebody who comes when the former has left.
    let mut by_addr: HashMap<SocketAddr, VecDeque<&Life>> = HashMap::new();
    for life in &model.lives {
        by_addr.entry(life.addr).or_default().push_back(life);
    }
    let mut visitors: Vec<&Visitor> = visitors.iter().collect();
    visitors.sort_by_key(|visitor| visitor.id);
    for visitor in &visitors {
        let life = by_addr.get_mut(&visitor.addr).and_then(VecDeque::pop_front);
        check::check(&model, life.unwrap_or_else(|| panic!("{visitor:?} never came")), visitor);
    }
    // The one who looked round is left.
    assert_eq!(by_addr.values().map(VecDeque::len).sum::<usize>(), 1);
}

/// Both ends of each connection are in this process.
#[cfg(unix)]
fn allow_descriptors(count: u64) {
    use rlimit::Resource;
    let (current, most) = Resource::NOFILE.get().unwrap();
    if current < count {
        Resource::NOFILE.set(count, most).expect("as many descriptors as the crowd takes");
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn allow_descriptors(_: u64) {}
