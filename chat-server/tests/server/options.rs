//! The command line: what it explains, what it refuses, and which addresses it takes.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::{env, fs, process};

use chat_core::store::SqliteStore;
use chat_core::testing::Peer;

use crate::support::lines;
use crate::support::process::Launch;
use crate::support::server::{Server, says};

#[test]
fn help_names_options_and_the_default_address() {
    let ending = Launch::server(&["--help"]).start().finish();
    ending.expect_code(0).expect_err("");
    let options =
        ["--quiet", "--framing", "--max-clients", "--store", "--stop-timeout", "--version"];
    for word in options.into_iter().chain(["Usage: chat-server", "127.0.0.1:12345", "RUST_LOG"]) {
        assert!(ending.out.contains(word), "{word} is missing in:\n{}", ending.out);
    }
}

#[test]
fn version_is_the_one_of_the_package() {
    let ending = Launch::server(&["--version"]).start().finish();
    let version = concat!("chat-server ", env!("CARGO_PKG_VERSION"), "\n");
    ending.expect_code(0).expect_out(version).expect_err("");
}

#[test]
fn a_wrong_command_line_is_explained_and_ends_with_code_2() {
    let lines: [&[&str]; 8] = [
        &["--no-such-option"],
        &["127.0.0.1:0", "one too many"],
        &["--framing", "smoke-signals"],
        &["--max-clients", "many"],
        &["--store-age", "30"],
        &["--store-bytes", "1000000"],
        &["--store", "chat.db", "--store-age", "0"],
        &["--store", "chat.db", "--store-bytes", "0"],
    ];
    for args in lines {
        let ending = Launch::server(args).start().finish();
        ending.expect_code(2).expect_out("");
        assert!(ending.err.contains("--help"), "{ending:?}");
    }
}

#[test]
fn a_value_that_cannot_work_is_named_and_ends_with_code_1() {
    let ending = Launch::server(&["--max-line", "0", "127.0.0.1:0"]).start().finish();
    ending.expect_code(1);
    assert!(ending.err.contains("limits.line is 0; it must be 1 or more"), "{ending:?}");
}

#[test]
fn a_store_that_cannot_be_used_is_named_with_the_reason_and_ends_with_code_1() {
    let directory = env::temp_dir().join(format!("chat-server-store-{}", process::id()));
    fs::create_dir_all(&directory).unwrap();
    let path = |name: &str| directory.join(name).display().to_string();
    let (diary, missing, used) = (path("diary"), path("none/chat.db"), path("chat.db"));
    fs::write(&diary, "Dear diary").unwrap();
    let store = SqliteStore::open(&used).unwrap();
    for (file, reason) in [
        (&diary, "it is no store of this chat"),
        (&missing, "cannot find the directory for it: "),
        (&used, "another server is using it"),
    ] {
        let ending = Launch::server(&["--store", file, "127.0.0.1:0"]).start().finish();
        ending.expect_code(1).expect_out("");
        let error = format!("[ERROR] cannot use the store {file}: {reason}");
        assert!(ending.err.contains(&error), "{ending:?}");
    }
    assert_eq!(fs::read_to_string(&diary).unwrap(), "Dear diary");
    drop(store);
    fs::remove_dir_all(&directory).unwrap();
}

/// What is only found when the store is read is found before anybody reads that the server listens.
#[test]
fn a_store_that_is_damaged_is_named_and_nothing_listens() {
    let directory = env::temp_dir().join(format!("chat-server-damaged-{}", process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("chat.db");
    drop(SqliteStore::open(&file).unwrap());
    // Tables begin at the third page.
    let mut bytes = fs::read(&file).unwrap();
    bytes[2 * 4096..3 * 4096].fill(0x55);
    fs::write(&file, bytes).unwrap();
    let file = file.display().to_string();
    let ending = Launch::server(&["--store", &file, "127.0.0.1:0"]).start().finish();
    ending.expect_code(1).expect_out("");
    let error = format!("[ERROR] cannot use the store {file}: it is damaged: ");
    assert!(ending.err.contains(&error), "{ending:?}");
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn an_address_without_a_port_is_refused_by_name() {
    let ending = Launch::server(&["localhost"]).start().finish();
    ending.expect_code(1).expect_out("");
    assert!(ending.err.contains("cannot resolve localhost"), "{ending:?}");
}

#[test]
fn port_0_takes_a_free_port_and_prints_the_real_one() {
    // Two servers at a time cannot have the same one, as they would if it were made up.
    let [mut one, mut other] = [Server::start(&[]), Server::start(&[])];
    assert_ne!(one.addr(), other.addr());
    for server in [&mut one, &mut other] {
        assert_ne!(server.addr().port(), 0);
        server.join();
    }
}

#[test]
fn a_host_name_is_resolved() {
    let mut server = Server::launch(Launch::server(&["localhost:0"]));
    assert!(server.addr().ip().is_loopback(), "{}", server.addr());
    // Which of its addresses the name has is the system's affair; whoever connects there is in.
    server.join();
}

#[test]
fn ipv6_addresses_are_listened_on_and_printed() {
    if let Err(error) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        eprintln!("SKIPPED, IPv6 IS NOT TESTED: this machine has no ::1 ({error})");
        return;
    }
    let mut server = Server::launch(Launch::server(&["[::1]:0"]));
    let SocketAddr::V6(addr) = server.addr() else { panic!("{} is not IPv6", server.addr()) };
    let [mut one, mut other] = [server.join(), server.join()];
    one.say("over IPv6");
    other.expect(&one.says("over IPv6"));

    let expected = [
        format!("[LISTENING] Server is listening on [::1]:{}", addr.port()),
        format!("[NEW CONNECTION] ('::1', {}) connected.", one.port()),
        format!("[NEW CONNECTION] ('::1', {}) connected.", other.port()),
        format!("[('::1', {})] Relaying message: {}: over IPv6", one.port(), one.port()),
    ];
    server.out.wait_for_all(&lines(expected));
}

#[test]
fn an_address_in_use_is_told_and_ends_with_code_1() {
    let mut first = Server::start(&[]);
    let addr = first.addr_arg();
    let ending = Launch::server(&[&addr]).start().finish();
    ending.expect_code(1).expect_out("");
    assert_eq!(ending.err.lines().count(), 1, "{ending:?}");
    let clear = format!("cannot listen on {addr}: Address already in use");
    assert!(ending.err.contains(&clear), "{ending:?}");
    // The one that has the address is none the worse for it.
    first.join();
}

#[test]
fn one_client_too_many_reads_why_and_the_first_stays() {
    let mut server = Server::start(&["--max-clients", "1"]);
    let mut first = server.join();
    Peer::connect(server.addr()).expect_rest("* the server is full (1 clients), try again later\n");
    first.say("still here");
    let port = first.port();
    server.out.wait_for_all(&lines([
        server.greeting(),
        says::came(port),
        says::relays(port, "still here"),
    ]));
}
