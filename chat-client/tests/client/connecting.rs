//! The command line, and the ways in which there can be no connection.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use socket2::{Domain, Socket, Type};

use crate::support::lines;
use crate::support::process::Launch;
use crate::support::server::Server;
use crate::{GOODBYE, GREETING};

/// An address that is taken and where nobody listens. It stays so as long as the socket lives:
/// a port that was merely free a moment ago could be another test's by now.
fn deserted() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}

#[test]
fn help_names_the_options_and_the_default_address() {
    let ending = Launch::client(&["--help"]).start().finish();
    ending.expect_code(0).expect_err("");
    for word in [
        "Usage: chat-client",
        "127.0.0.1:12345",
        "--framing",
        "--name",
        "--room",
        "--tags",
        "--no-reconnect",
        "--version",
        "exit",
    ] {
        assert!(ending.out.contains(word), "{word} is missing in:\n{}", ending.out);
    }
}

#[test]
fn version_is_the_one_of_the_package() {
    let version = concat!("chat-client ", env!("CARGO_PKG_VERSION"), "\n");
    let ending = Launch::client(&["--version"]).start().finish();
    ending.expect_code(0).expect_out(version).expect_err("");
}

#[test]
fn a_wrong_command_line_is_explained_and_ends_with_code_2() {
    for args in [&["--no-such-option"][..], &["127.0.0.1:1", "one too many"]] {
        let ending = Launch::client(args).start().finish();
        ending.expect_code(2).expect_out("");
        assert!(ending.err.contains("--help"), "{ending:?}");
    }
}

#[test]
fn no_server_is_told_with_the_address_and_ends_with_code_1() {
    let (_socket, addr) = deserted();
    let by_name = format!("localhost:{}", addr.port());
    for addr in [addr.to_string(), by_name] {
        let ending = Launch::client(&[&addr]).start().finish();
        let told = format!("[ERROR] Connection refused. Is the server running on {addr}?\n");
        ending.expect_code(1).expect_out("").expect_err(&told);
    }
}

#[test]
fn an_address_that_is_none_is_told_and_ends_with_code_1() {
    // Names in `.invalid` are promised never to exist, and no label may be this long.
    let too_long = format!("{}.invalid:12345", "x".repeat(70));
    for addr in [too_long.as_str(), "localhost", "127.0.0.1:port"] {
        let ending = Launch::client(&[addr]).start().finish();
        ending.expect_code(1).expect_out("");
        let told = format!("[ERROR] cannot resolve {addr}: ");
        assert!(ending.err.starts_with(&told), "{ending:?}");
        assert_eq!(ending.err.lines().count(), 1, "{ending:?}");
    }
}

#[test]
fn a_host_name_is_resolved() {
    let mut server = Server::start(&[]);
    let addr = format!("localhost:{}", server.addr().port());
    let mut client = Launch::client(&[&addr]).start();
    server.arrival();
    client.type_line("exit");
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
}
