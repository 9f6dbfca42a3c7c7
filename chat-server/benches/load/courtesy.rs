//! Priorities: who comes first where there are more threads than cores.

use std::io;

use rustix::process::setpriority_process;

/// The least that a thread can have.
const LOWEST: i32 = 19;

/// Has this thread run only where nobody else needs the core.
///
/// Whoever makes a load plays clients that would be on machines of their own, and takes as much of
/// this one as it gets. Without this, the server and the clients whose messages are timed wait for a
/// core most of the time that is measured, and a slice of the scheduler's is longer than that time.
pub(crate) fn give_way() -> io::Result<()> {
    // Linux takes no process at all for the thread that asks.
    Ok(setpriority_process(None, LOWEST)?)
}
