//! Token buckets: how often something may happen, without a timer for each.

use std::time::{Duration, Instant};

use crate::config::Rate;

/// The state of one token bucket: when it will be full again. One that is full, as nearly all are
/// nearly always, is in the past.
///
/// This is the generic cell rate algorithm (ITU-T I.371) in its virtual scheduling form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn full(now: Instant) -> Bucket {
        Bucket { full_at: now }
    }

    /// How many tokens there are.
    pub(super) fn tokens(&self, rate: Rate, now: Instant) -> u64 {
        let missing = self.full_at.saturating_duration_since(now);
        let there = capacity(rate).saturating_sub(missing).as_nanos();
        let tokens = there * u128::from(rate.per_second) / NANOS;
        u64::try_from(tokens).unwrap_or(u64::MAX)
    }

    /// Takes tokens out, even more than there are: then they are owed.
    pub(super) fn take(&mut self, rate: Rate, now: Instant, tokens: u64) {
        self.full_at = self.full_at.max(now) + time_of(rate, tokens);
    }

    /// When there will be so many tokens, of which there are never more than the burst.
    pub(super) fn when(&self, rate: Rate, tokens: u64) -> Instant {
        let spare = capacity(rate).saturating_sub(time_of(rate, tokens));
        self.full_at.checked_sub(spare).unwrap_or(self.full_at)
    }

    /// When all will have come back that was taken out.
    pub(super) fn full_at(&self) -> Instant {
        self.full_at
    }

    /// Whether nothing has been taken out that has not come back.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

const NANOS: u128 = 1_000_000_000;

fn capacity(rate: Rate) -> Duration {
    time_of(rate, u64::from(rate.burst))
}

/// How long it takes until so many tokens come, not less.
fn time_of(rate: Rate, tokens: u64) -> Duration {
    let nanos = (u128::from(tokens) * NANOS).div_ceil(u128::from(rate.per_second));
    // Nobody owes more than a read brings, so that this is hours at most.
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_at_once_and_then_the_rate() {
        let rate = Rate { per_second: 4, burst: 3 };
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        assert_eq!(bucket.tokens(rate, start), 3);
        bucket.take(rate, start, 3);
        assert_eq!(bucket.tokens(rate, start), 0);
        assert_eq!(bucket.when(rate, 1), start + Duration::from_millis(250));
        let later = start + Duration::from_millis(600);
        assert_eq!(bucket.tokens(rate, later), 2);
        bucket.take(rate, later, 4);
        assert_eq!(bucket.tokens(rate, later), 0, "two are owed");
        assert_eq!(bucket.when(rate, 1), start + Duration::from_millis(1250));
        let much_later = start + Duration::from_mins(1);
        assert!(bucket.is_full(much_later));
        assert_eq!(bucket.tokens(rate, much_later), 3, "no more than the burst");
    }

    #[test]
    fn rates_that_do_not_divide_a_second_lose_no_token() {
        let rate = Rate { per_second: 3, burst: 7 };
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        assert_eq!(bucket.tokens(rate, start), 7);
        bucket.take(rate, start, 7);
        assert_eq!(bucket.tokens(rate, bucket.when(rate, 1)), 1);
        assert_eq!(bucket.tokens(rate, bucket.when(rate, 7)), 7);
    }
}
