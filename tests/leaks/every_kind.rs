//! Ten thousand connections of every kind, honest, hostile and refused.
//!
//! On Linux alone, where each `127.x.y.z` is an address of the machine, and where descriptors and
//! threads can be counted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;

use chat_core::testing::{Hostile, Peer, Random, TestServer, check_pairs, eventually};
use chat_core::{Admission, Server, ServerConfig};

use crate::{alone, process};

/// What is to come, and how often: the more it costs, the more rarely.
const VISITS: [(Visit, usize); 12] = [
    (Visit::Attack(Hostile::NeverReads), 900),
    (Visit::Attack(Hostile::HalfOpen), 900),
    (Visit::Attack(Hostile::OneByteAtATime), 900),
    (Visit::Attack(Hostile::Resets), 900),
    (Visit::Attack(Hostile::EndlessLine), 200),
    (Visit::Attack(Hostile::TlsHello), 900),
    (Visit::Attack(Hostile::Garbage), 200),
    (Visit::Attack(Hostile::Floods), 50),
    (Visit::Attack(Hostile::ConnectsAndDrops), 850),
    (Visit::SaysExit, 750),
    (Visit::EndsTheStream, 750),
    (Visit::Barred, BARRED),
];
const BARRED: usize = 1000;
/// How many clients there may be of one address, and in all.
const PER_IP: usize = 200;
const CLIENTS: usize = 300;
/// How many more come of an address that has its share, and to a full server.
const TOO_MANY: usize = 700;
/// All of them.
const CONNECTIONS: usize = 10_000;

/// How many threads make them.
const DRIVERS: usize = 4;
/// How many of those who are up to no good each of those has open at a time.
const OPEN: usize = 8;

/// What the server runs on.
const THREADS: [&str; 6] =
    ["chat-events", "chat-hub", "chat-io-0", "chat-io-1", "chat-io-2", "chat-metrics"];

/// One kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    Attack(Hostile),
    /// Talks and leaves in good order.
    SaysExit,
    /// Talks and ends its half of the stream.
    EndsTheStream,
    /// Comes from where nobody is let in.
    Barred,
}

/// The addresses of the machine, by a number.
fn address(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, number).into()
}

#[test]
fn nothing_is_left_of_ten_thousand_connections_of_every_kind() {
    let _alone = alone();
    assert!(
        Hostile::ALL
            .iter()
            .all(|&kind| { VISITS.iter().any(|&(visit, _)| visit == Visit::Attack(kind)) })
    );
    let visits: usize = VISITS.iter().map(|(_, count)| count).sum();
    assert_eq!(visits + CLIENTS + 2 * TOO_MANY, CONNECTIONS);

    let before_the_start = process::open_descriptors();
    let mut server = start();
    // A thread has its name a moment after it has started.
    eventually("the threads of the server", || {
        let names = threads();
        if names == THREADS { Ok(()) } else { Err(names) }
    });
    let before = process::open_descriptors();

    drive(server.addr());
    is_as(before, &server);
    let stats = server.handle().stats();
    assert_eq!(stats.refused.by_guard, BARRED as u64);
    assert_eq!(stats.accepted + stats.refused.total(), visits as u64, "{stats:#?}");

    overfill(&server);
    is_as(before, &server);
    let stats = server.handle().stats();
    assert_eq!((stats.refused.per_ip, stats.refused.full), (TOO_MANY as u64, TOO_MANY as u64));
    assert_eq!(stats.accepted + stats.refused.total(), CONNECTIONS as u64, "{stats:#?}");
    assert_eq!((stats.accept_errors, stats.refused.no_files), (0, 0));
    assert_eq!(stats.accepted, stats.closed.total());

    server.stop();
    assert_eq!(server.handle().stats().budget_used, 0);
    assert_eq!(check_pairs(&server.events().all()).len() as u64, stats.accepted);
    assert_eq!(threads(), Vec::<String>::new());
    drop(server);
    assert_eq!(process::open_descriptors(), before_the_start);
}

fn start() -> TestServer {
    let mut config = ServerConfig::default();
    config.io_threads = 3;
    config.limits.clients = CLIENTS;
    config.limits.clients_per_ip = Some(PER_IP);
    config.limits.connects_per_ip = None;
    config.limits.exempt_loopback = false;
    // Somebody who says 5,000 lines at once would be read for minutes.
    config.limits.flood = None;
    config.limits.events = 1 << 30;
    let server = Server::bind("127.0.0.1:0").unwrap().config(config);
    TestServer::run(server.on_connect(|addr| {
        if addr.ip() == address(2) { Admission::refuse("not you") } else { Admission::Admit }
    }))
}

fn threads() -> Vec<String> {
    let names = process::threads_of_the_chat();
    let mut names: Vec<String> = names.iter().map(|name| name.trim_end().to_owned()).collect();
    names.sort_unstable();
    names
}

/// When all have left, the process has what it had before.
#[track_caller]
fn is_as(before: usize, server: &TestServer) {
    server.wait_for_stats("nobody is left", |stats| stats.clients == 0);
    eventually(&format!("{before} descriptors, as before"), || {
        let now = process::open_descriptors();
        if now == before { Ok(()) } else { Err(now) }
    });
    assert_eq!(threads(), THREADS);
}

/// Makes all visits, in an order of chance.
fn drive(server: SocketAddr) {
    let visits = VISITS.iter().flat_map(|&(visit, count)| vec![visit; count]);
    let mut visits: Vec<Visit> = visits.collect();
    let mut random = Random::new(1);
    for last in (1..visits.len()).rev() {
        visits.swap(last, random.below(last + 1));
    }
    thread::scope(|scope| {
        for visits in visits.chunks(visits.len().div_ceil(DRIVERS)) {
            scope.spawn(move || {
                let mut open = std::collections::VecDeque::new();
                for visit in visits {
                    open.extend(visit.make(server));
                    if open.len() > OPEN {
                        open.pop_front();
                    }
                }
            });
        }
    });
}

impl Visit {
    /// Connects once. What is left of the connection is to be kept for a while.
    fn make(self, server: SocketAddr) -> Option<Peer> {
        match self {
            Visit::Attack(kind) => return kind.attack(server).peer,
            Visit::SaysExit => {
                let mut peer = Peer::connect(server);
                peer.send("hello\nexit\n");
                peer.rest();
            }
            Visit::EndsTheStream => {
                let mut peer = Peer::connect(server);
                peer.send("hello\ngoodb");
                peer.end_sending();
                peer.rest();
            }
            Visit::Barred => Peer::connect_from(address(2), server).expect_rest("* not you\n"),
        }
        None
    }
}

/// Fills the server with those who stay, while more come of an address that has its share, and then
/// of others.
fn overfill(server: &TestServer) {
    let join = |from| server.admit(|| Peer::connect_from(from, server.addr()));
    let mut here: Vec<Peer> = (0..PER_IP).map(|_| join(address(3))).collect();
    let enough = format!("* your address has {PER_IP} clients here, the most\n");
    for _ in 0..TOO_MANY {
        Peer::connect_from(address(3), server.addr()).expect_rest(&enough);
    }
    here.extend((PER_IP..CLIENTS).map(|_| join(address(4))));
    let full = format!("* the server is full ({CLIENTS} clients), try again later\n");
    for _ in 0..TOO_MANY {
        Peer::connect_from(address(5), server.addr()).expect_rest(&full);
    }
}
