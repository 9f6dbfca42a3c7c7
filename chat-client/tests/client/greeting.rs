//! What the client says before anything is typed: its name and its room.

use std::net::TcpListener;

use chat_core::testing::Peer;

use crate::GREETING;
use crate::support::lines;
use crate::support::process::Launch;
use crate::support::server::Server;

#[test]
fn a_name_and_a_room_are_asked_for_before_anything_is_said() {
    let mut server = Server::start(&[]);
    let mut other = server.join();
    other.say("/join tea");
    other.expect("* you are in tea");
    let args = ["--name", "Ada", "--room", "tea", &server.addr_arg()];
    let mut client = Launch::client(&args).start();
    client.write("milk?\n");
    other.expect("Ada: milk?");
    client.out.wait_for_all(&lines([GREETING, "* you are called Ada", "* you are in tea"]));
    client.end_input();
    client.finish().expect_code(0).expect_err("");
    other.say("exit");
    other.expect_end();
}

#[test]
fn a_name_that_is_taken_is_told_and_the_chat_goes_on() {
    let mut server = Server::start(&[]);
    let mut other = server.join();
    other.say("/nick Ada");
    other.expect("* you are called Ada");
    let mut client = Launch::client(&["--name", "Ada", &server.addr_arg()]).start();
    let port = server.arrival();
    client.out.wait_for_all(&lines([GREETING, "* somebody is called Ada, or looks like it"]));
    client.type_line("hello");
    other.expect(&format!("{port}: hello"));
    client.type_line("exit");
    client.finish().expect_code(0).expect_err("");
    other.say("exit");
    other.expect_end();
}

#[test]
fn the_lines_are_those_that_a_person_would_type() {
    for (args, sent) in [
        (&["--room", "2026", "--name", "Ada-L."][..], "/nick Ada-L.\n/join 2026\nexit\n"),
        (&["--name", "שרה"], "/nick שרה\nexit\n"),
        (&["--room", "tea"], "/join tea\nexit\n"),
        (&[], "exit\n"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let mut client = Launch::client(&[args, &[&addr]].concat()).start();
        let mut server = Peer::new(listener.accept().unwrap().0);
        client.end_input();
        server.expect_bytes(sent);
        server.expect_end();
        drop(server);
        client.finish().expect_code(0).expect_err("");
    }
}

#[test]
fn what_is_no_name_is_explained_and_ends_with_code_2() {
    for (option, value, why) in [
        ("--name", "51839", "a name is no number: those are the ports of who has no name"),
        ("--name", "two words", "a name is of letters, digits, _ - and ., not of ' ' there"),
        ("--name", "", "a name has at least one letter or digit"),
        ("--room", "#tea", "a name is of letters, digits, _ - and ., not of '#' there"),
        ("--room", "a\n/quit", "a name is of letters, digits, _ - and ., not of '\\n' there"),
    ] {
        let ending = Launch::client(&[option, value, "127.0.0.1:1"]).start().finish();
        ending.expect_code(2).expect_out("");
        assert!(ending.err.contains(why) && ending.err.contains(option), "{ending:?}");
    }
}
