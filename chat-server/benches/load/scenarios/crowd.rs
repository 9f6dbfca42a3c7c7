//! Many clients: what they cost at rest, how fast they get in, and that all of them are served.

use super::Bench;
use crate::Result;
use crate::report::{Bar, Report, Unit, real};
use crate::room::{Room, Shape};

/// How many clients say nothing.
pub(super) const IDLE: usize = 5_000;
/// How many come at once.
pub(super) const BURST: usize = 10_000;
/// How many share one room: near the 20,000 open files that a process is often allowed.
pub(super) const MANY: usize = 19_000;

/// Memory of a client at rest. Two clients talk first, so that what the server sets up once is not
/// counted; and all are spoken to at the end, which proves that it had accepted them.
pub(super) fn idle(bench: &Bench, report: &mut Report) -> Result<()> {
    let warm_up = Shape { senders: 1, receivers: 1, text_bytes: 66 };
    let server = bench.target.open(warm_up.clients() + IDLE)?;
    let mut room = Room::open(server, warm_up)?;
    let before = room.server().steady_resident()?;
    room.add(IDLE)?;
    let after = room.server().steady_resident()?;
    room.greet()?;
    let figure = real(after.saturating_sub(before)) / real(IDLE as u64);
    report.row("idle", "server memory of an idle client", figure, Unit::Bytes, Bar::AtMost(256.0));
    Ok(())
}

/// The time to get in. None may be refused or reset, which would be an error and not a figure.
pub(super) fn burst(bench: &Bench, report: &mut Report) -> Result<()> {
    let room = bench.open(crowd(BURST))?;
    let connected = room.connected_after.as_secs_f64();
    let reached = room.reached_after.as_secs_f64();
    let mut row = |what, figure, bar| report.row("burst", what, figure, Unit::Seconds, bar);
    row("until 10,000 clients are connected", connected, Bar::AtMost(2.0));
    row("until a line of one has reached all the others", reached, Bar::None);
    Ok(())
}

/// Everybody is served, and the memory it takes.
pub(super) fn many(bench: &Bench, report: &mut Report) -> Result<()> {
    let room = bench.open(crowd(MANY))?;
    let reached = room.reached_after.as_secs_f64();
    let what = "until 19,000 are connected and a line has reached all";
    report.row("many", what, reached, Unit::Seconds, Bar::None);
    if let Ok(figure) = room.server().steady_resident() {
        report.row("many", "server memory", real(figure), Unit::Mebibytes, Bar::None);
    }
    Ok(())
}

/// A room of so many, one of whom speaks.
fn crowd(clients: usize) -> Shape {
    Shape { senders: 1, receivers: clients - 1, text_bytes: 66 }
}
