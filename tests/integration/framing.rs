//! Peers that end their messages with a newline, and peers that end them with nothing, in one room.

use std::thread;
use std::time::Instant;

use chat_core::CloseReason;
use chat_core::testing::{Peer, TestServer};
use chat_core::wire::{Framing, QUIET};

/// Connects a peer that has shown that it speaks chunks, by a message that `witness` has read.
#[track_caller]
fn join_chunky(server: &TestServer, witness: &mut Peer) -> Peer {
    let mut peer = server.join();
    peer.send("chunky");
    witness.expect(&peer.says("chunky"));
    peer
}

#[test]
fn each_gets_the_ends_that_it_speaks() {
    let server = TestServer::start();
    let mut lines = server.join();
    lines.say("nobody reads this");
    server.wait_for_message("nobody reads this");
    let mut chunks = join_chunky(&server, &mut lines);
    // Who has not said anything yet gets newlines.
    let mut silent = server.join();

    lines.say("one");
    let one = lines.says("one");
    chunks.expect_bytes(&one);
    silent.expect(&one);
    // It is here that a newline after the first message would show.
    lines.say("two");
    chunks.expect_bytes(lines.says("two"));
    silent.expect(&lines.says("two"));

    chunks.send("three");
    lines.expect(&chunks.says("three"));
    silent.expect(&chunks.says("three"));
    chunks.send("exit");
    chunks.expect_end();
    assert_eq!(server.farewell_of(server.conn_of(&chunks)), CloseReason::Exit);
}

#[test]
fn lines_that_go_out_together_are_told_apart_by_one_newline() {
    let server = TestServer::start();
    let mut lines = server.join();
    let mut chunks = join_chunky(&server, &mut lines);
    lines.send("one\ntwo\nthree\n");
    let together = ["one", "two", "three"].map(|text| lines.says(text)).join("\n");
    chunks.expect_bytes(together);
    server.handle().kick(server.conn_of(&chunks), "").unwrap();
    chunks.expect_end();
}

#[test]
fn notices_to_a_peer_that_speaks_chunks_end_with_nothing() {
    let server = TestServer::start();
    let mut lines = server.join();
    let mut chunks = join_chunky(&server, &mut lines);
    let conn = server.conn_of(&chunks);
    server.handle().send_to(conn, "a word").unwrap();
    chunks.expect_bytes("* a word");
    server.handle().broadcast("to all").unwrap();
    chunks.expect_bytes("* to all");
    server.handle().kick(conn, "out").unwrap();
    chunks.expect_bytes("* out");
    chunks.expect_end();
}

#[test]
fn a_newline_makes_a_peer_that_spoke_chunks_speak_lines() {
    let server = TestServer::start();
    let mut lines = server.join();
    let mut changing = join_chunky(&server, &mut lines);
    changing.say("a line");
    lines.expect(&changing.says("a line"));
    lines.say("one");
    changing.expect(&lines.says("one"));
}

#[test]
fn a_line_split_at_any_byte_is_one_line() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.say("I speak lines");
    b.expect(&a.says("I speak lines"));
    let text = "split שלום 👩‍🚀 anywhere";
    let line = format!("{text}\r\n");
    let mut sent = "I speak lines\n".len();
    for at in 1..line.len() {
        a.send(&line.as_bytes()[..at]);
        sent += at;
        // Both parts are to be read on their own.
        server.wait_for_bytes_in(sent);
        a.send(&line.as_bytes()[at..]);
        sent += line.len() - at;
        b.expect(&a.says(text));
    }
}

#[test]
fn an_exit_split_at_any_byte_is_an_exit() {
    let server = TestServer::start();
    let mut witness = server.join();
    let mut read = 0;
    for at in 1.."exit\r\n".len() {
        let mut peer = server.join();
        peer.say("hi");
        peer.send(&"exit\r\n"[..at]);
        read += "hi\n".len() + at;
        server.wait_for_bytes_in(read);
        peer.send(&"exit\r\n"[at..]);
        peer.expect_end();
        assert_eq!(server.farewell_of(server.conn_of(&peer)), CloseReason::Exit);
        witness.expect(&peer.says("hi"));
        // The bytes after a complete "exit" may or may not be read.
        read = usize::try_from(server.handle().stats().bytes_in).unwrap();
    }
}

#[test]
fn one_byte_at_a_time_is_as_good() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.say("slow typist");
    for byte in "one byte at a time\n".bytes() {
        a.send([byte]);
    }
    b.expect_all([a.says("slow typist"), a.says("one byte at a time")]);
}

/// Sends a message in two pieces so quickly one after the other that they count as one; on a busy
/// machine that may take a few attempts.
#[track_caller]
fn send_in_two(server: &TestServer, peer: &mut Peer, message: &[u8], at: usize) -> bool {
    let before = usize::try_from(server.handle().stats().bytes_in).unwrap();
    let begin = Instant::now();
    peer.send(&message[..at]);
    server.wait_for_bytes_in(before + at);
    peer.send(&message[at..]);
    begin.elapsed() < QUIET / 2
}

#[test]
fn the_first_message_of_a_peer_may_come_in_pieces() {
    let server = TestServer::start();
    let mut witness = server.join();
    for (message, at) in [("a chunk in two", 4), ("a line in two\n", 6)] {
        loop {
            let mut peer = server.join();
            let was_quick = send_in_two(&server, &mut peer, message.as_bytes(), at);
            if was_quick {
                witness.expect(&peer.says(message.trim_end()));
                break;
            }
            // It may have become two messages; whatever it was, it is told of before this.
            peer.end_sending();
            server.farewell_of(server.conn_of(&peer));
            server.handle().broadcast("next").unwrap();
            while witness.line() != "* next" {}
        }
    }
}

#[test]
fn forced_chunks_are_relayed_as_they_are_read() {
    let server = TestServer::with(|config| config.framing = Framing::Chunks);
    let (mut a, mut b) = (server.join(), server.join());
    a.send("one");
    b.expect_bytes(a.says("one"));
    a.send("two");
    b.expect_bytes(a.says("two"));
    // A newline ends a message too, and is not passed on.
    a.send("three\n");
    b.expect_bytes(a.says("three"));
    a.send("four");
    b.expect_bytes(a.says("four"));
    b.send("  EXIT ");
    b.expect_end();
    a.send("exit");
    a.expect_end();
}

#[test]
fn forced_chunks_do_not_cut_characters() {
    let server = TestServer::with(|config| config.framing = Framing::Chunks);
    let mut witness = server.join();
    for at in 1..4 {
        loop {
            let mut peer = server.join();
            let was_quick = send_in_two(&server, &mut peer, "🦀 whole".as_bytes(), at);
            if was_quick {
                witness.expect_bytes(peer.says("🦀 whole"));
                break;
            }
            peer.end_sending();
            server.farewell_of(server.conn_of(&peer));
            server.handle().kick(server.conn_of(&witness), "").unwrap();
            witness = server.join();
        }
    }
}

#[test]
fn forced_lines_wait_for_their_end() {
    let server = TestServer::with(|config| config.framing = Framing::Lines);
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    a.send("unfini");
    server.wait_for_bytes_in("unfini".len());
    // This time is what is tested: it must not make a message of what has come.
    thread::sleep(QUIET * 3);
    c.say("meanwhile");
    b.expect(&c.says("meanwhile"));
    a.send("shed\n");
    b.expect(&a.says("unfinished"));
}

#[test]
fn a_line_without_its_end_waits_where_lines_are_spoken() {
    let server = TestServer::start();
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    a.send("a line\nunfini");
    b.expect(&a.says("a line"));
    thread::sleep(QUIET * 3);
    c.say("meanwhile");
    b.expect(&c.says("meanwhile"));
    a.send("shed\n");
    b.expect(&a.says("unfinished"));
}

#[test]
fn what_is_unfinished_at_the_end_of_the_stream_is_a_message() {
    for framing in [Framing::Auto, Framing::Lines] {
        let server = TestServer::with(|config| config.framing = framing);
        let (mut a, mut b) = (server.join(), server.join());
        a.send("first\nlast");
        a.end_sending();
        b.expect_all([a.says("first"), a.says("last")]);
        a.expect_end();
        assert_eq!(server.farewell_of(server.conn_of(&a)), CloseReason::EndOfStream);
    }
}

#[test]
fn a_character_that_is_never_finished_is_a_message_too() {
    let server = TestServer::with(|config| config.framing = Framing::Chunks);
    let (mut a, mut b) = (server.join(), server.join());
    a.send(b"caf\xc3");
    a.end_sending();
    b.expect_bytes(a.says("caf\u{fffd}"));
    a.expect_end();
}

#[test]
fn an_exit_without_its_end_at_the_end_of_the_stream_is_an_exit() {
    let server = TestServer::start();
    let mut a = server.join();
    a.send("x\nexit");
    a.end_sending();
    a.expect_end();
    assert_eq!(server.farewell_of(server.conn_of(&a)), CloseReason::Exit);
}

#[test]
fn peers_that_say_nothing_disturb_nobody() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    let silent: Vec<Peer> = (0..20).map(|_| server.join()).collect();
    for _ in 0..50 {
        // Connected, and gone before anything was said or perhaps even noticed.
        drop(Peer::connect(server.addr()));
        Peer::connect(server.addr()).reset();
        Peer::connect(server.addr()).end_sending();
    }
    for number in 0..100 {
        a.say(&number.to_string());
        b.expect(&a.says(&number.to_string()));
    }
    for mut peer in silent {
        peer.expect_all((0..100).map(|number| a.says(&number.to_string())));
    }
    // Even those who were gone before they were noticed have come and have left.
    server.wait_for_stats("two are left of all", |stats| {
        stats.accepted == 2 + 20 + 150 && stats.clients == 2 && stats.closed.total() == 20 + 150
    });
}
