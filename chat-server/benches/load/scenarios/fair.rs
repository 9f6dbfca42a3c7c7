//! A quiet room beside a loud one: is it heard in time?

use std::thread;
use std::time::Duration;

use super::Bench;
use crate::Result;
use crate::cores::Cores;
use crate::hostile::honest::Honest;
use crate::hostile::transcript::{RATE, Talk};
use crate::paired::median;
use crate::report::{Bar, Report, Unit, real};
use crate::room::{Room, Shape, Until};

/// The loud room, which is the lobby, and how many lines are under way in it.
const LOUD: Shape = Shape { senders: 1, receivers: 100, text_bytes: 66 };
const IN_FLIGHT: u64 = 256;
/// The quiet room, and how many clients are in it.
const QUIET: &str = "quiet";
const MEMBERS: usize = 10;
/// How many clients there are.
pub(super) const CLIENTS: usize = LOUD.senders + LOUD.receivers + 2 * MEMBERS;

/// How often each thing is measured. These rounds are long: one has to have messages of which one in
/// a hundred is late.
const ROUNDS: u32 = 7;
/// How long all of them take together, in seconds, if nothing is said.
const SECONDS: u32 = 14;

/// What the quiet room hears in one situation, round for round.
#[derive(Debug, Default)]
struct Heard {
    talks: Vec<Talk>,
}

/// The time of deliveries in the quiet room while the other one is saturated, over that while nobody
/// says anything there.
///
/// Whoever measures has a core for itself. The clients of the loud room have a thread of their own,
/// which gives way to all others. There are more threads than many machines have cores all the same,
/// and whoever waits for a core is late. So the same is measured of a quiet room at a server of its
/// own, which has no more in common with the loud one than the cores on which both run.
///
/// A core that rests takes its time to wake up, and alone in a chat one rests between messages: that
/// room may well be heard later than one beside a loud room. The times are told as well as the ratio.
pub(super) fn fair(bench: &Bench, report: &mut Report) -> Result<()> {
    Cores::dealt(|cores| measure(bench, report, cores))
}

/// The same, on these cores.
fn measure(bench: &Bench, report: &mut Report, cores: &Cores) -> Result<()> {
    let seconds = bench.seconds.unwrap_or(SECONDS);
    let round = Duration::from_secs(seconds.into()) / ROUNDS;
    // The loud room goes on a little longer than the quiet one.
    let messages = (seconds * RATE / ROUNDS).saturating_sub(5).max(1);
    cores.for_servers()?;
    let apart = bench.target.open(MEMBERS)?;
    let mut loud = bench.open_for(LOUD, LOUD.clients() + MEMBERS)?;
    cores.for_the_clock()?;
    let mut elsewhere = Honest::connect(apart.address(), MEMBERS, Some(QUIET))?;
    let mut quiet = Honest::connect(loud.server().address(), MEMBERS, Some(QUIET))?;

    let [mut alone, mut beside, mut remote] = [(); 3].map(|()| Heard::default());
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        alone.talks.push(quiet.chat(messages)?);
        let (talk, rate) = both(&mut quiet, messages, &mut loud, round, cores)?;
        beside.talks.push(talk);
        rates.push(rate);
        remote.talks.push(both(&mut elsewhere, messages, &mut loud, round, cores)?.0);
    }

    alone.tell(report, "alone");
    beside.tell(report, "beside");
    remote.tell(report, "own server");
    let mut row = |what, figure, unit, bar| report.row("fair", what, figure, unit, bar);
    let what = "beside: deliveries a second in the loud room";
    row(what, median(rates), Unit::PerSecond, Bar::None);
    let what = "time of 99 % of deliveries, beside over alone";
    row(what, beside.late_over(&alone), Unit::Ratio, Bar::AtMost(2.0));
    let what = "the same, own server over alone: the machine";
    row(what, remote.late_over(&alone), Unit::Ratio, Bar::None);
    let what = "the same, beside over own server";
    row(what, beside.late_over(&remote), Unit::Ratio, Bar::None);
    Ok(())
}

/// Lets the quiet room talk while the other one is saturated, by a thread of its own. Tells the
/// latter's deliveries a second, too.
fn both(
    quiet: &mut Honest,
    messages: u32,
    loud: &mut Room,
    round: Duration,
    cores: &Cores,
) -> Result<(Talk, f64)> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("loud".to_owned());
        let saturate = move || {
            cores.give_way().map_err(|error| error.to_string())?;
            loud.run(IN_FLIGHT, Until::Elapsed(round)).map_err(|error| error.to_string())
        };
        let pass = thread.spawn_scoped(scope, saturate)?;
        let talk = quiet.chat(messages)?;
        let pass = pass.join().map_err(|_| "the loud clients panicked")??;
        Ok((talk, pass.deliveries_per_second()))
    })
}

impl Heard {
    /// Reports the medians of the rounds. Anything lost or out of order is a failure, and so is what
    /// was heard of the other room.
    fn tell(&self, report: &mut Report, situation: &str) {
        let sum = |count: fn(&Talk) -> u64| self.talks.iter().map(count).sum::<u64>();
        let due = sum(|talk| talk.due);
        let wrong = sum(|talk| talk.lost + talk.astray + talk.foreign);
        let what = format!("{situation}: lost, astray or foreign, of {due}");
        report.must("fair", &what, real(wrong), Unit::Count, Bar::AtMost(0.0));
        let mut time = |what: &str, time: fn(&Talk) -> f64| {
            let what = format!("{situation}: {what}");
            let figure = median(self.talks.iter().map(time).collect());
            report.row("fair", &what, figure, Unit::Milliseconds, Bar::None);
        };
        time("time of 50 % of deliveries", |talk| talk.delivery.at(500));
        time("time of 99 % of deliveries", late);
        time("of which the generator was late, 99 %", |talk| talk.lateness.at(990));
    }

    /// How much later deliveries are than in another situation: the median over the rounds.
    fn late_over(&self, other: &Self) -> f64 {
        let pairs = self.talks.iter().zip(&other.talks);
        median(pairs.map(|(one, other)| late(one) / late(other)).collect())
    }
}

/// The time that 99 % of deliveries take at most.
fn late(talk: &Talk) -> f64 {
    talk.delivery.at(990)
}
