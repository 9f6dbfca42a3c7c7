//! What rooms cost in which nobody says anything, and what is left of them when all have left.

use super::Bench;
use super::rooms::MEMBERS;
use crate::Result;
use crate::chatter::room_name;
use crate::joining::{answer, ask, join};
use crate::peers::Peers;
use crate::report::{Bar, Report, Unit, real};

/// What a room may leave behind that nobody is in any more: less than anything that could be found
/// by its name. Zero would be a bar for the pages of the system, which are resident or are not.
const NOTHING: f64 = 8.0;

/// How many clients there are in so many rooms.
pub(super) fn clients(rooms: usize) -> usize {
    rooms * MEMBERS
}

/// Memory of a room, beyond that of the same clients in the lobby, and when it is no more. Everybody
/// is answered once before, so that it is not the answers that are counted. What is left behind may be
/// memory that waits to be used again; what comes to it a second time is lost.
pub(super) fn resting(bench: &Bench, report: &mut Report) -> Result<()> {
    let rooms = bench.rooms;
    // The server is dropped first: the side that closes first has to keep the address for a while.
    let (mut peers, server) = {
        let server = bench.target.open(clients(rooms))?;
        (Peers::new(server.address())?, server)
    };
    peers.add(clients(rooms))?;
    ask(&mut peers, |_| ("/join lobby\n".to_owned(), "* you are in lobby already\n".to_owned()))?;
    let before = server.steady_resident()?;
    let mut come_and_go = || -> Result<[u64; 2]> {
        join(&mut peers, |client| room_name(client % rooms))?;
        let with = server.steady_resident()?;
        ask(&mut peers, |_| ("/leave\n".to_owned(), answer("lobby")))?;
        Ok([with, server.steady_resident()?])
    };
    let [with, after] = come_and_go()?;
    let [_, again] = come_and_go()?;

    let each = |now, before| (real(now) - real(before)) / real(rooms as u64);
    let mut row = |what: &str, figure, bar| report.row("resting", what, figure, Unit::Bytes, bar);
    let what = format!("server memory of a room, {rooms} of {MEMBERS} clients");
    row(&what, each(with, before), Bar::AtMost(1024.0));
    row("the same when all have left", each(after, before), Bar::AtMost(NOTHING));
    row("further, when all have come and left again", each(again, after), Bar::AtMost(NOTHING));
    Ok(())
}
