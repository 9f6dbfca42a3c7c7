//! One line at a time: what the server adds to the system calls that any server needs.

use super::Bench;
use crate::Result;
use crate::baseline::Baseline;
use crate::paired::{ROUNDS, paired};
use crate::report::{Bar, Report, Unit};
use crate::room::{Room, Shape, Until};
use crate::server::Server;

/// CPU time next to that of a loop that only sends. One line to a hundred clients is a hundred
/// system calls whatever the server does; the ratio is what it does besides.
pub(super) fn against_bare_sends(bench: &Bench, report: &mut Report) -> Result<()> {
    let shape = Shape { senders: 1, receivers: 100, text_bytes: 66 };
    let round = Until::Elapsed(bench.round());
    let mut server = bench.open(shape)?;
    let mut sends = Room::open(Server::baseline(Baseline::Send, shape.clients())?, shape)?;
    let cost = paired(
        ROUNDS,
        || server.run(1, round)?.cpu_per_delivery(),
        || sends.run(1, round)?.cpu_per_delivery(),
    )?;
    let mut row = |what, figure, unit, bar| report.row("single100", what, figure, unit, bar);
    row("server CPU time of a delivery", cost.first, Unit::Microseconds, Bar::None);
    row("the same of a bare `send`", cost.second, Unit::Microseconds, Bar::None);
    row("the server over bare sends", cost.ratio, Unit::Ratio, Bar::AtMost(1.1));
    Ok(())
}

/// The time a line takes next to that of a relay in a single thread, which hands nothing from one
/// thread to another. The clients' own share is part of both.
pub(super) fn against_relay(bench: &Bench, report: &mut Report) -> Result<()> {
    let shape = Shape { senders: 1, receivers: 10, text_bytes: 66 };
    let round = Until::Elapsed(bench.round());
    let mut server = bench.open(shape)?;
    let mut relay = Room::open(Server::baseline(Baseline::Relay, shape.clients())?, shape)?;
    let time = paired(
        ROUNDS,
        || Ok(server.run(1, round)?.seconds_per_line()),
        || Ok(relay.run(1, round)?.seconds_per_line()),
    )?;
    let mut row = |what, figure, unit, bar| report.row("single10", what, figure, unit, bar);
    row("time of a line to 10 receivers", time.first, Unit::Microseconds, Bar::None);
    row("the same through a single-threaded relay", time.second, Unit::Microseconds, Bar::None);
    row("the server over the relay", time.ratio, Unit::Ratio, Bar::AtMost(1.15));
    Ok(())
}
