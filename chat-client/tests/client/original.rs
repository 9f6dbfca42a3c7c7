//! The client at the server that this chat grew out of, which marks no ends of messages: what it
//! sends comes out as whole lines, and it is spoken to as it speaks.

use std::time::{Duration, Instant};

use crate::stand_in::StandIn;
use crate::support::lines;
use crate::support::process::{Launch, Process};
use crate::{GOODBYE, GREETING};

/// How long a message may stay without an end until the client takes it for whole; what must not
/// be longer than that must be much shorter, since the machine may be busy.
const QUIET: Duration = Duration::from_millis(20);

/// How often to try again what a busy machine has spoiled.
const TRIES: usize = 50;

/// A client that has come in.
fn client(server: &StandIn) -> (Process, u16) {
    let client = Launch::client(&[&server.addr_arg()]).start();
    let port = server.arrival();
    client.out.wait_for_all(&lines([GREETING]));
    (client, port)
}

#[test]
fn messages_in_one_piece_come_out_as_lines() {
    let server = StandIn::start();
    let (client, _) = client(&server);
    let mut shown = vec![GREETING];
    for message in ["51839: Hello, everyone!", "51840: Hey!", "51843: Grüße, 世界"] {
        server.send(message);
        shown.push(message);
        client.out.wait_for_all(&lines(&shown));
    }
}

#[test]
fn a_message_in_several_pieces_comes_out_as_one_line() {
    // The cuts are in the prefix, between words, and inside a character.
    let pieces: [&[&str]; 3] = [
        &["518", "39: Hello, everyone!"],
        &["51839: Hello,", " every", "one!"],
        &["5", "1", "8", "3", "9", ": Hello, everyone!"],
    ];
    for pieces in pieces {
        let was_quick = (0..TRIES).any(|_| {
            let server = StandIn::start();
            let (client, _) = client(&server);
            let took = send_in_pieces(&server, pieces);
            // A machine that was too busy to send the pieces in time has shown nothing.
            if took < QUIET / 2 {
                client.out.wait_for_all(&lines([GREETING, "51839: Hello, everyone!"]));
            }
            took < QUIET / 2
        });
        assert!(was_quick, "the machine is too busy for this test");
    }
}

/// Sends pieces a millisecond apart, so that the client gets each alone. It tells the longest time
/// between two of them.
fn send_in_pieces(server: &StandIn, pieces: &[&str]) -> Duration {
    let mut longest = Duration::ZERO;
    let mut last: Option<Instant> = None;
    for piece in pieces {
        while last.is_some_and(|last| last.elapsed() < Duration::from_millis(1)) {
            std::hint::spin_loop();
        }
        server.send(piece);
        longest = longest.max(last.map_or(Duration::ZERO, |last| last.elapsed()));
        last = Some(Instant::now());
    }
    longest
}

#[test]
fn the_client_speaks_lines_until_the_server_has_shown_that_it_speaks_chunks() {
    let server = StandIn::start();
    let (mut client, port) = client(&server);
    client.type_line("who is here?");
    server.expect(port, "who is here?\n");

    server.send("51839: me");
    client.out.wait_for_all(&lines([GREETING, "51839: me"]));
    client.type_line("glad to hear that");
    server.expect(port, "glad to hear that");
    client.type_line("exit");
    server.expect(port, "exit");
    let shown = [GREETING, "51839: me", GOODBYE];
    client.finish().expect_code(0).expect_out(&lines(shown)).expect_err("");
}

#[test]
fn a_client_that_is_told_to_speaks_chunks_from_the_start() {
    let server = StandIn::start();
    let mut client = Launch::client(&["--framing", "chunks", &server.addr_arg()]).start();
    let port = server.arrival();
    client.type_line("hello");
    server.expect(port, "hello");
    client.type_line("exit");
    server.expect(port, "exit");
    client.finish().expect_code(0).expect_out(&lines([GREETING, GOODBYE])).expect_err("");
}

#[test]
fn two_quick_lines_arrive_as_two_messages() {
    // A server that was too busy to receive in time has got both at once, whatever the client did.
    // A client that does not wait between them is not found out by the bytes each time, but it is
    // by the clock.
    let were_two = (0..TRIES).any(|_| {
        let server = StandIn::start();
        let (mut client, port) = client(&server);
        server.send("51839: quick!");
        client.out.wait_for_all(&lines([GREETING, "51839: quick!"]));
        client.write("one\ntwo\nexit\n");
        client.finish().expect_code(0);
        let heard = server.heard_so_far();
        let [first, second, ..] = &heard[..] else { return false };
        let bytes = [&first.bytes[..], &second.bytes[..]];
        first.port == port && bytes == [b"one", b"two"] && second.at - first.at >= QUIET
    });
    assert!(were_two, "what was sent apart never arrived apart");
}

#[test]
fn three_clients_talk_at_the_original_server() {
    let server = StandIn::start();
    let [(mut one, one_port), (mut two, two_port), (mut three, three_port)] =
        [client(&server), client(&server), client(&server)];

    // The first message is sent before anybody could know how the server speaks. It comes with
    // the newline that it was sent with, and is shown as one line all the same.
    one.type_line("Hello, everyone!");
    let hello = format!("{one_port}: Hello, everyone!");
    two.out.wait_for_all(&lines([GREETING, &hello]));
    three.out.wait_for_all(&lines([GREETING, &hello]));
    two.type_line("Hey!");
    let hey = format!("{two_port}: Hey!");
    one.out.wait_for_all(&lines([GREETING, &hey]));
    three.out.wait_for_all(&lines([GREETING, &hello, &hey]));
    three.type_line("Wassup yall");
    let wassup = format!("{three_port}: Wassup yall");
    one.out.wait_for_all(&lines([GREETING, &hey, &wassup]));
    two.out.wait_for_all(&lines([GREETING, &hello, &wassup]));

    for mut client in [one, two, three] {
        client.type_line("exit");
        client.finish().expect_code(0).expect_err("");
    }
}
