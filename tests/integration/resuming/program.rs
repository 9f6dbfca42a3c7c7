//! Programs on raw connections: what they send and read is in the tests.

use chat_core::testing::{Peer, TestServer};

use super::talker::{Session, Told};

/// A client with tags.
pub(crate) fn program(server: &TestServer) -> Peer {
    let mut peer = server.join();
    peer.say("/tags");
    assert_eq!(told(&mut peer).kind(), "answer");
    peer
}

/// A client with tags that may come back.
pub(crate) fn in_session(server: &TestServer) -> (Peer, Session) {
    let mut peer = program(server);
    let session = begin(&mut peer);
    (peer, session)
}

/// Begins a session.
#[track_caller]
pub(crate) fn begin(peer: &mut Peer) -> Session {
    session(&ask(peer, "begin", "/resume"))
}

/// What an answer tells of a session.
#[track_caller]
pub(crate) fn session(told: &Told) -> Session {
    let token = told.tag("session").unwrap_or_else(|| panic!("no session: {told:?}")).to_owned();
    let (epoch, msgid) = (told.number("epoch").unwrap(), told.number("msgid").unwrap());
    Session { token, epoch, msgid }
}

/// The next line that has tags.
#[track_caller]
pub(crate) fn told(peer: &mut Peer) -> Told {
    loop {
        let line = peer.line();
        if line.starts_with('@') {
            return Told::of(&line);
        }
    }
}

/// Asks for something, and gives the answer; all that comes before it is passed over.
#[track_caller]
pub(crate) fn ask(peer: &mut Peer, label: &str, line: &str) -> Told {
    peer.say(&format!("@label={label} {line}"));
    loop {
        let told = told(peer);
        if told.tag("label") == Some(label) {
            return told;
        }
    }
}

/// Comes back, and gives the lines that were missed and the answer.
#[track_caller]
pub(crate) fn resume(server: &TestServer, session: &Session) -> (Peer, Vec<String>, Told) {
    let mut peer = server.join();
    let Session { token, epoch, msgid } = session;
    peer.say(&format!("/resume {token} {epoch} {msgid}"));
    let mut missed = Vec::new();
    loop {
        let told = told(&mut peer);
        if matches!(told.kind(), "answer" | "error") {
            return (peer, missed, told);
        }
        missed.push(told.text);
    }
}

/// Waits until the server knows that a client is gone.
pub(crate) fn lose(server: &TestServer, peer: Peer) {
    let conn = server.conn_of(&peer);
    peer.reset();
    server.farewell_of(conn);
}
