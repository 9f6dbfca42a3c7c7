//! How fast one connection is read.

use std::time::Instant;

use memchr::memchr_iter;

use super::bucket::Bucket;
use crate::config::Flood;

/// How many bytes must have become allowed before a connection that was allowed none is read again,
/// or the burst if that is less: to read byte by byte would be a way to keep the server busy.
const FEW_BYTES: u64 = 1024;

/// How fast one connection may talk, and how much it has used of that.
#[derive(Debug)]
pub(super) struct Flow {
    flood: Flood,
    lines: Bucket,
    bytes: Bucket,
    /// It was told that it is too fast.
    pub(super) is_told: bool,
}

/// What a connection may say now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowance {
    /// So much, and more later.
    Some { lines: u64, bytes: u64 },
    /// Nothing before then. What is not said after the latest moment is not made up for: no more than
    /// a burst collects.
    NotBefore { at: Instant, latest: Instant },
}

impl Flow {
    /// Somebody who has said nothing yet.
    pub(super) fn new(flood: Flood, now: Instant) -> Flow {
        Flow { flood, lines: Bucket::full(now), bytes: Bucket::full(now), is_told: false }
    }

    /// Changes how fast it may talk.
    pub(super) fn set(&mut self, flood: Flood, now: Instant) {
        *self = Flow { is_told: self.is_told, ..Flow::new(flood, now) };
    }

    /// What it may say now.
    pub(super) fn allowance(&self, now: Instant) -> Allowance {
        let Flood { lines, bytes } = self.flood;
        let allowed = (self.lines.tokens(lines, now), self.bytes.tokens(bytes, now));
        if let (lines @ 1.., bytes @ 1..) = allowed {
            return Allowance::Some { lines, bytes };
        }
        let few = if allowed.1 > 0 { 1 } else { FEW_BYTES.min(bytes.burst.into()) };
        let (by_lines, by_bytes) = (self.lines.when(lines, 1), self.bytes.when(bytes, few));
        // Whichever of the two is used up for longer decides.
        if by_lines >= by_bytes {
            Allowance::NotBefore { at: by_lines, latest: self.lines.full_at() }
        } else {
            Allowance::NotBefore { at: by_bytes, latest: self.bytes.full_at() }
        }
    }

    /// Notes that so many bytes were read, in which so many lines end.
    pub(super) fn take(&mut self, now: Instant, bytes: usize, lines: u64) {
        self.bytes.take(self.flood.bytes, now, bytes as u64);
        self.lines.take(self.flood.lines, now, lines);
    }

    /// What the one who is too fast is told.
    pub(super) fn notice(&self) -> String {
        let Flood { lines, bytes } = self.flood;
        format!(
            "you are too fast: from {} lines or {} bytes a second on, you are read more slowly",
            lines.per_second, bytes.per_second
        )
    }
}

/// How many of these bytes are not more than so many lines.
pub(super) fn within_lines(bytes: &[u8], lines: u64) -> usize {
    let last = usize::try_from(lines).unwrap_or(usize::MAX).saturating_sub(1);
    memchr_iter(b'\n', bytes).nth(last).map_or(bytes.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Rate;

    #[test]
    fn whichever_of_the_two_is_used_up_decides() {
        let rate = |per_second, burst| Rate { per_second, burst };
        let flood = Flood { lines: rate(1, 2), bytes: rate(1000, 5000) };
        let start = Instant::now();
        let mut flow = Flow::new(flood, start);
        assert_eq!(flow.allowance(start), Allowance::Some { lines: 2, bytes: 5000 });
        flow.take(start, 0, 2);
        let [in_one, in_two] = [1, 2].map(|seconds| start + Duration::from_secs(seconds));
        let used_up = Allowance::NotBefore { at: in_one, latest: in_two };
        assert_eq!(flow.allowance(start), used_up);
        flow.take(start, 6000, 0);
        let all_bytes = start + Duration::from_millis(2024);
        let in_six = start + Duration::from_secs(6);
        let used_up = Allowance::NotBefore { at: all_bytes, latest: in_six };
        assert_eq!(flow.allowance(in_one), used_up);
        assert_eq!(flow.allowance(all_bytes), Allowance::Some { lines: 2, bytes: 1024 });
    }

    #[test]
    fn lines_are_counted_by_their_ends() {
        assert_eq!(within_lines(b"one\ntwo\nthree", 1), 4);
        assert_eq!(within_lines(b"one\ntwo\nthree", 2), 8);
        assert_eq!(within_lines(b"one\ntwo\nthree", 3), 13);
    }
}
