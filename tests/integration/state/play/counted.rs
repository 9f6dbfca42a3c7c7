//! What the server counts, against what was seen of it.

use super::Play;
use super::member::{Member, ends};

impl Play<'_> {
    /// Checks what the server counts, which is at rest.
    pub(super) fn count(&self) {
        let stats = self.server.stats();
        let limits = &self.setup.config.limits;
        let number = |is: fn(&Member) -> bool| self.members.iter().filter(|m| is(m)).count() as u64;
        let (came, left) = (number(|m| m.came.is_some()), number(|m| m.left.is_some()));
        assert_eq!((stats.accepted, stats.closed.total()), (came, left));
        assert_eq!(stats.clients as u64, came - left);
        let is_kicked = self.members.iter().any(|member| member.is_kicked);
        // Of those that were removed nothing more is told.
        let skipped: u64 = self.members.iter().map(|member| member.skipped).sum();
        for (counted, told) in [
            (stats.lines_in, self.told),
            (stats.flooding, number(|m| m.is_flooding)),
            (stats.lines_skipped, skipped),
        ] {
            assert!(counted == told || (is_kicked && counted > told), "{stats}");
        }
        let high_water = limits.backlog + self.growth;
        assert!(stats.backlog_high_water <= high_water as u64, "{stats} {high_water}");
        let budget = limits.budget + self.unrelieved;
        assert!(stats.budget_used <= budget, "{stats} {}", self.unrelieved);
        assert_eq!((stats.events_missed, stats.handler_panics), (0, 0));
        assert_eq!((stats.accept_errors, stats.lines_rejected), (0, 0));
        if self.members.iter().all(|member| member.speaker.is_exact && !member.is_kicked) {
            let refused: u64 = self.members.iter().map(|member| member.speaker.refused).sum();
            assert!(stats.lines_refused <= refused, "{stats} {refused}");
        }
    }

    /// Checks what the server counted in all.
    pub(super) fn count_all(&self) {
        let stats = self.server.stats();
        assert_eq!(stats.refused.total(), self.refused);
        let came = || self.members.iter().filter(|member| member.came.is_some());
        let bytes_out: usize = came().map(|member| member.hearer.bytes.len()).sum();
        assert_eq!(stats.bytes_out, bytes_out as u64);
        assert!(stats.bytes_in <= self.sent);
        let ends = |member: &Member| ends(&member.hearer.bytes);
        if came().all(|member| !member.speaker.may_speak_chunks()) {
            assert_eq!(stats.lines_out, came().map(ends).sum::<usize>() as u64);
        }
    }
}
