//! Priorities: who comes first where there are more threads than cores.

use std::io;

use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

/// Has this thread run only where nobody else needs the core.
///
/// Whoever makes a load plays clients that would be on machines of their own, and takes as much of
/// this one as it gets. Without this, the server and the clients whose messages are timed wait for a
/// core most of the time that is measured, and a slice of the scheduler's is longer than that time.
pub(crate) fn give_way() -> io::Result<()> {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle)
        .map_err(|error| io::Error::other(format!("cannot give way: {error:?}")))
}
