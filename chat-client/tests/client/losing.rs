//! A server that goes away, in whatever way, and a client that is not to wait for it: the person is
//! told, and the exit code is 1.

use crate::support::lines;
use crate::support::process::{Launch, Process};
use crate::support::server::Server;
use crate::{GOODBYE, GREETING, LOST, connected, connected_with};

/// The option that makes a loss the end.
const STAYING_AWAY: &[&str] = &["--no-reconnect"];

/// Checks what a client prints whose server went away, while its input is still open.
#[track_caller]
fn is_lost(client: Process, heard: &[&str]) {
    let printed = [&[GREETING], heard, &[LOST, GOODBYE]].concat();
    client.finish().expect_code(1).expect_out(&lines(printed)).expect_err("");
}

#[test]
fn a_server_that_closes_is_told_of() {
    let (client, server) = connected_with(STAYING_AWAY);
    drop(server);
    is_lost(client, &[]);
}

#[test]
fn a_server_that_breaks_off_is_told_of() {
    let (client, server) = connected_with(STAYING_AWAY);
    server.reset();
    is_lost(client, &[]);
}

#[test]
fn what_the_server_said_last_is_shown_before() {
    let (client, mut server) = connected_with(STAYING_AWAY);
    server.send("51839: bye\n* closed: no newline follows");
    drop(server);
    is_lost(client, &["51839: bye", "* closed: no newline follows"]);
}

#[cfg(unix)]
#[test]
fn a_server_that_is_stopped_is_told_of() {
    let mut server = Server::start(&[]);
    let client = Launch::client(&[STAYING_AWAY, &[&server.addr_arg()]].concat()).start();
    server.arrival();
    server.signal(rustix::process::Signal::TERM);
    is_lost(client, &[]);
    server.into_process().finish().expect_code(0);
}

#[test]
fn a_server_that_is_killed_is_told_of() {
    let mut server = Server::start(&[]);
    let client = Launch::client(&[STAYING_AWAY, &[&server.addr_arg()]].concat()).start();
    server.arrival();
    drop(server);
    is_lost(client, &[]);
}

#[test]
fn a_server_that_closes_when_it_hears_exit_is_not_lost() {
    let (mut client, mut server) = connected();
    client.type_line("exit");
    server.expect("exit");
    drop(server);
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
}
