//! Who gets what somebody says, and in which order.

use std::thread;

use chat_core::CloseReason;
use chat_core::testing::{Peer, TestServer};

#[test]
fn all_the_others_read_a_message_and_its_author_does_not() {
    let server = TestServer::start();
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    a.say("hello, everyone!");
    let hello = a.says("hello, everyone!");
    b.expect(&hello);
    c.expect(&hello);
    b.say("hey");
    c.expect(&b.says("hey"));
    // The first thing that the author of the first message reads is the second one.
    a.expect(&b.says("hey"));
}

#[test]
fn nothing_is_sent_on_connect() {
    let server = TestServer::start();
    let mut first = server.join();
    let (mut second, mut third) = (server.join(), server.join());
    second.say("first words");
    let words = second.says("first words");
    first.expect(&words);
    third.expect(&words);
    // Neither connecting nor leaving is told to anybody.
    third.say("exit");
    third.expect_end();
    server.farewell_of(server.conn_of(&third));
    first.say("alone?");
    second.expect(&first.says("alone?"));
}

#[test]
fn whoever_comes_later_reads_what_is_said_later() {
    let server = TestServer::start();
    let (mut early, mut reader) = (server.join(), server.join());
    early.say("before");
    reader.expect(&early.says("before"));
    let mut late = server.join();
    early.say("after");
    late.expect(&early.says("after"));
}

#[test]
fn all_read_the_same_order_whoever_sends() {
    const SENDERS: usize = 4;
    const LINES: usize = 300;
    // Several I/O threads, since within one the order could be right by chance.
    let server = TestServer::with(|config| config.io_threads = 3);
    let mut listeners: Vec<Peer> = (0..3).map(|_| server.join()).collect();
    let senders: Vec<Peer> = (0..SENDERS).map(|_| server.join()).collect();

    let talks: Vec<_> = senders
        .into_iter()
        .map(|mut peer| {
            thread::spawn(move || {
                let mut reader = peer.reader();
                let reads = thread::spawn(move || {
                    (0..(SENDERS - 1) * LINES).map(|_| reader.line()).collect::<Vec<_>>()
                });
                for number in 0..LINES {
                    peer.say(&format!("line {number}"));
                }
                (peer.port(), reads.join().unwrap())
            })
        })
        .collect();
    let talks: Vec<(u16, Vec<String>)> =
        talks.into_iter().map(|talk| talk.join().unwrap()).collect();

    let order: Vec<String> = (0..SENDERS * LINES).map(|_| listeners[0].line()).collect();
    for listener in &mut listeners[1..] {
        listener.expect_all(&order);
    }
    for (port, read) in talks {
        let own = format!("{port}: ");
        let (said, others): (Vec<String>, Vec<String>) =
            order.iter().cloned().partition(|line| line.starts_with(&own));
        // Nobody's lines change places, and an author misses nothing but its own.
        let expected: Vec<String> =
            (0..LINES).map(|number| format!("{own}line {number}")).collect();
        assert_eq!(said, expected);
        assert_eq!(read, others);
    }
}

#[test]
fn many_lines_in_one_send_stay_many_lines() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    let lines: Vec<String> = (0..2000).map(|number| format!("{number} of many")).collect();
    a.send(lines.join("\n") + "\n");
    b.expect_all(lines.iter().map(|line| a.says(line)));
}

#[test]
fn a_line_may_end_with_crlf() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.send("dos\r\nunix\n\r\nboth\r\n");
    b.expect_all([a.says("dos"), a.says("unix"), a.says("both")]);
}

#[test]
fn empty_and_blank_lines_are_ignored() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.send("\n\r\n   \n\t\n \t \r\n\u{a0}\u{3000}\n\u{200b}\nsomething\n");
    b.expect(&a.says("something"));
}

#[test]
fn white_space_in_a_line_is_kept() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.send("  \tindented  \n");
    b.expect(&a.says("  \tindented  "));
}

#[test]
fn exit_leaves_in_any_case_and_with_spaces() {
    let server = TestServer::start();
    let mut witness = server.join();
    for exit in ["exit\n", "EXIT\n", "Exit\r\n", "  eXiT \t\r\n", "\texit\n"] {
        let mut peer = server.join();
        let conn = server.conn_of(&peer);
        peer.say("bye");
        peer.send(exit);
        peer.expect_end();
        assert_eq!(server.farewell_of(conn), CloseReason::Exit, "{exit:?}");
        // Had the word been relayed, it would come before the next peer's farewell.
        witness.expect(&peer.says("bye"));
    }
    let mut last = server.join();
    last.say("the last one");
    witness.expect(&last.says("the last one"));
}

#[test]
fn what_only_looks_like_exit_is_a_message() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    for text in ["exit now", "exiting", "\"exit\"", "e xit", "exit."] {
        a.say(text);
        b.expect(&a.says(text));
    }
}

#[test]
fn what_comes_after_exit_does_not_count() {
    let server = TestServer::start();
    let (mut a, mut b, mut witness) = (server.join(), server.join(), server.join());
    a.send("one\ntwo\nexit\nthree\n");
    a.expect_end();
    // Not even in a later read.
    drop(a.try_send("four\n"));
    server.farewell_of(server.conn_of(&a));
    b.say("still here");
    witness.expect_all([a.says("one"), a.says("two"), b.says("still here")]);
    server.wait_for_stats("three lines in", |stats| stats.lines_in == 3);
}

#[test]
fn a_peer_that_leaves_has_read_all_that_was_said_before() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    for number in 0..100 {
        a.say(&number.to_string());
    }
    server.wait_for_message("99");
    b.say("exit");
    b.expect_all((0..100).map(|number| a.says(&number.to_string())));
    b.expect_end();
}

#[test]
fn somebody_alone_may_talk() {
    let server = TestServer::start();
    let mut alone = server.join();
    alone.say("anybody there?");
    server.wait_for_message("anybody there?");
    let mut other = server.join();
    other.say("now I am");
    alone.expect(&other.says("now I am"));
}
