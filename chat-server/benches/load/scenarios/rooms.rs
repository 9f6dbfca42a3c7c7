//! Does a delivery cost more in many small rooms than in a large one?

use super::Bench;
use crate::Result;
use crate::baseline::Baseline;
use crate::chatter::Chatter;
use crate::paired::{Paired, ROUNDS, paired};
use crate::report::{Bar, Report, Unit};
use crate::server::Server;

/// How many rooms there are if nothing is said: with their clients, they come near the 20,000 open
/// files that a process is often allowed.
pub(crate) const ROOMS: u32 = 1_900;
/// How many clients are in each of them.
pub(super) const MEMBERS: usize = 10;
/// How many are in the one room to compare with.
pub(super) const LARGE: usize = 100;

/// CPU time of a delivery with many rooms over that in one room. One message is under way in each.
///
/// The system has its share in the ratio: a message has to be read once and is sent to nine, not
/// to ninety-nine, and the sockets of so many clients do not fit the caches. The last rows tell what
/// that comes to in a loop that does nothing else.
pub(super) fn rooms(bench: &Bench, report: &mut Report) -> Result<()> {
    let server = spread(bench, |clients| bench.target.open(clients))?;
    let relay = spread(bench, |clients| Server::baseline(Baseline::Relay, clients))?;
    let many = bench.rooms;
    let mut row = |what: &str, figure, unit, bar| report.row("rooms", what, figure, unit, bar);
    let what = "server CPU time of a delivery, one room of 100";
    row(what, server.second, Unit::Microseconds, Bar::None);
    let what = format!("the same in {many} rooms of {MEMBERS}");
    row(&what, server.first, Unit::Microseconds, Bar::None);
    row("many rooms over one", server.ratio, Unit::Ratio, Bar::AtMost(1.1));
    let what = format!("a relay in a single thread: {many} rooms of {MEMBERS}");
    row(&what, relay.first, Unit::Microseconds, Bar::None);
    row("the relay, many rooms over one", relay.ratio, Unit::Ratio, Bar::None);
    let beyond = server.ratio / relay.ratio;
    row("the server's growth over the relay's", beyond, Unit::Ratio, Bar::None);
    Ok(())
}

/// Measures the many rooms and the one by turns, each at a server of its own.
fn spread(bench: &Bench, open: impl Fn(usize) -> Result<Server>) -> Result<Paired> {
    let chatter = |rooms, members| Chatter::open(open(rooms * members)?, rooms, members);
    let mut many = chatter(bench.rooms, MEMBERS)?;
    let mut one = chatter(1, LARGE)?;
    let round = bench.round();
    paired(ROUNDS, || many.run(round)?.cpu_per_delivery(), || one.run(round)?.cpu_per_delivery())
}
