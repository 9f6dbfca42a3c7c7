//! Cores: who runs where, and who comes first where there are more threads than cores.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

use crate::Result;

/// The cores of this process, dealt out. Where there is only one, all share it.
///
/// Clients whose messages are timed would be on machines of their own. Here, a scheduler that is told
/// nothing has them take turns with the server on one core, even while another one is idle: it is the
/// server that wakes them. What they wait for then is no time of the server's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    all: CpuSet,
    servers: CpuSet,
    clock: CpuSet,
}

impl Cores {
    /// Deals them out, does this, and lets this thread run anywhere again.
    pub(crate) fn dealt<T>(measure: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let cores = Self::deal()?;
        let outcome = measure(&cores);
        let restored = sched_setaffinity(None, &cores.all);
        // What went wrong first is what is told.
        let outcome = outcome?;
        restored?;
        Ok(outcome)
    }

    /// The last one of those that this thread may run on goes to whoever measures, and the others to
    /// servers.
    fn deal() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let numbers: Vec<_> = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core)).collect();
        let [servers @ .., clock] = &*numbers else {
            return Err("this thread may run on no core".into());
        };
        if servers.is_empty() {
            return Ok(Self { all, servers: all, clock: all });
        }
        Ok(Self { all, servers: set_of(servers), clock: set_of(&[*clock]) })
    }

    /// Has what this thread starts from now on run where servers do.
    pub(crate) fn for_servers(&self) -> io::Result<()> {
        Ok(sched_setaffinity(None, &self.servers)?)
    }

    /// Has this thread run where no server does.
    pub(crate) fn for_the_clock(&self) -> io::Result<()> {
        Ok(sched_setaffinity(None, &self.clock)?)
    }

    /// Has this thread run anywhere, and only where nobody else needs the core.
    ///
    /// Whoever makes a load plays clients of other machines as well, and takes as much of this one as
    /// it gets. Without this, the server and the clients whose messages are timed wait for a core most
    /// of the time that is measured, and a slice of the scheduler's is longer than that time.
    pub(crate) fn give_way(&self) -> io::Result<()> {
        sched_setaffinity(None, &self.all)?;
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle)
            .map_err(|error| io::Error::other(format!("cannot give way: {error:?}")))
    }
}

/// The set of these cores.
fn set_of(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core);
    }
    set
}
