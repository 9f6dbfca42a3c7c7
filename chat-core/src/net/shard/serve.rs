//! To the sockets: what is due to them, as far as they take it.

use super::{Shard, enqueue_write};
use crate::net::conn::Phase;
use crate::net::inbox::Inbox;
use crate::net::outbound::Flushed;
use crate::net::socket::Socket;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Writes what has come to those who wait for it.
    pub(super) fn serve(&mut self) {
        for index in std::mem::take(&mut self.fresh) {
            self.views[index].is_fresh = false;
            self.serve_room(index);
        }
        for _ in 0..self.writes.len() {
            let Some(slot) = self.writes.pop_front() else { break };
            if let Some(conn) = self.conns.at(slot) {
                conn.writes_next = false;
                self.flush(slot);
            }
        }
    }

    /// Gives up what nobody needs any more of the logs.
    pub(super) fn trim(&mut self) {
        let (views, tally) = (&mut self.views, &mut self.tally);
        self.kept.retain(|&index| {
            let view = &mut views[index];
            view.window.trim();
            let backlog = view.window.len();
            tally.backlog_high_water = tally.backlog_high_water.max(backlog);
            view.is_kept = backlog > 0;
            view.is_kept
        });
    }

    /// Brings all members of a room to the end of its window, as far as they take it.
    fn serve_room(&mut self, index: usize) {
        let mut at = 0;
        while let Some(&slot) = self.views[index].members.get(at) {
            self.flush(slot as usize);
            // A member that has left gave its seat to the last one, who is not served yet.
            if self.views[index].members.get(at) == Some(&slot) {
                at += 1;
            }
        }
        if self.views[index].window.len() > self.settings.limits.backlog as u64 {
            self.deal_with_the_slow(index);
        }
    }

    /// Writes to one connection what it is due, and sees to what follows.
    pub(super) fn flush(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        let view = match conn.room {
            Some(seat) => &mut self.views[seat.room.index()],
            None => &mut self.nowhere,
        };
        if conn.is_blocked {
            return view.hold(conn);
        }
        view.release(conn);
        conn.tell_missed();
        let before = (self.tally.lines_out, self.tally.bytes_out);
        let flushed = conn.flush(&view.window, &mut self.tally);
        conn.count.lines_out += self.tally.lines_out - before.0;
        conn.count.bytes_out += self.tally.bytes_out - before.1;
        let holds = conn.charged > 0 || !conn.direct.is_empty();
        match flushed {
            Flushed::All if conn.phase == Phase::Closing => self.end_our_half(slot),
            Flushed::All => {}
            Flushed::Blocked => {
                conn.is_blocked = true;
                view.hold(conn);
                self.watch(slot);
            }
            Flushed::TurnOver => {
                view.hold(conn);
                enqueue_write(&mut self.writes, conn);
            }
            Flushed::Broken(reason) => {
                view.hold(conn);
                self.has_broken(slot, reason);
            }
        }
        if holds {
            self.account(slot);
        }
    }
}
