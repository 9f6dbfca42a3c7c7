//! How many clients one address may have, and how often it may connect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use chat_core::testing::{ManualClock, Peer, TestServer, eventually};
use chat_core::{Rate, Server, ServerConfig, Stats};

use crate::clocked;

const TOO_OFTEN: &str = "* your address connects too often, try again later";

/// An address of this machine.
fn at(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

#[track_caller]
fn join_from(server: &TestServer, from: IpAddr) -> Peer {
    server.admit(|| Peer::connect_from(from, server.addr()))
}

#[track_caller]
fn is_refused(server: &TestServer, from: IpAddr, why: &str) {
    let mut peer = Peer::connect_from(from, server.addr());
    peer.expect(why);
    peer.expect_end();
}

/// Comes again for as long as it is refused.
#[track_caller]
fn join_when_there_is_a_place(server: &TestServer, from: IpAddr) -> Peer {
    let came = |stats: &Stats| stats.accepted + stats.refused.total();
    eventually("a place", || {
        let before = server.handle().stats();
        let peer = Peer::connect_from(from, server.addr());
        let after = server.wait_for_stats("let in or refused", |now| came(now) > came(&before));
        if after.accepted > before.accepted { Ok(peer) } else { Err(Box::new(after)) }
    })
}

#[test]
fn an_address_has_so_many_places_and_gets_them_back() {
    for io_threads in [1, 3] {
        let server = clocked::server(&ManualClock::new(), |config| {
            config.io_threads = io_threads;
            config.limits.clients_per_ip = Some(3);
        });
        let mut three: Vec<Peer> = (0..3).map(|_| join_from(&server, at(2))).collect();
        for refused in 1..=2 {
            is_refused(&server, at(2), "* your address has 3 clients here, the most");
            let stats = server.wait_for_stats("refused", |stats| stats.refused.per_ip == refused);
            assert_eq!((stats.refused.total(), stats.accepted, stats.clients), (refused, 3, 3));
        }
        // Others have places of their own.
        let mut other = join_from(&server, at(3));
        other.say("hello");
        for peer in &mut three {
            peer.expect(&other.says("hello"));
        }
        // Whichever way one leaves, there is a place once its I/O thread has let go of it. Another one
        // may accept whoever comes next.
        let leave: [fn(Peer); 3] = [drop, Peer::reset, |mut peer| {
            peer.say("I am done");
            peer.end_sending();
            peer.expect_end();
        }];
        for leave in leave {
            let leaving = three.remove(0);
            let conn = server.conn_of(&leaving);
            leave(leaving);
            server.farewell_of(conn);
            three.push(join_when_there_is_a_place(&server, at(2)));
            is_refused(&server, at(2), "* your address has 3 clients here, the most");
        }
    }
}

#[test]
fn an_address_may_connect_so_often() {
    let clock = ManualClock::new();
    let server = clocked::server(&clock, |config| {
        config.limits.clients_per_ip = None;
        config.limits.connects_per_ip = Some(Rate::new(2, 3));
    });
    let mut peers: Vec<Peer> = (0..3).map(|_| join_from(&server, at(2))).collect();
    is_refused(&server, at(2), TOO_OFTEN);
    join_from(&server, at(3));
    let (tick, half) = (Duration::from_nanos(1), Duration::from_millis(500));
    for refused in [1, 3, 5] {
        server.wait_for_stats("refused", |stats| stats.refused.too_often == refused);
        // To be refused takes no more time than to wait.
        clock.advance(half.saturating_sub(tick));
        is_refused(&server, at(2), TOO_OFTEN);
        clock.advance(tick);
        peers.push(join_from(&server, at(2)));
        is_refused(&server, at(2), TOO_OFTEN);
    }
    // Those who are in are not disturbed by it.
    let mut speaker = peers.remove(0);
    speaker.say("still here");
    for peer in &mut peers {
        peer.expect(&speaker.says("still here"));
    }
}

#[test]
fn each_cause_is_counted_by_itself() {
    let server = clocked::server(&ManualClock::new(), |config| {
        config.limits.clients = 2;
        config.limits.clients_per_ip = Some(1);
        config.limits.connects_per_ip = Some(Rate::new(1, 2));
    });
    let _one = join_from(&server, at(2));
    is_refused(&server, at(2), "* your address has 1 clients here, the most");
    let _two = join_from(&server, at(3));
    for _ in 0..2 {
        is_refused(&server, at(4), "* the server is full (2 clients), try again later");
    }
    is_refused(&server, at(4), TOO_OFTEN);
    let stats = server.wait_for_stats("all refused", |stats| stats.refused.total() == 4);
    let refused = stats.refused;
    assert_eq!((refused.per_ip, refused.full, refused.too_often), (1, 2, 1));
    assert_eq!((stats.accepted, stats.clients), (2, 2));
}

/// Where the one bound is reached, the other goes on counting nothing.
#[test]
fn who_is_refused_for_having_enough_has_not_connected() {
    let server = clocked::server(&ManualClock::new(), |config| {
        config.limits.clients_per_ip = Some(1);
        config.limits.connects_per_ip = Some(Rate::new(1, 2));
    });
    let first = join_from(&server, at(2));
    for _ in 0..5 {
        is_refused(&server, at(2), "* your address has 1 clients here, the most");
    }
    let conn = server.conn_of(&first);
    drop(first);
    server.farewell_of(conn);
    let second = join_from(&server, at(2));
    let conn = server.conn_of(&second);
    drop(second);
    server.farewell_of(conn);
    is_refused(&server, at(2), TOO_OFTEN);
}

fn tight(config: &mut ServerConfig) {
    config.limits.clients_per_ip = Some(1);
    config.limits.connects_per_ip = Some(Rate::new(1, 1));
}

#[test]
fn the_same_machine_is_free_of_both() {
    let server = clocked::server(&ManualClock::new(), |config| {
        tight(config);
        config.limits.exempt_loopback = true;
    });
    let peers: Vec<Peer> = (0..20).map(|_| join_from(&server, at(2))).collect();
    let stats = server.handle().stats();
    assert_eq!((stats.clients, stats.refused.total()), (peers.len(), 0));
}

#[test]
fn both_can_be_left_out() {
    let server = clocked::server(&ManualClock::new(), |config| {
        config.limits.clients_per_ip = None;
        config.limits.connects_per_ip = None;
    });
    let peers: Vec<Peer> = (0..100).map(|_| join_from(&server, at(2))).collect();
    let stats = server.handle().stats();
    assert_eq!((stats.clients, stats.refused.total()), (peers.len(), 0));
}

#[test]
fn both_hold_for_ipv6() {
    // A machine without IPv6 has nothing to test here.
    let Ok(server) = Server::bind("[::1]:0") else { return };
    let mut config = ServerConfig::default();
    config.limits.exempt_loopback = false;
    config.limits.clients_per_ip = Some(2);
    config.limits.connects_per_ip = Some(Rate::new(1, 3));
    let server = TestServer::run(server.config(config).clock(&ManualClock::new()));
    let from = Ipv6Addr::LOCALHOST.into();
    let (first, mut second) = (join_from(&server, from), join_from(&server, from));
    is_refused(&server, from, "* your address has 2 clients here, the most");
    let conn = server.conn_of(&first);
    drop(first);
    server.farewell_of(conn);
    let mut third = join_from(&server, from);
    third.say("hello");
    second.expect(&third.says("hello"));
    let conn = server.conn_of(&third);
    drop(third);
    server.farewell_of(conn);
    is_refused(&server, from, TOO_OFTEN);
}
