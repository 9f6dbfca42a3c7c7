//! SIGINT and SIGTERM leave in good order; a second one ends the client at once.

use std::io::Write;
use std::thread::{self, JoinHandle};

use chat_core::testing::eventually;
use rustix::process::Signal;

use crate::support::lines;
use crate::support::process::{Launch, Process};
use crate::support::server::Server;
use crate::{GOODBYE, GREETING, connected, expect_visit};

#[test]
fn a_signal_leaves_after_what_was_said() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = Server::start(&[]);
        let mut other = server.join();
        let mut client = Launch::client(&[&server.addr_arg()]).start();
        let port = server.arrival();
        client.write("one\ntwo\n");
        // A signal overtakes what waits in a pipe.
        other.expect_bytes(format!("{port}: one\n{port}: two\n"));
        client.signal(signal);
        client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
        expect_visit(&server, &other, port);
    }
}

#[test]
fn a_signal_right_after_the_greeting_leaves_like_any() {
    let (client, mut server) = connected();
    client.signal(Signal::INT);
    server.expect_rest("exit\n");
    drop(server);
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
}

/// Types numbered lines for as long as somebody takes them.
fn type_without_end(client: &mut Process) -> JoinHandle<()> {
    let mut input = client.take_input();
    thread::spawn(move || {
        let mut number = 0_u64;
        while writeln!(input, "line {number}").is_ok() {
            number += 1;
        }
    })
}

#[test]
fn a_signal_in_the_middle_of_a_long_pipe_leaves_no_gap_and_says_exit() {
    let (mut client, mut server) = connected();
    let typing = type_without_end(&mut client);
    server.expect_bytes(lines((0..100).map(|number| format!("line {number}"))));
    client.signal(Signal::INT);
    let said = String::from_utf8(server.rest()).unwrap();
    drop(server);

    let said: Vec<&str> = said.lines().collect();
    let (last, numbered) = said.split_last().unwrap();
    assert_eq!(*last, "exit");
    for (number, line) in (100..).zip(numbered) {
        assert_eq!(*line, format!("line {number}"));
    }
    let ending = client.finish();
    ending.expect_out(&lines([GREETING, GOODBYE]));
    // The typist may have had one more line in hand; if so, it is not kept quiet.
    match ending.code {
        Some(0) => assert_eq!(ending.err, ""),
        code => {
            assert_eq!(code, Some(1), "{ending:?}");
            let count = ending.err.strip_prefix("[ERROR] ").and_then(|err| {
                err.strip_suffix(" line could not be sent.\n")
                    .or_else(|| err.strip_suffix(" lines could not be sent.\n"))
            });
            assert!(count.is_some_and(|count| count.parse::<u64>().is_ok()), "{ending:?}");
        }
    }
    typing.join().unwrap();
}

#[test]
fn a_second_signal_ends_the_client_at_once() {
    let (mut client, server) = connected();
    // The server reads nothing, so that the first signal alone would wait for it in vain.
    let typing = type_without_end(&mut client);
    // Two signals may become one if the first is not yet taken, so that it may take some more.
    eventually("the end of the client", || {
        if !client.is_running() {
            return Ok(());
        }
        client.signal(Signal::INT);
        Err("it runs still")
    });
    client.finish().expect_code(130).expect_out(&lines([GREETING])).expect_err("");
    drop(server);
    typing.join().unwrap();
}
