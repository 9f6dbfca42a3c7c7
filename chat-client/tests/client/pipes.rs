//! The client in a pipeline: its input from a program, its output into one, or into a file.

use std::fmt::Write;
use std::{fs, process};

use chat_core::testing::eventually;

use crate::support::lines;
use crate::support::process::Launch;
use crate::support::server::{Server, says};
use crate::{GOODBYE, GREETING};

#[test]
fn all_lines_of_a_short_pipe_are_sent() {
    // printf 'a\nb\n' | chat-client
    let mut server = Server::start(&[]);
    let mut client = Launch::client(&[&server.addr_arg()]).start();
    client.write("a\nb\n");
    client.end_input();
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
    let port = server.arrival();
    server.out.wait_for_all(&lines([
        server.greeting(),
        says::came(port),
        says::relays(port, "a"),
        says::relays(port, "b"),
        says::exits(port),
        says::gone(port),
    ]));
}

#[test]
fn a_last_line_without_an_end_is_sent_and_empty_lines_are_not() {
    let mut server = Server::start(&[]);
    let mut other = server.join();
    let mut client = Launch::client(&[&server.addr_arg()]).start();
    let port = server.arrival();
    client.write("\n\r\n   \none\r\n\ntwo");
    client.end_input();
    client.finish().expect_code(0).expect_err("");
    other.expect_bytes(format!("{port}: one\n{port}: two\n"));
    other.say("exit");
    other.expect_end();
}

#[test]
fn a_long_pipe_arrives_whole_and_in_order() {
    const COUNT: usize = 50_000;
    let mut server = Server::start(&["--quiet"]);
    let mut other = server.join();
    let mut client = Launch::client(&[&server.addr_arg()]).start();
    let port = server.arrival();
    let (mut typed, mut due) = (String::new(), String::new());
    for number in 0..COUNT {
        writeln!(typed, "line {number}").unwrap();
        writeln!(due, "{port}: line {number}").unwrap();
    }
    client.write(&typed);
    client.end_input();
    other.expect_bytes(due);
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
    other.say("exit");
    other.expect_end();
}

#[test]
fn the_output_goes_into_a_file() {
    let path = std::env::temp_dir().join(format!("chat-client-output-{}.txt", process::id()));
    let mut server = Server::start(&[]);
    let mut other = server.join();
    let launch = Launch::client(&[&server.addr_arg()]);
    let mut client = launch.print_to(fs::File::create(&path).unwrap()).start();
    server.arrival();
    other.say("for the record");
    // It is written as it comes, not when the client ends.
    let heard = lines([GREETING.to_owned(), format!("{}: for the record", other.port())]);
    eventually("the line in the file", || {
        let written = fs::read_to_string(&path).unwrap();
        assert!(heard.starts_with(&written), "{written}");
        if written == heard { Ok(()) } else { Err(written) }
    });
    client.type_line("exit");
    let ending = client.finish();
    let written = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    ending.expect_code(0).expect_err("");
    assert_eq!(written, heard + &lines([GOODBYE]));
}

#[test]
fn a_closed_output_ends_the_client_without_a_panic() {
    // chat-client | head -n 2, with the input still open: nobody reads, so that nobody chats.
    let mut server = Server::start(&[]);
    let mut other = server.join();
    let mut client = Launch::client(&[&server.addr_arg()]).head(2).start();
    let port = server.arrival();
    other.say("one");
    client.out.wait_for_end();
    // A process that another test is just starting may hold a copy of the pipe for a moment, so
    // that one more line can still find room there.
    eventually("the end of the client", || {
        other.say("more");
        if client.is_running() { Err("it runs still") } else { Ok(()) }
    });
    let heard = format!("{}: one", other.port());
    client.finish().expect_code(0).expect_out(&lines([GREETING, &heard])).expect_err("");
    // The server was told in good order.
    server.out.wait("telling that the client exits", |out| {
        out.contains(&says::exits(port)).then_some(())
    });
}
