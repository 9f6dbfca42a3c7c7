//! The limits, as options of the program.

use std::net::{IpAddr, Ipv4Addr};

use chat_core::testing::Peer;

use crate::support::process::Launch;
use crate::support::server::Server;

/// Every limit, a value for it, and one that cannot be.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("--max-clients", "10", "many"),
    ("--max-per-ip", "10", "-1"),
    ("--connect-rate", "1:10", "10"),
    ("--flood", "1:10", "0:10"),
    ("--flood-bytes", "100:1000", "off"),
    ("--max-line", "100", "100k"),
    ("--max-endless-line", "1000", ""),
    ("--backlog", "100000", "off"),
    ("--when-behind", "skip", "wait"),
    ("--direct", "1000", "off"),
    ("--write-timeout", "5", "5s"),
    ("--idle", "5", "never"),
    ("--keepalive", "30", "1.5"),
    ("--budget", "10000000", "10M"),
    ("--inbox", "10", "-"),
    ("--feed", "10", "-"),
    ("--events", "100000", "-"),
    ("--stats", "60", "0"),
    ("--allow", "127.0.0.0/8", "127.0.0.0/33"),
    ("--deny", "192.0.2.1", "example.org"),
];

/// The limits that can be switched off.
const SWITCHES: &[&str] =
    &["--max-per-ip", "--connect-rate", "--flood", "--write-timeout", "--idle", "--keepalive"];

fn of(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

#[test]
fn all_limits_together_make_a_server() {
    let mut options: Vec<&str> =
        OPTIONS.iter().flat_map(|&(name, value, _)| [name, value]).collect();
    options.push("--no-loopback-exemption");
    let mut server = Server::start(&options);
    let (mut a, mut b) = (server.join(), server.join());
    a.say("hello");
    b.expect(&a.says("hello"));

    let off: Vec<&str> = SWITCHES.iter().flat_map(|&name| [name, "off"]).collect();
    let mut server = Server::start(&off);
    let (mut a, mut b) = (server.join(), server.join());
    a.say("hello");
    b.expect(&a.says("hello"));
}

#[test]
fn a_limit_that_cannot_be_is_named() {
    for (name, _, wrong) in OPTIONS {
        let arg = format!("{name}={wrong}");
        let ending = Launch::server(&[&arg, "127.0.0.1:0"]).start().finish();
        ending.expect_code(2).expect_out("");
        assert!(ending.err.contains(name) && ending.err.contains("--help"), "{ending:?}");
    }
    for (args, problem) in [
        (["--max-per-ip", "0"], "limits.clients_per_ip is 0; it must be 1 or more"),
        (["--keepalive", "0"], "limits.keepalive is 0 s; it must be 1 to 32767 s"),
        (["--idle", "0"], "limits.idle is 0ns; it must be 1 ms or more"),
        (["--budget", "0"], "limits.budget is 0; it must be"),
        (["--inbox", "0"], "limits.inbox is 0; it must be 1 to 1048576"),
    ] {
        let ending = Launch::server(&[args[0], args[1], "127.0.0.1:0"]).start().finish();
        ending.expect_code(1).expect_out("");
        assert!(ending.err.contains(problem), "{ending:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_has_so_many_clients_when_the_loopback_is_no_exception() {
    let mut server = Server::start(&["--max-per-ip", "2", "--no-loopback-exemption"]);
    let (_one, mut two) = (server.join(), server.join());
    let mut three = Peer::connect(server.addr());
    three.expect("* your address has 2 clients here, the most");
    three.expect_end();
    let mut other = Peer::connect_from(of(2), server.addr());
    assert_eq!(server.arrival(), other.port());
    other.say("from another address");
    two.expect(&other.says("from another address"));
}

#[cfg(target_os = "linux")]
#[test]
fn who_is_not_admitted_reads_so() {
    for (options, admitted) in [
        (&["--deny", "127.0.0.2"][..], [true, false, true]),
        (&["--allow", "127.0.0.2/31"], [false, true, true]),
        (&["--allow", "127.0.0.0/30", "--deny", "127.0.0.3"], [true, true, false]),
        (&["--deny", "127.0.0.1", "--deny", "::ffff:127.0.0.3"], [false, true, false]),
    ] {
        let mut server = Server::start(options);
        for (last, is_admitted) in (1..).zip(admitted) {
            let mut peer = Peer::connect_from(of(last), server.addr());
            if is_admitted {
                assert_eq!(server.arrival(), peer.port());
            } else {
                peer.expect("* your address is not admitted here");
                peer.expect_end();
            }
        }
    }
}

#[test]
fn a_client_that_is_too_fast_is_read_more_slowly() {
    let mut server = Server::start(&["--flood", "20:5", "--no-loopback-exemption"]);
    let (mut fast, mut other) = (server.join(), server.join());
    fast.send("line\n".repeat(15));
    fast.expect(
        "* you are too fast: from 20 lines or 16384 bytes a second on, you are read more slowly",
    );
    for _ in 0..15 {
        other.expect(&fast.says("line"));
    }
    server.err.wait("telling of the flood", |err| {
        err.contains(") talks too fast and is read more slowly").then_some(())
    });
}

#[test]
fn what_was_counted_is_logged_now_and_then() {
    let mut server = Server::start(&["--stats", "1"]);
    let (mut a, mut b) = (server.join(), server.join());
    a.say("counted");
    b.expect(&a.says("counted"));
    server.err.wait("logging what was counted", |err| {
        err.contains("clients 2 of 16384, accepted 2, refused 0, closed 0; lines in 1 out 1")
            .then_some(())
    });
}

#[cfg(unix)]
#[test]
fn a_signal_prints_what_was_counted_once() {
    // Whatever is logged or not.
    let mut server = Server::launch(Launch::server(&["127.0.0.1:0"]).log("off"));
    let _peer = server.join();
    for times in 1..=2 {
        server.signal(rustix::process::Signal::USR1);
        server.err.wait("printing what was counted", |err| {
            (err.matches("[STATS] clients 1 of 16384").count() == times).then_some(())
        });
    }
    server.signal(rustix::process::Signal::TERM);
    let ending = server.into_process().finish();
    ending.expect_code(0);
    assert_eq!(ending.err.lines().count(), 2, "{ending:?}");
}
