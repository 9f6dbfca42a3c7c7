//! A client whose connection was lost comes back: it tells so in a line, and what is typed meanwhile
//! is said later.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use chat_core::testing::{Peer, within};

use crate::support::lines;
use crate::support::process::{Launch, Process};
use crate::support::server::Server;
use crate::{GOODBYE, GREETING, LOST};

pub(crate) const AWAY: &str = "* connection lost; trying again in 1 s";

/// A client, the server's end of its connection, and where it will be looked for again.
pub(crate) fn away(options: &[&str]) -> (Process, Peer, TcpListener) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr: SocketAddr = listener.local_addr().unwrap();
    let client = Launch::client(&[options, &[&addr.to_string()]].concat()).start();
    let server = accept(&listener);
    client.out.wait_for_all(&lines([GREETING]));
    (client, server, listener)
}

#[track_caller]
fn accept(listener: &TcpListener) -> Peer {
    let listener = listener.try_clone().unwrap();
    Peer::new(within("a connection", move || listener.accept().unwrap().0))
}

#[test]
fn a_plain_client_says_who_it_is_again_and_then_what_was_typed_meanwhile() {
    let (mut client, mut server, listener) = away(&["--name", "Ada", "--room", "tea"]);
    server.expect_all(["/nick Ada", "/join tea"]);
    drop(server);
    client.out.wait_for_all(&lines([GREETING, AWAY]));
    client.type_line("still here");
    let mut server = accept(&listener);
    server.expect_all(["/nick Ada", "/join tea", "still here"]);
    server.say("7: so am I");
    let shown = [GREETING, AWAY, "* back: lines may have been missed", "7: so am I"];
    client.out.wait_for_all(&lines(shown));
    client.end_input();
    server.expect_rest("exit\n");
    drop(server);
    let shown = [&shown[..], &[GOODBYE]].concat();
    client.finish().expect_code(0).expect_out(&lines(shown)).expect_err("");
}

#[test]
fn whoever_is_not_let_in_reads_why_once_and_that_it_is_back_when_it_is() {
    let (mut client, server, listener) = away(&[]);
    drop(server);
    for _ in 0..2 {
        accept(&listener).say("* the server is full");
    }
    let mut server = accept(&listener);
    server.say("7: hello");
    client.out.wait("what is said", |out| out.contains("7: hello").then_some(()));
    client.end_input();
    server.expect_rest("exit\n");
    drop(server);
    let ending = client.finish();
    ending.expect_code(0).expect_err("");
    // How long it waits before each attempt is left to chance.
    let shown = ending.out.lines().filter(|line| !line.starts_with("* no connection after "));
    let back = "* back: lines may have been missed";
    let expected = [GREETING, AWAY, "* the server is full", back, "7: hello", GOODBYE];
    assert_eq!(lines(shown), lines(expected));
}

#[test]
fn whoever_leaves_meanwhile_leaves_at_once() {
    let (mut client, server, _listener) = away(&[]);
    drop(server);
    client.out.wait_for_all(&lines([GREETING, AWAY]));
    client.write("never said\nexit\n");
    let ending = client.finish();
    ending.expect_code(1).expect_out(&lines([GREETING, AWAY, LOST, GOODBYE]));
    ending.expect_err("[ERROR] 1 line could not be sent.\n");
}

#[test]
fn with_tags_all_is_recovered() {
    let (mut client, mut server, listener) = away(&["--tags", "--name", "Ada", "--room", "tea"]);
    server.expect("/tags");
    server.say("@kind=answer;server=s;version=1;name=7;room=lobby;line=8192 * tags are on");
    server.expect("@label=1 /resume");
    let offer = "kind=answer;server=s;version=1;name=Ada;room=tea;line=8192;session=5e55;epoch=1;\
        msgid=1;within=120;resend=64";
    server.say(&format!("@{offer};label=1 * you may come back within 120 seconds"));
    server.expect_all(["@label=2 /nick Ada", "@label=3 /join tea"]);
    server.say("@kind=answer;name=Ada;label=2 * you are called Ada");
    server.say("@kind=answer;room=tea;label=3 * you are in tea");
    client.type_line("milk?");
    server.expect("@label=4 milk?");
    server.say("@kind=message;msgid=2;room=lobby;from=8 8: hello");
    let mut shown = vec![GREETING, "* you are called Ada", "* you are in tea", "8: hello"];
    client.out.wait_for_all(&lines(&shown));
    drop(server);

    let mut server = accept(&listener);
    server.expect("/resume 5e55 1 2");
    server.say("@kind=message;msgid=4;room=tea;from=8 8: yes, please");
    server.say(&format!("@{offer};recovered=1 * you are back"));
    server.expect("@label=4 milk?");
    server.say("@kind=sent;msgid=3;room=tea;label=4 * sent");
    shown.extend([AWAY, "[tea] 8: yes, please", "* back: 1 line recovered"]);
    client.out.wait_for_all(&lines(&shown));
    client.type_line("exit");
    server.expect_rest("exit\n");
    drop(server);
    shown.push(GOODBYE);
    client.finish().expect_code(0).expect_out(&lines(&shown)).expect_err("");
}

#[test]
fn with_tags_people_read_what_others_do() {
    let mut server = Server::start(&["--announce"]);
    let mut other = server.join();
    let mut client = Launch::client(&["--tags", &server.addr_arg()]).start();
    let port = server.arrival();
    other.expect(&format!("* {port} joined"));
    client.type_line("hello");
    other.expect(&format!("{port}: hello"));
    other.say("/nick Ada");
    other.say("/me waves");
    other.say(&format!("/msg {port} psst"));
    other.say("/topic tea");
    other.say("hello");
    let was = other.port();
    client.out.wait_for_all(&lines([
        GREETING,
        &format!("* {was} is called Ada now"),
        "Ada * waves",
        "Ada (to you): psst",
        "* Ada sets the topic: tea",
        "Ada: hello",
    ]));
    client.end_input();
    client.finish().expect_code(0).expect_err("");
    other.expect_all([
        "* you are called Ada",
        &format!("* told {port}"),
        "* Ada sets the topic: tea",
    ]);
    other.say("exit");
    server.into_process();
}
