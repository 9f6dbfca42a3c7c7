//! From the feed to the sockets.

use std::sync::Arc;

use crossbeam_channel::TryRecvError;

use super::{IoThread, enqueue_write};
use crate::event::CloseReason;
use crate::ids::{ConnId, RoomId};
use crate::log::{Batch, Cursor};
use crate::net::conn::Phase;
use crate::net::feed::Order;
use crate::net::inbox::Inbox;
use crate::net::outbound::{Flushed, TURN};
use crate::net::rooms::View;

impl<I: Inbox> IoThread<I> {
    /// Does what the hub has asked for.
    pub(super) fn obey(&mut self) {
        // No more than the members get in a turn, and nothing while those who take what they are
        // given are far behind: then the hub waits at the feed, and the senders slow down.
        let mut published = 0;
        for _ in 0..self.settings.feed {
            if published >= TURN || self.is_far_behind() {
                return;
            }
            let order = match self.orders.try_recv() {
                Ok(order) => order,
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => return self.outgoing.lose(),
            };
            match order {
                Order::Publish { room, batch } => {
                    published += batch.len();
                    self.extend(room, batch);
                }
                Order::Attach { conn, room, cursor } => self.attach(conn, room, cursor),
                Order::Direct { conn, line } => {
                    let after = self.published_to(conn);
                    self.give(conn, &line, after);
                }
                Order::Close { conn } => self.begin_to_close(conn),
                Order::Quiesce => self.quiesce(),
                Order::Drain => self.drain(),
            }
        }
    }

    /// Writes what has come to those who wait for it.
    pub(super) fn serve(&mut self) {
        for index in 0..self.views.len() {
            if std::mem::take(&mut self.views[index].is_fresh) {
                self.serve_room(index);
            }
        }
        for _ in 0..self.writes.len() {
            let Some(slot) = self.writes.pop_front() else { break };
            if let Some(conn) = self.conns.at(slot) {
                conn.writes_next = false;
                self.flush(slot);
            }
        }
        for view in &mut self.views {
            view.window.trim();
            let backlog = view.window.len();
            self.tally.backlog_high_water = self.tally.backlog_high_water.max(backlog);
        }
    }

    /// Whether somebody who takes what is given has still to get much of what is here.
    fn is_far_behind(&self) -> bool {
        let is_much = |view: &View| view.window.len() > self.settings.backlog / 2;
        !self.writes.is_empty() && self.views.iter().any(is_much)
    }

    fn extend(&mut self, room: RoomId, batch: Arc<Batch>) {
        let view = self.view(room);
        view.window.extend(batch);
        view.is_fresh = true;
    }

    fn attach(&mut self, id: ConnId, room: RoomId, cursor: Cursor) {
        self.view(room);
        let Some(conn) = self.conns.get(id) else { return };
        if conn.phase == Phase::Open {
            self.views[room.index()].join(room, conn, cursor);
        }
    }

    /// Where the log ends that a connection reads, as far as it is published.
    fn published_to(&mut self, conn: ConnId) -> u64 {
        let room = self.conns.get(conn).and_then(|conn| conn.room);
        room.map_or(0, |seat| self.views[seat.room.index()].window.end())
    }

    fn view(&mut self, room: RoomId) -> &mut View {
        if room.index() >= self.views.len() {
            self.views.resize_with(room.index() + 1, View::default);
        }
        &mut self.views[room.index()]
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
        if self.views[index].window.len() > self.settings.backlog {
            self.close_the_slow(index);
        }
    }

    /// Closes the members of a room that take nothing and are a backlog behind.
    fn close_the_slow(&mut self, index: usize) {
        for slot in self.views[index].members.clone() {
            let Some(conn) = self.conns.at(slot as usize) else { continue };
            let backlog = self.views[index].window.backlog(conn.cursor);
            if conn.is_blocked && conn.is_held && backlog > self.settings.backlog {
                self.tally.backlog_high_water = self.tally.backlog_high_water.max(backlog);
                self.has_failed(slot as usize, CloseReason::TooSlow);
            }
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
        match conn.flush(&view.window, &mut self.tally) {
            Flushed::All if conn.phase == Phase::Closing => self.end_our_half(slot),
            Flushed::All => {}
            Flushed::Blocked => {
                conn.is_blocked = true;
                view.hold(conn);
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
    }
}
