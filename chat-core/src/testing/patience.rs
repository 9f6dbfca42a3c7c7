//! Deadlines that fail loudly.

use std::fmt::Debug;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};

/// How long a test waits for something that has to come. It is never waited for in full unless
/// the test fails, so that it can be long enough for a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait between two looks at something that cannot wake who waits for it.
const GLANCE: Duration = Duration::from_millis(1);

/// The moment at which patience ends.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// [`PATIENCE`] from now.
    pub fn new() -> Deadline {
        Deadline::after(PATIENCE)
    }

    /// So much time from now.
    pub fn after(patience: Duration) -> Deadline {
        Deadline { at: Instant::now() + patience }
    }

    /// The time that is left, `None` when there is none.
    pub fn left(self) -> Option<Duration> {
        let left = self.at.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

impl Default for Deadline {
    fn default() -> Deadline {
        Deadline::new()
    }
}

/// Looks again and again until there is something, and gives it. For what can only be looked at,
/// such as counters. While there is nothing, `look` answers with what there is instead, so that a
/// failure can show it.
///
/// # Panics
///
/// After [`PATIENCE`] in vain, with `what` was waited for and what there was instead.
#[track_caller]
pub fn eventually<T, D: Debug>(what: &str, mut look: impl FnMut() -> Result<T, D>) -> T {
    let deadline = Deadline::new();
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) if deadline.left().is_none() => {
                panic!("waited {PATIENCE:?} in vain for: {what}\nthere is: {instead:#?}")
            }
            Err(_) => thread::sleep(GLANCE),
        }
    }
}

/// Does work that would hang if what is tested were broken, on a thread of its own, and gives its
/// result.
///
/// # Panics
///
/// If the work panics, with the same payload, and if it is not over after [`PATIENCE`]. Its thread
/// is then left to itself.
#[track_caller]
pub fn within<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = bounded(1);
    let worker = thread::spawn(move || drop(sender.send(work())));
    match receiver.recv_timeout(PATIENCE) {
        Ok(result) => {
            // It has done its work, so that it is at its end.
            drop(worker.join());
            result
        }
        Err(RecvTimeoutError::Timeout) => panic!("{what}: not over after {PATIENCE:?}"),
        Err(RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => unreachable!("the worker sends before it ends"),
        },
    }
}
