//! A server to measure: an address, and a way to learn what the process behind it has used.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::baseline::Baseline;
use crate::program::Program;
use crate::{Result, usage};

/// Where the servers to measure come from.
#[derive(Debug)]
pub(crate) enum Target {
    /// Each scenario starts a fresh one from this program, with these arguments if they are given, or
    /// else with those that the scenario wants.
    Start(PathBuf, Option<Vec<String>>),
    /// One that somebody else started serves all scenarios.
    Connect(SocketAddr, Option<u32>),
}

/// A server that can be connected to; one that was started here ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    /// The process whose memory and, unless its loop times itself, CPU time are read.
    pid: Option<u32>,
    /// True for the loop that tells its CPU time when it is asked.
    times_itself: bool,
    program: Option<Program>,
}

impl Target {
    /// A server with room for this many clients.
    pub(crate) fn open(&self, clients: usize) -> Result<Server> {
        self.open_with(clients, &[])
    }

    /// The same, with options besides those that every scenario needs.
    pub(crate) fn open_with(&self, clients: usize, options: &[&str]) -> Result<Server> {
        self.open_in(clients, options, &[])
    }

    /// The same, where what is resident is what the server holds, and no memory that it has given back
    /// and the allocator keeps: each block has pages of its own, which go with it. So a block takes 4 KiB
    /// at least. Only the allocator of GNU's C library does that; with others it is as at any time.
    pub(crate) fn open_with_nothing_kept(&self, clients: usize) -> Result<Server> {
        const EACH_BY_ITSELF: [(&str, &str); 3] = [
            // The arenas of threads begin with memory to be shared out, the first one without.
            ("MALLOC_ARENA_MAX", "1"),
            ("MALLOC_MMAP_THRESHOLD_", "1"),
            ("MALLOC_MMAP_MAX_", "1000000000"),
        ];
        self.open_in(clients, &[], &EACH_BY_ITSELF)
    }

    /// A server with these options, in this environment.
    fn open_in(
        &self,
        clients: usize,
        options: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Server> {
        match self {
            Self::Start(path, Some(options)) => Server::start(path, clients, options, environment),
            Self::Start(path, None) => Server::start(path, clients, options, environment),
            Self::Connect(address, pid) => {
                Ok(Server { address: *address, pid: *pid, times_itself: false, program: None })
            }
        }
    }
}

impl Server {
    /// Starts the chat server. The few clients more are a margin, so that a client the server has
    /// not yet seen leave does not keep one out.
    fn start(
        path: &Path,
        clients: usize,
        options: &[impl AsRef<OsStr>],
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let mut command = Command::new(path);
        command.envs(environment.iter().copied());
        command.arg("--quiet").arg("--max-clients").arg((clients + 16).to_string());
        command.args(options);
        command.arg("127.0.0.1:0");
        // It tells every client it has to close, which `stalled` has by the hundred.
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn");
        }
        Self::run(command, false)
    }

    /// Starts a loop to compare with, which waits for exactly this many clients.
    pub(crate) fn baseline(kind: Baseline, clients: usize) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--baseline").arg(kind.name()).arg("--clients").arg(clients.to_string());
        Self::run(command, kind == Baseline::Send)
    }

    /// Runs the command and waits until it listens.
    fn run(command: Command, times_itself: bool) -> Result<Self> {
        let program = Program::start(command)?;
        let (address, pid) = (program.address()?, Some(program.pid()));
        Ok(Self { address, pid, times_itself, program: Some(program) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time used so far, unless the process is not known.
    pub(crate) fn cpu_time(&mut self) -> Result<Option<Duration>> {
        if let (true, Some(program)) = (self.times_itself, &mut self.program) {
            let answer = program.ask()?;
            let nanoseconds = answer.parse().map_err(|_| format!("not a time: `{answer}`"))?;
            return Ok(Some(Duration::from_nanos(nanoseconds)));
        }
        self.pid.map(usage::cpu_time).transpose()
    }

    /// The most memory it ever had, in bytes.
    pub(crate) fn peak_resident(&self) -> Result<u64> {
        usage::peak_resident(self.known_pid()?)
    }

    /// Its memory in bytes, once it has stayed the same for half a second.
    pub(crate) fn steady_resident(&self) -> Result<u64> {
        const PAUSE: Duration = Duration::from_millis(50);
        const PATIENCE: Duration = Duration::from_secs(15);
        let pid = self.known_pid()?;
        let started = Instant::now();
        let (mut figure, mut unchanged) = (usage::resident(pid)?, 0);
        while unchanged < 10 {
            if started.elapsed() > PATIENCE {
                return Err(format!("the server's memory never held still for {PATIENCE:?}").into());
            }
            thread::sleep(PAUSE);
            let now = usage::resident(pid)?;
            unchanged = if now == figure { unchanged + 1 } else { 0 };
            figure = now;
        }
        Ok(figure)
    }

    /// How many files it has open: its connections, and a few that stay the same.
    pub(crate) fn open_files(&self) -> Result<usize> {
        usage::open_files(self.known_pid()?)
    }

    /// The process, or an error that says how to name it.
    fn known_pid(&self) -> Result<u32> {
        self.pid.ok_or_else(|| "the server's process is not known; name it with --pid".into())
    }
}
