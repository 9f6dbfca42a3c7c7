//! A point in time that may be brought forward while others wait for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Further away than anybody waits, and near enough for every clock.
const NEVER: Duration = Duration::from_hours(365 * 24);

/// The point in time so long from now; for the longest times, a year from now.
pub(crate) fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time.min(NEVER)).unwrap_or(now)
}

/// A point in time that all can read and that can only be moved to an earlier one.
#[derive(Debug)]
pub(crate) struct Deadline {
    origin: Instant,
    /// Nanoseconds from the origin; the greatest number stands for none.
    nanos: AtomicU64,
}

impl Deadline {
    /// A deadline that is not set.
    pub(crate) fn unset() -> Deadline {
        Deadline { origin: Instant::now(), nanos: AtomicU64::new(u64::MAX) }
    }

    /// Sets the deadline to this point in time, unless it is earlier already.
    pub(crate) fn bring_forward(&self, at: Instant) {
        let nanos = at.saturating_duration_since(self.origin).as_nanos();
        self.nanos.fetch_min(u64::try_from(nanos).unwrap_or(u64::MAX - 1), Ordering::SeqCst);
    }

    /// The deadline, if one is set.
    pub(crate) fn get(&self) -> Option<Instant> {
        let nanos = self.nanos.load(Ordering::SeqCst);
        (nanos != u64::MAX).then(|| after(self.origin, Duration::from_nanos(nanos)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_only_moves_forward() {
        let deadline = Deadline::unset();
        assert_eq!(deadline.get(), None);
        let now = Instant::now();
        deadline.bring_forward(after(now, Duration::MAX));
        deadline.bring_forward(now + Duration::from_secs(2));
        deadline.bring_forward(now + Duration::from_secs(5));
        assert_eq!(deadline.get(), Some(now + Duration::from_secs(2)));
    }
}
