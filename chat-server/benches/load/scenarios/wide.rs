//! Does a delivery cost more in a large room?

use super::Bench;
use crate::Result;
use crate::baseline::Baseline;
use crate::paired::{Paired, ROUNDS, paired};
use crate::report::{Bar, Report, Unit};
use crate::room::{Room, Shape, Until};
use crate::server::Server;

/// The receivers of a large room.
pub(super) const WIDE: usize = 10_000;
/// The receivers of a small room.
pub(super) const NARROW: usize = 100;

/// CPU time of a delivery in a large room over that in a small one. The sockets of ten thousand
/// clients do not fit the caches, so the kernel alone costs more there: the second row, of a loop
/// that only sends, tells how much.
pub(super) fn wide(bench: &Bench, report: &mut Report) -> Result<()> {
    let server = spread(bench, |shape| bench.open(shape))?;
    let sends = spread(bench, |shape| {
        Room::open(Server::baseline(Baseline::Send, shape.clients())?, shape)
    })?;
    let mut row = |what, figure, unit, bar| report.row("wide", what, figure, unit, bar);
    row(
        "server CPU time of a delivery, 100 receivers",
        server.second,
        Unit::Microseconds,
        Bar::None,
    );
    row("the same with 10,000 receivers", server.first, Unit::Microseconds, Bar::None);
    row("10,000 receivers over 100", server.ratio, Unit::Ratio, Bar::AtMost(1.3));
    row("the same for bare sends: the kernel alone", sends.ratio, Unit::Ratio, Bar::None);
    let beyond = server.ratio / sends.ratio;
    row("the server's growth over the kernel's", beyond, Unit::Ratio, Bar::None);
    Ok(())
}

/// Measures a large and a small room by turns, one line at a time. Each has a server of its own;
/// the one that is not measured sleeps.
fn spread(bench: &Bench, open: impl Fn(Shape) -> Result<Room>) -> Result<Paired> {
    let round = Until::Elapsed(bench.round());
    let mut large = open(Shape { senders: 1, receivers: WIDE, text_bytes: 66 })?;
    let mut small = open(Shape { senders: 1, receivers: NARROW, text_bytes: 66 })?;
    paired(
        ROUNDS,
        || large.run(1, round)?.cpu_per_delivery(),
        || small.run(1, round)?.cpu_per_delivery(),
    )
}
