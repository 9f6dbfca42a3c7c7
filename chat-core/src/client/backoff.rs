//! How long to wait before the next attempt to connect.

use std::time::Duration;

use crate::config::Reconnect;

/// Counts the attempts to come back since the last one that was not in vain. It has neither a clock
/// nor chance of its own.
#[derive(Debug)]
pub(super) struct Backoff {
    reconnect: Reconnect,
    attempts: u32,
}

impl Backoff {
    pub(super) fn new(reconnect: Reconnect) -> Backoff {
        Backoff { reconnect, attempts: 0 }
    }

    /// The number of the next attempt, and how long to wait before it; `None` if there were enough.
    /// `chance` is any number, and decides how much of the wait is left out.
    pub(super) fn next(&mut self, chance: u64) -> Option<(u32, Duration)> {
        if self.reconnect.attempts.is_some_and(|most| self.attempts >= most) {
            return None;
        }
        let doubled = 2_u32.checked_pow(self.attempts);
        let whole = doubled.and_then(|times| self.reconnect.first.checked_mul(times));
        let whole = whole.map_or(self.reconnect.most, |whole| whole.min(self.reconnect.most));
        self.attempts = self.attempts.saturating_add(1);
        let half = whole / 2;
        // A random share of one half; 32 bits of chance are plenty.
        let share = (half.as_nanos() * u128::from(chance >> 32)) >> 32;
        let part = u64::try_from(share).map_or(half, Duration::from_nanos);
        Some((self.attempts, half + part))
    }

    /// The connection holds: the next loss is a new one.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn each_wait_is_twice_as_long_up_to_the_longest() {
        let mut backoff = Backoff::new(Reconnect::default());
        for (number, whole) in (1..).zip([1, 2, 4, 8, 16, 30, 30]) {
            let (attempt, after) = backoff.next(u64::MAX).unwrap();
            assert_eq!(attempt, number);
            assert!(after <= seconds(whole) && after > seconds(whole) * 999 / 1000, "{after:?}");
        }
        for _ in 0..100 {
            assert_eq!(backoff.next(0).map(|(_, after)| after), Some(seconds(15)));
        }
        backoff.reset();
        assert_eq!(backoff.next(0), Some((1, seconds(1) / 2)));
        assert_eq!(backoff.next(1 << 63), Some((2, seconds(2) * 3 / 4)));
    }

    #[test]
    fn after_enough_attempts_there_are_no_more() {
        let mut reconnect = Reconnect::default();
        (reconnect.attempts, reconnect.most) = (Some(2), Duration::MAX);
        let mut backoff = Backoff::new(reconnect);
        for _ in 0..2 {
            assert!(backoff.next(7).is_some() && backoff.next(7).is_some());
            assert_eq!(backoff.next(7), None);
            backoff.reset();
        }
    }

    #[test]
    fn the_longest_waits_are_no_trouble() {
        let mut reconnect = Reconnect::default();
        (reconnect.first, reconnect.most) = (Duration::MAX / 2, Duration::MAX);
        let mut backoff = Backoff::new(reconnect);
        for _ in 0..100 {
            let (_, after) = backoff.next(u64::MAX).unwrap();
            assert!(after >= Duration::MAX / 4, "{after:?}");
        }
    }
}
