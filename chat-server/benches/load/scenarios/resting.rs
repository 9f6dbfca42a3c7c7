//! What rooms cost in which nobody says anything, and what is left of them when all have left.

use super::Bench;
use super::rooms::MEMBERS;
use crate::Result;
use crate::chatter::room_name;
use crate::joining::{answer, ask, join};
use crate::peers::Peers;
use crate::report::{Bar, Report, Unit, real};
use crate::server::Server;

/// What a room may leave behind that nobody is in any more: less than anything that could be found
/// by its name. Zero would be a bar for the pages of the system, which are resident or are not.
const NOTHING: f64 = 8.0;

/// How many clients there are in so many rooms.
pub(super) fn clients(rooms: usize) -> usize {
    rooms * MEMBERS
}

/// Memory of a room, beyond that of the same clients in the lobby, and when it is no more. Everybody
/// is answered once before, so that it is not the answers that are counted.
///
/// What is resident when all have left is told and has no bar: the allocator keeps much of what it is
/// given back, and how much that is has more to do with it than with rooms. The bars are for what the
/// server itself holds, which a second run tells, in which the allocator keeps nothing.
pub(super) fn resting(bench: &Bench, report: &mut Report) -> Result<()> {
    let rooms = bench.rooms;
    let each = |now, before| (real(now) - real(before)) / real(rooms as u64);
    let mut row = |what: &str, figure, bar| report.row("resting", what, figure, Unit::Bytes, bar);

    let resident = Course::run(bench.target.open(clients(rooms))?, rooms, None)?;
    let what = format!("server memory of a room, {rooms} of {MEMBERS} clients");
    row(&what, each(resident.with, resident.before), Bar::AtMost(1024.0));
    let what = "kept by the allocator when all have left";
    row(what, each(resident.after, resident.before), Bar::None);
    let what = "kept further, when all have come and left again";
    row(what, each(resident.again, resident.after), Bar::None);

    // Queues and tables that are as long as there are clients are used for the first time before,
    // which makes their pages resident.
    let server = bench.target.open_with_nothing_kept(clients(rooms))?;
    let held = Course::run(server, rooms, Some("another"))?;
    let bar = Bar::AtMost(NOTHING);
    row("held by the server when all have left", each(held.after, held.before), bar);
    row("held further, when all have come and left again", each(held.again, held.after), bar);
    Ok(())
}

/// Has all clients go back to the lobby.
fn leave(peers: &mut Peers) -> Result<()> {
    ask(peers, |_| ("/leave\n".to_owned(), answer("lobby")))
}

/// The memory of a server as its clients come and go, in bytes.
#[derive(Debug)]
struct Course {
    /// All are in the lobby.
    before: u64,
    /// They are in rooms.
    with: u64,
    /// They are in the lobby again.
    after: u64,
    /// And once more, after they were in rooms again.
    again: u64,
}

impl Course {
    /// Has all clients go into so many rooms and back, twice. If a room is given, they are all in that
    /// one once before.
    fn run(server: Server, rooms: usize, first: Option<&str>) -> Result<Self> {
        // The server is dropped first: the side that closes first has to keep the address for a while.
        let (mut peers, server) = (Peers::new(server.address())?, server);
        peers.add(clients(rooms))?;
        let already = "* you are in lobby already\n";
        ask(&mut peers, |_| ("/join lobby\n".to_owned(), already.to_owned()))?;
        if let Some(room) = first {
            join(&mut peers, |_| room.to_owned())?;
            leave(&mut peers)?;
        }
        let before = server.steady_resident()?;
        let mut come_and_go = || -> Result<[u64; 2]> {
            join(&mut peers, |client| room_name(client % rooms))?;
            let with = server.steady_resident()?;
            leave(&mut peers)?;
            Ok([with, server.steady_resident()?])
        };
        let [with, after] = come_and_go()?;
        let [_, again] = come_and_go()?;
        Ok(Self { before, with, after, again })
    }
}
