//! Hostile clients of all kinds at once, among others who only want to chat.

use std::time::{Duration, Instant};

use super::Bench;
use crate::cores::Cores;
use crate::hostile::habits::Habit;
use crate::hostile::honest::Honest;
use crate::hostile::intruder::Deeds;
use crate::hostile::mob::{self, Mob};
use crate::hostile::transcript::{RATE, Talk};
use crate::report::{Bar, Report, Unit, real};
use crate::server::Server;
use crate::{Result, usage};

/// How many clients chat. All but one of them speak.
const HONEST: usize = 201;
/// The limits that keep hostile clients in check leave out those on the same machine, unless the
/// server is told not to.
const OPTIONS: &[&str] = &["--no-loopback-exemption"];
/// The server's limit of all clients is so high that it is in nobody's way.
const ROOMY: usize = 4096;
/// The memory that the server may take.
const MEMORY: f64 = 64.0 * 1024.0 * 1024.0;
/// How long the hostile clients stay, in seconds, if nothing is said.
const SECONDS: u32 = 60;
/// How long a server may be busy with hostile clients that are gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many clients there are at a time.
pub(super) fn clients() -> usize {
    HONEST + mob::peers()
}

/// A quiet chat, then the same with the hostile clients, then silence.
///
/// Messages that were lost or came in another order, too much memory, and a server that does not
/// come to rest are failures on any machine. How much later messages came is a figure with a bar
/// like others: the hostile clients share the cores with the server, so what they take is told as well.
pub(super) fn hostile(bench: &Bench, report: &mut Report) -> Result<()> {
    Cores::dealt(|cores| measure(bench, report, cores))
}

/// The same, on these cores.
fn measure(bench: &Bench, report: &mut Report, cores: &Cores) -> Result<()> {
    let seconds = bench.seconds.unwrap_or(SECONDS);
    cores.for_servers()?;
    let mut server = bench.target.open_with(ROOMY, OPTIONS)?;
    cores.for_the_clock()?;
    let mut honest = Honest::connect(server.address(), HONEST, None)?;
    let files = server.open_files()?;

    let watch = Watch::start(&mut server)?;
    let quiet = honest.chat((seconds / 3).max(5) * RATE)?;
    watch.tell(report, "quiet", &mut server)?;
    tell(report, "quiet", &quiet);

    let watch = Watch::start(&mut server)?;
    let mob = Mob::start(server.address(), &honest, cores)?;
    let chat = honest.chat(seconds * RATE);
    // What the hostile clients did is of interest even if the chat broke off, and why it did comes
    // before what cannot be learned of a server that is dead.
    let usage = watch.tell(report, "hostile", &mut server);
    let peak = server.peak_resident();
    for (habit, deeds) in mob.stop()? {
        tell_deeds(report, &habit, deeds);
    }
    let what = "hostile: peak server memory";
    let bar = Bar::AtMost(MEMORY);
    let peak = peak.map(|peak| report.must("hostile", what, real(peak), Unit::Mebibytes, bar));
    let chat = chat?;
    usage.and(peak)?;
    tell(report, "hostile", &chat);
    let what = "hostile: lines of others, to each client";
    let some = Bar::AtLeast(f64::from(seconds));
    report.must("hostile", what, real(chat.foreign), Unit::Count, some);
    let ratio = chat.delivery.at(990) / quiet.delivery.at(990);
    let what = "time of 99 % of deliveries, hostile over quiet";
    report.row("hostile", what, ratio, Unit::Ratio, Bar::AtMost(2.0));

    let share = rest(&mut server, &mut honest, files)?;
    let what = "after: server CPU, of a core";
    report.must("hostile", what, share, Unit::Percent, Bar::AtMost(0.01));
    Ok(())
}

/// Reports what a stretch of the chat came to.
fn tell(report: &mut Report, phase: &str, talk: &Talk) {
    let mut must = |what: &str, figure| {
        let what = format!("{phase}: {what}");
        report.must("hostile", &what, real(figure), Unit::Count, Bar::AtMost(0.0));
    };
    must(&format!("lost, of {} deliveries", talk.due), talk.lost);
    must("clients that heard another order", talk.astray);
    let mut time = |what: &str, figure| {
        let what = format!("{phase}: {what}");
        report.row("hostile", &what, figure, Unit::Milliseconds, Bar::None);
    };
    time("time of 50 % of deliveries", talk.delivery.at(500));
    time("time of 99 % of deliveries", talk.delivery.at(990));
    time("time of the slowest delivery", talk.delivery.longest());
    time("of which the generator was late, 99 %", talk.lateness.at(990));
    time("of which the generator was late, at most", talk.lateness.longest());
}

/// Reports what a kind of hostile clients did. If not even all of them came, nothing is proved.
fn tell_deeds(report: &mut Report, habit: &Habit, deeds: Deeds) {
    let Deeds { visits, closed, sent } = deeds;
    let what = format!("{}: visits ({} MB; {closed} cut short)", habit.name, sent / 1_000_000);
    let all = Bar::AtLeast(real(habit.peers as u64));
    report.must("hostile", &what, real(visits), Unit::Count, all);
}

/// Waits until the server has let go of all hostile clients and nothing more arrives, and tells what
/// share of a core it takes from then on, while nobody says anything.
fn rest(server: &mut Server, honest: &mut Honest, files: usize) -> Result<f64> {
    const SILENCE: Duration = Duration::from_secs(2);
    let since = Instant::now();
    while honest.listen(Duration::from_millis(50))? || server.open_files()? > files {
        if since.elapsed() > PATIENCE {
            let left = server.open_files()?.saturating_sub(files);
            let what = format!("the hostile clients have been gone for {PATIENCE:?}");
            return Err(format!("{what}, and the server still has {left} of them").into());
        }
    }
    let watch = Watch::start(server)?;
    while let Some(left) = SILENCE.checked_sub(watch.started.elapsed()) {
        honest.listen(left)?;
    }
    Ok(watch.shares(server)?.0)
}

/// The CPU time of the server and of this process, from some moment on.
#[derive(Clone, Copy, Debug)]
struct Watch {
    started: Instant,
    server: Duration,
    generator: Duration,
}

impl Watch {
    /// From now on.
    fn start(server: &mut Server) -> Result<Self> {
        let generator = usage::cpu_time(std::process::id())?;
        let time = server.cpu_time()?.ok_or("the server's CPU time is not known")?;
        Ok(Self { started: Instant::now(), server: time, generator })
    }

    /// What the server and this process took since then, as shares of a core.
    fn shares(self, server: &mut Server) -> Result<(f64, f64)> {
        let now = Self::start(server)?;
        let elapsed = (now.started - self.started).as_secs_f64();
        let share = |now: Duration, before| now.saturating_sub(before).as_secs_f64() / elapsed;
        Ok((share(now.server, self.server), share(now.generator, self.generator)))
    }

    /// Reports them.
    fn tell(self, report: &mut Report, phase: &str, server: &mut Server) -> Result<()> {
        let (server, generator) = self.shares(server)?;
        for (what, share) in [("server CPU", server), ("generator CPU", generator)] {
            let what = format!("{phase}: {what}, of a core");
            report.row("hostile", &what, share, Unit::Percent, Bar::None);
        }
        Ok(())
    }
}
