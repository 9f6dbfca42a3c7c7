//! What a program can do to its running server from outside.

use std::collections::HashSet;

use chat_core::testing::{Peer, TestServer};
use chat_core::wire::TextError;
use chat_core::{CloseReason, ConnId, HandleError, Server, Stats};

#[test]
fn a_broadcast_goes_to_everybody() {
    let server = TestServer::start();
    let mut peers: Vec<Peer> = (0..5).map(|_| server.join()).collect();
    server.handle().broadcast("the doors close at ten").unwrap();
    server.handle().broadcast("שלום 👩‍🚀").unwrap();
    for peer in &mut peers {
        peer.expect_all(["* the doors close at ten", "* שלום 👩‍🚀"]);
    }
}

#[test]
fn a_word_to_one_client_goes_to_nobody_else() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    server.handle().send_to(server.conn_of(&a), "a word").unwrap();
    a.expect("* a word");
    server.handle().broadcast("to all").unwrap();
    a.expect("* to all");
    b.expect("* to all");
}

#[test]
fn a_kicked_client_reads_why_and_is_gone() {
    let server = TestServer::start();
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    let (first, second) = (server.conn_of(&a), server.conn_of(&b));
    a.say("last words");
    b.expect(&a.says("last words"));
    server.handle().kick(first, "no last words here").unwrap();
    // It is gone from the very moment in which the call returns, and what it says is not heard.
    assert!(server.handle().clients().unwrap().iter().all(|client| client.conn != first));
    assert_eq!(server.handle().kick(first, "again"), Err(HandleError::NoSuchClient));
    drop(a.try_send("one more thing\n"));
    a.expect("* no last words here");
    a.expect_end();
    assert_eq!(server.farewell_of(first), CloseReason::Kicked);
    // An empty reason is no reason.
    server.handle().kick(second, "").unwrap();
    b.expect_end();
    server.handle().broadcast("two less").unwrap();
    c.expect_all([a.says("last words"), "* two less".to_owned()]);
    assert_eq!(server.handle().stats().closed.kicked, 2);
}

#[test]
fn what_was_said_before_a_kick_reaches_the_kicked() {
    let server = TestServer::start();
    // One call right after the other, so that they meet in the same turn of the server.
    for _ in 0..200 {
        let mut peer = server.join();
        let conn = server.conn_of(&peer);
        server.handle().broadcast("who is loud will be removed").unwrap();
        server.handle().kick(conn, "you are loud").unwrap();
        peer.expect_all(["* who is loud will be removed", "* you are loud"]);
        peer.expect_end();
    }
}

#[test]
fn a_word_to_one_client_comes_after_what_was_said_before() {
    let server = TestServer::start();
    let mut peer = server.join();
    let conn = server.conn_of(&peer);
    for number in 0..200 {
        server.handle().broadcast(&format!("question {number}")).unwrap();
        server.handle().send_to(conn, &format!("answer {number}")).unwrap();
        peer.expect_all([format!("* question {number}"), format!("* answer {number}")]);
    }
}

#[test]
fn the_clients_are_those_who_are_here() {
    let server = TestServer::start();
    assert_eq!(server.handle().clients().unwrap(), []);
    let peers: Vec<Peer> = (0..10).map(|_| server.join()).collect();
    let expected: HashSet<_> = peers.iter().map(|p| (server.conn_of(p), p.addr())).collect();
    let clients = server.handle().clients().unwrap();
    assert_eq!(clients.len(), 10);
    let listed: HashSet<_> = clients.iter().map(|client| (client.conn, client.addr)).collect();
    assert_eq!(listed, expected);
    let (mut leaver, left) = (peers.into_iter().next().unwrap(), 9);
    leaver.say("exit");
    server.farewell_of(server.conn_of(&leaver));
    assert!(server.handle().clients().unwrap().len() <= left);
}

#[test]
fn a_client_that_has_left_is_not_there() {
    let server = TestServer::start();
    let mut peer = server.join();
    let conn = server.conn_of(&peer);
    peer.say("exit");
    peer.expect_end();
    server.farewell_of(conn);
    // Its place may be another's by now, but not its name.
    let other = server.join();
    assert_ne!(server.conn_of(&other), conn);
    assert_eq!(server.handle().send_to(conn, "hello?"), Err(HandleError::NoSuchClient));
    assert_eq!(server.handle().kick(conn, "out"), Err(HandleError::NoSuchClient));
    assert_eq!(server.handle().clients().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_a_line_is_refused() {
    let server = TestServer::start();
    let peer = server.join();
    let (handle, conn) = (server.handle(), server.conn_of(&peer));
    let two = HandleError::Text(TextError::LineBreak);
    assert_eq!(handle.broadcast("two\nlines"), Err(two));
    assert_eq!(handle.send_to(conn, "two\nlines"), Err(two));
    assert_eq!(handle.kick(conn, "two\nlines"), Err(two));
    assert_eq!(handle.broadcast(" "), Err(HandleError::Text(TextError::Blank)));
    let escape = HandleError::Text(TextError::Unsafe('\x1b'));
    assert_eq!(handle.broadcast("\x1b[2J"), Err(escape));
    // None of it has been done by half.
    assert_eq!(handle.clients().unwrap().len(), 1);
}

/// Checks that a handle says of everything that there is no server.
#[track_caller]
fn nothing_runs(handle: &chat_core::ServerHandle, conn: ConnId) {
    assert_eq!(handle.broadcast("x"), Err(HandleError::NotRunning));
    assert_eq!(handle.send_to(conn, "x"), Err(HandleError::NotRunning));
    assert_eq!(handle.kick(conn, "x"), Err(HandleError::NotRunning));
    assert_eq!(handle.clients(), Err(HandleError::NotRunning));
}

#[test]
fn a_server_that_does_not_run_says_so() {
    let mut server = TestServer::start();
    let peer = server.join();
    let conn = server.conn_of(&peer);

    let not_yet = Server::bind("127.0.0.1:0").unwrap();
    nothing_runs(&not_yet.handle(), conn);
    assert_eq!(not_yet.handle().stats(), Stats::default());
    drop(not_yet);

    server.stop();
    nothing_runs(server.handle(), conn);
    // The numbers can still be read.
    assert_eq!(server.handle().stats().accepted, 1);
}

#[test]
fn the_numbers_add_up() {
    let server = TestServer::start();
    let mut peers: Vec<Peer> = (0..4).map(|_| server.join()).collect();
    peers[0].send("one\ntwo\n");
    let said = ["one", "two"].map(|text| peers[0].says(text));
    for peer in &mut peers[1..] {
        peer.expect_all(&said);
    }
    let stats = server.wait_for_stats("two in, six out", |stats| {
        (stats.lines_in, stats.lines_out, stats.accepted) == (2, 6, 4)
    });
    let length: usize = said.iter().map(|line| line.len() + 1).sum();
    assert_eq!(stats.bytes_in, 8);
    assert_eq!(stats.bytes_out, 3 * length as u64);
    assert_eq!((stats.accepted, stats.clients, stats.closed.total()), (4, 4, 0));
    assert_eq!((stats.lines_dropped, stats.lines_refused, stats.refused.total()), (0, 0, 0));
    assert_eq!((stats.events_missed, stats.handler_panics, stats.accept_errors), (0, 0, 0));

    drop(peers.pop());
    server.wait_for_stats("one has left", |stats| stats.clients == 3 && stats.closed.total() == 1);
}
