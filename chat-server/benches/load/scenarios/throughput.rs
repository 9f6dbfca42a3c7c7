//! As much as goes through: many lines under way all the time.

use super::Bench;
use crate::Result;
use crate::report::{Bar, Report, Unit};
use crate::room::{Shape, Until};

/// Deliveries: each line goes to a hundred.
pub(super) fn saturated(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut room = bench.open(Shape { senders: 1, receivers: 100, text_bytes: 66 })?;
    let pass = room.run(256, Until::Elapsed(bench.whole()))?;
    let figure = pass.deliveries_per_second();
    report.row("saturated", "deliveries a second", figure, Unit::PerSecond, Bar::AtLeast(15e6));
    if let Ok(figure) = pass.cpu_per_delivery() {
        let what = "server CPU time of a delivery";
        report.row("saturated", what, figure, Unit::Microseconds, Bar::AtMost(0.05e-6));
    }
    Ok(())
}

/// Lines in: the fewest deliveries that a room with four senders can have. A sender hears the other
/// three, so that it is four deliveries a line all the same.
pub(super) fn inbound(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut room = bench.open(Shape { senders: 4, receivers: 1, text_bytes: 66 })?;
    let pass = room.run(512, Until::Elapsed(bench.whole()))?;
    let figure = pass.lines_per_second();
    report.row(
        "inbound",
        "lines a second from 4 senders",
        figure,
        Unit::PerSecond,
        Bar::AtLeast(2e6),
    );
    Ok(())
}
