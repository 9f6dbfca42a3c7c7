//! Half of the receivers stop reading. The others must not notice, and the server must not grow.

use super::Bench;
use crate::Result;
use crate::paired::{ROUNDS, paired};
use crate::report::{Bar, Report, Unit, real};
use crate::room::{Shape, Until};

/// The room: 9.7 MB for each receiver, more than the kernel's buffers and the server's backlog for
/// one client hold together.
const SHAPE: Shape = Shape { senders: 1, receivers: 100, text_bytes: 480 };
/// How many lines are sent.
const LINES: u64 = 20_000;
/// How many lines are under way to the clients that read.
const IN_FLIGHT: u64 = 256;
/// How many of the receivers stop reading.
const STALLED: usize = 50;

/// The rate at which fifty clients are served while fifty others do not read, over the rate at which
/// they are served while the fifty others do read.
///
/// One thing differs between the two runs: whether the other half reads. So the ratio answers the
/// question of a client: does it harm me when others hang? It is well above 1 where it does not,
/// because there are fewer to serve then, both for the server and for the one thread that plays the
/// clients. A room of fifty clients alone would be the wrong thing to compare with: the kernel takes
/// megabytes for a stalled client before anybody can know that it stalls, and that work would
/// count as harm. In the undisturbed run all hundred are waited for: nobody is more than the few
/// lines under way behind another.
pub(super) fn stalled(bench: &Bench, report: &mut Report) -> Result<()> {
    let (mut peak, mut closed) = (0, STALLED);
    let rate = paired(
        ROUNDS,
        || {
            let mut room = bench.open(SHAPE)?;
            room.stall(STALLED)?;
            let pass = room.run(IN_FLIGHT, Until::Sent(LINES))?;
            closed = closed.min(room.read_stalled_to_end());
            peak = peak.max(room.server().peak_resident()?);
            Ok(pass.lines_per_second())
        },
        || Ok(bench.open(SHAPE)?.run(IN_FLIGHT, Until::Sent(LINES))?.lines_per_second()),
    )?;
    let mut row = |what, figure, unit, bar| report.row("stalled", what, figure, unit, bar);
    row("rate of 50 clients, 50 stalled over none", rate.ratio, Unit::Ratio, Bar::AtLeast(0.9));
    let bar = Bar::AtMost(24.0 * 1024.0 * 1024.0);
    row("peak server memory", real(peak), Unit::Mebibytes, bar);
    let bar = Bar::AtLeast(real(STALLED as u64));
    row("stalled clients that the server closed", real(closed as u64), Unit::Count, bar);
    Ok(())
}
