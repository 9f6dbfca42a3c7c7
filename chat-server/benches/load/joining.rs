//! Going into rooms.

use std::time::Instant;

use crate::Result;
use crate::peers::{PATIENCE, Peers};

/// What a client says to go into a room, before the room's name.
pub(crate) const COMMAND: &str = "/join ";

/// What a client is told that is in a room now, as a line.
pub(crate) fn answer(room: &str) -> String {
    format!("* you are in {room}\n")
}

/// Has each client go into the room that `room` names for it, and waits until each was told that it
/// is there. Nothing else may be under way to any of them.
pub(crate) fn join(peers: &mut Peers, room: impl Fn(usize) -> String) -> Result<()> {
    ask(peers, |client| {
        let room = room(client);
        (format!("{COMMAND}{room}\n"), answer(&room))
    })
}

/// Has each client ask for something, and waits until each has the whole answer that is due to it,
/// and nothing else.
pub(crate) fn ask(
    peers: &mut Peers,
    what_and_answer: impl Fn(usize) -> (String, String),
) -> Result<()> {
    let mut due = Vec::with_capacity(peers.len());
    for client in 0..peers.len() {
        let (what, answer) = what_and_answer(client);
        peers.outbox(client).extend_from_slice(what.as_bytes());
        peers.flush(client)?;
        due.push(answer.into_bytes());
    }
    let started = Instant::now();
    let mut waiting = due.len();
    while waiting > 0 {
        let came = peers.turn(PATIENCE, |client, bytes| {
            let due = &mut due[client];
            if !due.starts_with(bytes) {
                let (came, due) = (bytes.escape_ascii(), due.escape_ascii());
                return Err(format!("client {client} was told `{came}` instead of `{due}`").into());
            }
            waiting -= usize::from(due.len() == bytes.len() && !bytes.is_empty());
            due.drain(..bytes.len());
            Ok(())
        })?;
        if !came || started.elapsed() > 3 * PATIENCE {
            let spent = started.elapsed();
            return Err(format!("{waiting} clients had no answer after {spent:.1?}").into());
        }
    }
    Ok(())
}
