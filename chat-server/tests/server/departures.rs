//! The ways in which a client goes, as the server prints them.

use chat_core::testing::Peer;

use crate::support::lines;
use crate::support::server::{Server, says};

/// Lets somebody come, say something and go, and checks what is printed of it. One who stays sees
/// that the chat goes on.
#[track_caller]
fn goes(leave: impl FnOnce(Peer), printed: fn(u16) -> Vec<String>) {
    let mut server = Server::start(&[]);
    let [mut stays, mut goes] = [server.join(), server.join()];
    let ports = [stays.port(), goes.port()];
    goes.say("goodbye");
    stays.expect(&goes.says("goodbye"));
    leave(goes);

    let mut expected = vec![server.greeting(), says::came(ports[0]), says::came(ports[1])];
    expected.push(says::relays(ports[1], "goodbye"));
    expected.extend(printed(ports[1]));
    server.out.wait_for_all(&lines(&expected));

    let mut comes = server.join();
    stays.say("welcome");
    comes.expect(&stays.says("welcome"));
    expected.extend([says::came(comes.port()), says::relays(ports[0], "welcome")]);
    server.out.wait_for_all(&lines(&expected));
}

#[test]
fn a_reset_is_a_lost_connection_and_a_removal() {
    goes(Peer::reset, |port| vec![says::lost(port), says::gone(port)]);
}

#[test]
fn an_end_of_stream_is_a_removal() {
    goes(drop, |port| vec![says::gone(port)]);
}

#[test]
fn exit_is_an_exit_command_and_a_removal_and_ends_the_stream() {
    for exit in ["exit\n", "exit\r\n", "  EXIT \n"] {
        goes(
            |mut peer| {
                peer.send(exit);
                peer.expect_end();
            },
            |port| vec![says::exits(port), says::gone(port)],
        );
    }
}

#[test]
fn what_comes_after_exit_is_not_relayed() {
    goes(
        |mut peer| {
            peer.send("exit\nand another thing\n");
            peer.expect_end();
        },
        |port| vec![says::exits(port), says::gone(port)],
    );
}

#[test]
fn a_line_without_an_end_is_relayed_when_the_stream_ends() {
    goes(
        |mut peer| {
            peer.send("last words");
            peer.end_sending();
            peer.expect_end();
        },
        |port| vec![says::relays(port, "last words"), says::gone(port)],
    );
}

#[test]
fn one_who_connects_and_goes_without_a_word_is_told_of_like_anybody() {
    let mut server = Server::start(&[]);
    let peer = server.join();
    let port = peer.port();
    drop(peer);
    server.out.wait_for_all(&lines([server.greeting(), says::came(port), says::gone(port)]));
}
