//! The options that have to do with commands.

use std::fs;

use crate::support::process::Launch;
use crate::support::server::Server;

#[test]
fn a_server_may_have_no_commands() {
    let mut server = Server::start(&["--no-commands"]);
    let (mut a, mut b) = (server.join(), server.join());
    a.say("/nick Ada");
    b.expect(&a.says("/nick Ada"));
}

#[test]
fn comings_and_goings_are_told_if_so_wanted() {
    let mut server = Server::start(&["--announce"]);
    let (mut a, b) = (server.join(), server.join());
    let port = b.port();
    a.expect(&format!("* {port} joined"));
    drop(b);
    a.expect(&format!("* {port} left"));
}

#[test]
fn whoever_comes_reads_what_was_said_before() {
    let mut server = Server::start(&["--history", "2", "--history-lines", "3"]);
    let (mut a, mut b) = (server.join(), server.join());
    for text in ["one", "two", "three", "four"] {
        a.say(text);
        b.expect(&a.says(text));
    }
    let mut c = server.join();
    c.expect_all([a.says("three"), a.says("four")]);
    c.say("/history");
    c.expect_all([a.says("two"), a.says("three"), a.says("four")]);
    c.expect("* those were the last 3 lines");
}

#[test]
fn a_name_is_printed_where_the_port_was() {
    let mut server = Server::start(&[]);
    let mut a = server.join();
    a.say("/nick Ada");
    a.expect("* you are called Ada");
    a.say("hello");
    let line = format!("[('127.0.0.1', {})] Relaying message: Ada: hello\n", a.port());
    server.out.wait("relaying", |out| out.contains(&line).then_some(()));
}

#[test]
fn the_secret_of_the_operators_is_read_from_a_file() {
    let path = std::env::temp_dir().join(format!("chat-operators-{}", std::process::id()));
    fs::write(&path, "sesame\n").unwrap();
    let mut server = Server::start(&["--operators", path.to_str().unwrap()]);
    let mut a = server.join();
    a.say("/op simsim");
    a.expect("* that is not the secret");
    a.say("/op sesame");
    a.expect("* you are an operator");
    assert!(!server.err.text().contains("sesame") && !server.out.text().contains("sesame"));

    fs::write(&path, " \n").unwrap();
    let args = ["--operators", path.to_str().unwrap(), "127.0.0.1:0"];
    let ending = Launch::server(&args).start().finish();
    ending.expect_code(1).expect_out("");
    assert!(ending.err.contains("there is no word in "), "{ending:?}");
    fs::remove_file(&path).unwrap();
    let ending = Launch::server(&args).start().finish();
    ending.expect_code(1).expect_out("");
    assert!(ending.err.contains("cannot read "), "{ending:?}");
}
