//! `--framing chunks`: byte for byte what the server did that this chat grew out of. What comes in
//! one piece is a message, and what goes out is `PORT: text` with nothing after it.

use crate::support::lines;
use crate::support::process::Launch;
use crate::support::server::{Server, says};

#[test]
fn messages_go_out_with_nothing_after_them() {
    let mut server = Server::start(&["--framing", "chunks"]);
    let [mut one, mut two, mut three] = [server.join(), server.join(), server.join()];
    let ports = [one.port(), two.port(), three.port()];

    // Each is waited for before the next is sent, so that each is a piece of its own. The bytes
    // that follow one another show that there is nothing between them.
    one.send("Hello, everyone!");
    two.expect_bytes(format!("{}: Hello, everyone!", ports[0]));
    three.expect_bytes(format!("{}: Hello, everyone!", ports[0]));
    two.send("Hey!");
    one.expect_bytes(format!("{}: Hey!", ports[1]));
    three.expect_bytes(format!("{}: Hey!", ports[1]));
    three.send("Grüße, 世界");
    one.expect_bytes(format!("{}: Grüße, 世界", ports[2]));
    two.expect_bytes(format!("{}: Grüße, 世界", ports[2]));

    // To the end of the stream there is not one byte more.
    for peer in [&mut one, &mut two, &mut three] {
        peer.send("exit");
        peer.expect_end();
    }
    let mut expected = vec![server.greeting()];
    expected.extend(ports.map(says::came));
    expected.push(says::relays(ports[0], "Hello, everyone!"));
    expected.push(says::relays(ports[1], "Hey!"));
    expected.push(says::relays(ports[2], "Grüße, 世界"));
    expected.extend(ports.iter().flat_map(|&port| [says::exits(port), says::gone(port)]));
    server.out.wait_for_all(&lines(expected));
}

#[test]
fn a_peer_that_ends_its_lines_gets_no_newlines_either() {
    let mut server = Server::start(&["--framing", "chunks"]);
    let [mut one, mut two] = [server.join(), server.join()];
    one.say("typed in nc");
    two.expect_bytes(one.says("typed in nc"));
    two.send("sent by a program");
    one.expect_bytes(two.says("sent by a program"));
    one.say("exit");
    one.expect_end();
    two.send("exit");
    two.expect_end();
}

#[test]
fn the_client_understands_such_a_server_and_is_understood() {
    let mut server = Server::start(&["--framing", "chunks"]);
    let mut peer = server.join();
    let mut client = Launch::client(&[&server.addr_arg()]).start();
    let port = server.arrival();
    peer.send("do you read me?");
    let greeting = "Connected to chat server. Type 'exit' to leave.".to_owned();
    let heard = format!("{}: do you read me?", peer.port());
    client.out.wait_for_all(&lines([&greeting, &heard]));
    client.type_line("loud and clear");
    peer.expect_bytes(format!("{port}: loud and clear"));
    client.type_line("exit");
    let goodbye = "Disconnected from server".to_owned();
    client.finish().expect_code(0).expect_out(&lines([greeting, heard, goodbye])).expect_err("");
}

#[test]
fn unless_it_is_asked_for_each_peer_is_answered_as_it_speaks() {
    let mut server = Server::start(&[]);
    let [mut chunks, mut nc] = [server.join(), server.join()];
    chunks.send("no newline");
    nc.expect(&chunks.says("no newline"));
    nc.say("a newline");
    chunks.expect_bytes(nc.says("a newline"));
    chunks.send("exit");
    chunks.expect_end();
    nc.say("exit");
    nc.expect_end();
}
