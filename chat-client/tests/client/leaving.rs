//! Every way of leaving is a good one: what was typed before it is delivered, the server is told,
//! and the exit code is 0.

use crate::support::lines;
use crate::support::process::{Launch, Process};
use crate::support::server::{Server, says};
use crate::{GOODBYE, GREETING, expect_visit};

/// Types two lines and leaves at once, in whatever way; checks both sides.
#[track_caller]
fn leaves(leave: impl FnOnce(&mut Process)) {
    let mut server = Server::start(&[]);
    let mut other = server.join();
    let mut client = Launch::client(&[&server.addr_arg()]).start();
    let port = server.arrival();
    client.write("one\ntwo\n");
    leave(&mut client);
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");

    other.expect_bytes(format!("{port}: one\n{port}: two\n"));
    expect_visit(&server, &other, port);
}

#[test]
fn exit_leaves() {
    leaves(|client| client.type_line("exit"));
}

#[test]
fn exit_in_any_case_and_with_spaces_around_it_leaves() {
    leaves(|client| client.type_line("  Exit\t "));
    leaves(|client| client.type_line("EXIT\r"));
}

#[test]
fn the_end_of_the_input_leaves() {
    leaves(Process::end_input);
}

#[test]
fn exit_as_the_last_word_of_an_unfinished_line_leaves() {
    leaves(|client| {
        client.write("exit");
        client.end_input();
    });
}

#[test]
fn nothing_that_is_typed_after_exit_is_sent() {
    leaves(|client| client.write("exit\nthree\n"));
}

#[test]
fn a_message_that_only_contains_exit_does_not_leave() {
    let mut server = Server::start(&[]);
    let mut other = server.join();
    let mut client = Launch::client(&[&server.addr_arg()]).start();
    let port = server.arrival();
    for line in ["exit?", "no exit", "exit exit"] {
        client.type_line(line);
        other.expect(&format!("{port}: {line}"));
    }
    assert!(client.is_running());
}

#[test]
fn one_who_leaves_without_a_word_leaves_like_anybody() {
    let mut server = Server::start(&[]);
    let mut client = Launch::client(&[&server.addr_arg()]).start();
    client.end_input();
    let port = server.arrival();
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
    let printed = [server.greeting(), says::came(port), says::exits(port), says::gone(port)];
    server.out.wait_for_all(&lines(printed));
}
