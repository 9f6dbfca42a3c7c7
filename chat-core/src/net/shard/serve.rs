//! To the sockets: what is due to them, as far as they take it.

use super::{Shard, enqueue_write};
use crate::budget::Pressure;
use crate::net::conn::Phase;
use crate::net::inbox::Inbox;
use crate::net::outbound::Flushed;
use crate::net::places;
use crate::net::rooms::View;
use crate::net::socket::Socket;
use crate::shrink::shrink;

/// After so many writes to the members of rooms there is to be a look at what has come meanwhile.
const WRITES: usize = 64;
/// The share of them that the members of one room get before it is another room's turn.
const SHARE: usize = 16;
/// So many bytes take as long as one more write, about.
const BYTES: usize = 8 * 1024;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Writes what has come to those who wait for it.
    pub(super) fn serve(&mut self) {
        self.serve_rooms();
        for _ in 0..self.writes.len() {
            let Some(slot) = self.writes.pop_front() else { break };
            if let Some(conn) = self.conns.at(slot) {
                conn.writes_next = false;
                self.flush(slot);
            }
        }
    }

    /// Gives up what nobody needs any more of the logs.
    ///
    /// Where something is said in many rooms, a turn serves a few of them only. All of them are
    /// looked at when as many writes may have been done as there are of them, or when all are served:
    /// so the looking costs no more than a part of the writing, however many rooms there are.
    pub(super) fn trim(&mut self) {
        self.untrimmed += WRITES;
        if self.untrimmed < self.kept.len() && !self.fresh.is_empty() {
            return;
        }
        self.untrimmed = 0;
        let (views, tally) = (&mut self.views, &mut self.tally);
        self.kept.retain(|&index| {
            let view = &mut views[index];
            view.window.trim(view.lap.reached());
            let backlog = view.window.len();
            tally.backlog_high_water = tally.backlog_high_water.max(backlog);
            view.is_kept = backlog > 0;
            view.is_kept
        });
        self.forget_the_gone();
    }

    /// Has the last rooms of the table go with all that they took when they are no more. One that is
    /// to be looked at still is not gone by then.
    pub(super) fn forget_the_gone(&mut self) {
        while self.views.last().is_some_and(View::is_gone) {
            self.views.pop();
        }
        let used = self.views.len();
        shrink(self.views.capacity(), used, |to| self.views.shrink_to(to));
        // Each room is in these lists once at most.
        shrink(self.fresh.capacity(), used, |to| self.fresh.shrink_to(to));
        shrink(self.kept.capacity(), used, |to| self.kept.shrink_to(to));
    }

    /// Serves the members of rooms in which something is new, a turn of them: what comes meanwhile is
    /// not to wait for all of them, and goes with the rest to those who are served later.
    ///
    /// Half of a turn is for rooms in which nothing was left to do before, so that none of them waits for
    /// a loud one, and the other half is for the others, so that none of those waits for ever.
    fn serve_rooms(&mut self) {
        let mut writes = WRITES;
        while writes > 0 {
            let Some(index) = self.fresh.pop(writes > WRITES / 2) else { return };
            let share = writes.min(SHARE);
            writes -= share - self.serve_room(index, share);
            if self.views[index].is_fresh {
                self.fresh.put_off(index);
            }
        }
    }

    /// Brings the members of a room to the end of its window, as far as they take it, until so many
    /// writes are done. It answers how many are left.
    fn serve_room(&mut self, index: usize, mut writes: usize) -> usize {
        let can_wait = self.can_wait(index);
        while writes > 0 {
            let view = &mut self.views[index];
            let Some(seat) = view.lap.next(view.members.len()) else {
                self.finish_lap(index);
                return writes;
            };
            let slot = view.members[seat] as usize;
            if can_wait && self.waits(slot) {
                continue;
            }
            let before = self.tally.bytes_out;
            self.flush(slot);
            if self.tally.bytes_out > before {
                let bytes = usize::try_from(self.tally.bytes_out - before).unwrap_or(usize::MAX);
                writes = writes.saturating_sub(1 + bytes / BYTES);
                self.has_been_served(slot);
            }
        }
        0
    }

    /// All members have been served once. What was said meanwhile has come to some of them.
    fn finish_lap(&mut self, index: usize) {
        let view = &mut self.views[index];
        view.is_fresh = view.window.end() > view.lap.reached();
        if view.is_fresh {
            view.lap.begin(view.members.len(), view.window.end());
        }
        if view.window.len() > self.settings.limits.backlog as u64 {
            self.deal_with_the_slow(index);
        }
    }

    /// Whether there is room in memory for those to wait who are too fast.
    fn can_wait(&self, index: usize) -> bool {
        let most = self.settings.limits.backlog as u64 / 8;
        self.views[index].window.len() <= most && self.settings.budget.pressure() == Pressure::None
    }

    /// Whether a member waits for what is new. Those who are too fast are served as they are read,
    /// once a while: what many of them say would otherwise be many more writes to each of them.
    fn waits(&mut self, slot: usize) -> bool {
        let Some(conn) = self.conns.at(slot).filter(|conn| conn.waits()) else { return false };
        places::hold(&mut self.views, conn);
        true
    }

    fn has_been_served(&mut self, slot: usize) {
        if let Some(conn) = self.conns.at(slot) {
            conn.is_served = conn.is_slowed;
        }
    }

    /// Writes to one connection what it is due, and sees to what follows.
    pub(super) fn flush(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.is_blocked {
            places::hold(&mut self.views, conn);
            // No window may be long that it holds, and all of them together may.
            if conn.is_in_several() {
                self.deal_with(slot);
            }
            return;
        }
        if conn.has_missed() {
            conn.tell_missed(self.settings.clock.wall());
        }
        let before = (self.tally.lines_out, self.tally.bytes_out);
        let flushed = places::flush(&mut self.views, conn, &mut self.tally);
        conn.count.lines_out += self.tally.lines_out - before.0;
        conn.count.bytes_out += self.tally.bytes_out - before.1;
        let holds = conn.charged > 0 || !conn.direct.is_empty();
        match flushed {
            Flushed::All if conn.phase == Phase::Closing => self.end_our_half(slot),
            Flushed::All => {}
            Flushed::Blocked => {
                conn.is_blocked = true;
                self.watch(slot);
            }
            Flushed::TurnOver => enqueue_write(&mut self.writes, conn),
            Flushed::Broken(reason) => self.has_broken(slot, reason),
        }
        if holds {
            self.account(slot);
        }
    }
}
