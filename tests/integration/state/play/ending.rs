//! How a run ends, and what must be true then.

use std::time::Duration;

use chat_core::CloseReason;
use chat_core::testing::check_pairs;

use super::member::Member;
use super::{Act, Play};

/// How many seconds may go by until all must be read.
const PATIENCE: usize = 600;

impl Play<'_> {
    /// Lets everybody read everything, until nothing is left.
    pub(super) fn drain(&mut self) {
        for member in &mut self.members {
            member.set_room(usize::MAX);
        }
        for _ in 0..PATIENCE {
            self.read_all();
            let is_over = |member: &Member| member.has_ended || member.is_reset;
            let is_read = |member: &Member| {
                member.conn().is_none() || (member.peer.unread() == 0 && !is_over(member))
            };
            if self.members.iter().all(is_read) {
                // The last bytes may be a chunk.
                self.advance(Duration::from_millis(100));
                return self.read_all();
            }
            self.advance(Duration::from_secs(1));
        }
        panic!("bytes are not read: {}", self.server.stats());
    }

    fn read_all(&mut self) {
        for _ in 0..2 {
            self.server.run();
            self.look();
            for member in &mut self.members {
                member.read(usize::MAX);
            }
        }
    }

    pub(super) fn finish(mut self) {
        if self.setup.stops_early {
            self.stop_early();
        } else {
            self.leave();
        }
        let config = &self.setup.config;
        for (index, member) in self.members.iter().enumerate() {
            member.check(index, &self.log, config);
        }
        check_pairs(&self.events);
        self.count_all();
    }

    /// Ends each connection from the peer's side, and then the server.
    fn leave(&mut self) {
        for who in 0..self.members.len() {
            self.act_of(who, &Act::End { who });
            self.advance(Duration::from_millis(100));
            self.read_all();
        }
        // Those who have lost their room before they left have some more time.
        self.advance(Duration::from_secs(7));
        self.read_all();
        let stats = self.server.stats();
        assert_eq!((stats.clients, stats.budget_used), (0, 0), "{stats}");
        let report = self.server.stop(Duration::ZERO);
        assert_eq!((report.clients, report.flushed, report.dropped), (0, 0, 0));
    }

    /// Ends the server, with all that was said to that moment out.
    fn stop_early(&mut self) {
        let here = self.server.stats().clients;
        let dropped = self.server.stats().lines_dropped;
        let report = self.server.stop(Duration::ZERO);
        for member in &mut self.members {
            if member.conn().is_some() {
                member.speaker.finish(CloseReason::Shutdown);
            }
        }
        self.look();
        for member in &mut self.members {
            member.read(usize::MAX);
        }
        assert_eq!((report.clients, report.dropped), (here, 0), "{report}");
        let stats = self.server.stats();
        assert_eq!((stats.clients, stats.lines_dropped), (0, dropped));
        for member in &self.members {
            assert!(member.came.is_none() || member.peer.is_over());
        }
    }
}
