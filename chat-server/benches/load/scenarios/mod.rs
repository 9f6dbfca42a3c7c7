//! What is measured: each scenario opens its rooms, lets lines through and reports its figures.

mod crowd;
mod fair;
mod hostile;
mod resting;
mod rooms;
mod single;
mod stalled;
mod stored;
mod throughput;
mod wide;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use rlimit::Resource;

pub(crate) use self::rooms::ROOMS;
use crate::Result;
use crate::options::Options;
use crate::paired::ROUNDS;
use crate::report::Report;
use crate::room::{Room, Shape};
use crate::server::Target;

/// The scenarios, in the order in which they run.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Scenario {
    /// One sender and 100 receivers with 256 lines under way: deliveries a second.
    Saturated,
    /// One line at a time to 100 receivers: the server's CPU time next to that of bare sends.
    Single100,
    /// One line at a time to 10 receivers: the time it takes next to that of a minimal relay.
    Single10,
    /// Four senders and one receiver: lines a second into the server.
    Inbound,
    /// 5,000 clients that say nothing: memory for each.
    Idle,
    /// 10,000 clients that come at once: the time until they are in.
    Burst,
    /// 19,000 clients in one room: one line reaches them all.
    Many,
    /// The CPU time of a delivery among 10,000 receivers next to one among 100.
    Wide,
    /// The CPU time of a delivery in 1,900 rooms of 10 next to one in a room of 100.
    Rooms,
    /// A quiet room beside a saturated one: how much later its messages come.
    Fair,
    /// 1,900 rooms of 10 clients that say nothing: memory for each room.
    Resting,
    /// Half of 100 receivers stop reading: what that does to the others.
    Stalled,
    /// The same as `saturated`, with a store next to without one.
    Stored,
    /// From a labelled line to its answer, with a store, next to a bare write that waits for the disk.
    Acked,
    /// 200 clients chat among 210 hostile ones: what that does to them and to the server.
    Hostile,
}

/// What the scenarios share.
#[derive(Debug)]
pub(crate) struct Bench {
    target: Target,
    /// How long a figure is measured, if that was said.
    seconds: Option<u32>,
    /// How many rooms there are where there are many.
    rooms: usize,
    /// How many files this process, and with it the server, may open.
    open_files: u64,
}

impl Bench {
    /// Takes what the scenarios need from the command line.
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let target = match (options.connect, &options.server) {
            (Some(address), _) => Target::Connect(address, options.pid),
            (None, path) => {
                let built = || PathBuf::from(env!("CARGO_BIN_EXE_chat-server"));
                Target::Start(path.clone().unwrap_or_else(built), options.server_args())
            }
        };
        let (seconds, rooms) = (options.seconds, options.rooms as usize);
        Ok(Self { target, seconds, rooms, open_files: raise_file_limit()? })
    }

    /// Opens a room of the server that is measured.
    fn open(&self, shape: Shape) -> Result<Room> {
        self.open_for(shape, shape.clients())
    }

    /// The same at a server with room for so many clients in all.
    fn open_for(&self, shape: Shape, clients: usize) -> Result<Room> {
        Room::open(self.target.open(clients)?, shape)
    }

    /// How long a figure is measured in one go.
    fn whole(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(5).into())
    }

    /// How long one round of a figure takes that is measured by turns with another one.
    fn round(&self) -> Duration {
        self.whole() / ROUNDS
    }
}

impl Scenario {
    /// The name on the command line and in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Saturated => "saturated",
            Self::Single100 => "single100",
            Self::Single10 => "single10",
            Self::Inbound => "inbound",
            Self::Idle => "idle",
            Self::Burst => "burst",
            Self::Many => "many",
            Self::Wide => "wide",
            Self::Rooms => "rooms",
            Self::Fair => "fair",
            Self::Resting => "resting",
            Self::Stalled => "stalled",
            Self::Stored => "stored",
            Self::Acked => "acked",
            Self::Hostile => "hostile",
        }
    }

    /// Measures and reports, or reports why it cannot.
    pub(crate) fn run(self, bench: &Bench, report: &mut Report) -> Result<()> {
        if let Some(why) = self.obstacle(bench) {
            report.skip(self.name(), &why);
            return Ok(());
        }
        match self {
            Self::Saturated => throughput::saturated(bench, report),
            Self::Single100 => single::against_bare_sends(bench, report),
            Self::Single10 => single::against_relay(bench, report),
            Self::Inbound => throughput::inbound(bench, report),
            Self::Idle => crowd::idle(bench, report),
            Self::Burst => crowd::burst(bench, report),
            Self::Many => crowd::many(bench, report),
            Self::Wide => wide::wide(bench, report),
            Self::Rooms => rooms::rooms(bench, report),
            Self::Fair => fair::fair(bench, report),
            Self::Resting => resting::resting(bench, report),
            Self::Stalled => stalled::stalled(bench, report),
            Self::Stored => stored::stored(bench, report),
            Self::Acked => stored::acknowledged(bench, report),
            Self::Hostile => hostile::hostile(bench, report),
        }
    }

    /// What keeps the scenario from being run here.
    fn obstacle(self, bench: &Bench) -> Option<String> {
        let (clients, needs_process, needs_fresh) = match self {
            Self::Saturated | Self::Single10 | Self::Inbound => (101, false, false),
            Self::Single100 => (101, true, false),
            Self::Idle => (crowd::IDLE, true, false),
            Self::Burst => (crowd::BURST, false, false),
            Self::Many => (crowd::MANY, false, false),
            Self::Wide => (wide::WIDE + wide::NARROW, true, true),
            Self::Rooms => (bench.rooms * rooms::MEMBERS + rooms::LARGE, true, true),
            Self::Fair => (fair::CLIENTS, false, true),
            Self::Resting => (resting::clients(bench.rooms), true, true),
            Self::Stalled => (101, true, true),
            Self::Stored => (101, false, true),
            Self::Acked => (1, false, true),
            Self::Hostile => (hostile::clients(), true, true),
        };
        // Besides the sockets a process has its standard streams, pipes and polls.
        let files = clients as u64 + 64;
        if files > bench.open_files {
            return Some(format!("needs {files} open files, {} are allowed", bench.open_files));
        }
        match bench.target {
            Target::Connect(..) if needs_fresh => Some("needs to start servers itself".to_owned()),
            Target::Connect(_, None) if needs_process => Some("needs --pid".to_owned()),
            Target::Start(..) | Target::Connect(..) => None,
        }
    }
}

/// Raises the limit of open files as far as it goes, for this process and those it starts.
fn raise_file_limit() -> Result<u64> {
    let (_, most) = Resource::NOFILE.get()?;
    Resource::NOFILE.set(most, most)?;
    Ok(most)
}
