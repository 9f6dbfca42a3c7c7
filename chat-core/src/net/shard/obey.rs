//! From the feed: what the hub wants done.

use std::sync::Arc;

use crossbeam_channel::TryRecvError;

use super::{Shard, enqueue_write};
use crate::change::Change;
use crate::event::ClientInfo;
use crate::ids::{ConnId, RoomId};
use crate::log::{Again, Batch, Cursor};
use crate::net::feed::Order;
use crate::net::flow::Flow;
use crate::net::inbox::Inbox;
use crate::net::outbound::TURN;
use crate::net::places;
use crate::net::rooms::View;
use crate::net::socket::Socket;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Does what the hub has asked for.
    pub(super) fn obey(&mut self) {
        // No more than one member gets in a turn, and nothing while those who take what they are
        // given are far behind: then the hub waits at the feed, and the senders slow down.
        if self.is_far_behind() {
            return;
        }
        let mut published = 0;
        for _ in 0..self.settings.limits.feed {
            if published >= TURN {
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
                Order::Recall { conn, rooms, lines } => self.recall(conn, rooms, &lines),
                Order::Detach { conn, room } => self.detach(conn, room),
                Order::CloseRoom { room } => self.close_room(room),
                Order::Ignore { conn, author, is_ignored } => self.ignore(conn, author, is_ignored),
                Order::Direct { conn, line } => self.give(conn, &line, self.last),
                Order::Adjust { conn, change } => self.adjust(conn, change),
                Order::Census { clients, give } => {
                    give.part(clients.into_iter().filter_map(|c| self.complete(c)).collect());
                }
                Order::Close { conn } => self.begin_to_close(conn),
                Order::Quiesce => self.quiesce(),
                Order::Drain => self.drain(),
            }
        }
    }

    /// Whether somebody who takes what is given has still to get much of what is here.
    fn is_far_behind(&mut self) -> bool {
        let most = self.settings.limits.backlog as u64 / 2;
        let views = &self.views;
        let is_long = |&at: &usize| views[at].window.len() > most;
        self.late.retain(|&at| views.get(at).is_some_and(View::is_late));
        !self.late.is_empty() || !self.writes.is_empty() && self.kept.iter().any(is_long)
    }

    fn extend(&mut self, room: RoomId, batch: Arc<Batch>) {
        self.last = batch.number();
        let view = self.view(room);
        view.window.extend(batch);
        if view.lap.is_over() {
            view.lap.begin(view.members.len(), view.window.end());
        }
        let is_late = view.is_late();
        let was_fresh = std::mem::replace(&mut view.is_fresh, true);
        let was_kept = std::mem::replace(&mut view.is_kept, true);
        if !was_fresh {
            self.fresh.push(room.index());
        }
        if !was_kept {
            self.kept.push(room.index());
        }
        if is_late && !self.late.contains(&room.index()) {
            self.late.push(room.index());
        }
    }

    /// Lets a connection read one more room.
    fn attach(&mut self, id: ConnId, room: RoomId, cursor: Cursor) {
        self.view(room);
        let Some(conn) = self.conns.get(id) else { return };
        if conn.is_in_the_chat() && !conn.is_in(room) {
            let place = self.views[room.index()].join(room, id.slot_u32(), cursor);
            conn.sit_down(place);
        }
    }

    /// Lets a connection read rooms again from earlier places on. What it gets again comes in the order
    /// in which it was published, with the lines for it alone between.
    fn recall(&mut self, id: ConnId, rooms: Vec<Again>, lines: &[(u64, Vec<u8>)]) {
        let Some(conn) = self.conns.get(id).filter(|conn| conn.is_in_the_chat()) else { return };
        places::finish_line(&mut self.views, conn);
        for Again { room, from, past } in rooms {
            self.recall_room(id, room, from, &past);
        }
        for (after, line) in lines {
            self.last = self.last.max(*after);
            if let Some(conn) = self.conns.get(id) {
                conn.direct.weave(line, *after);
                enqueue_write(&mut self.writes, conn);
            }
        }
        self.account(id.slot());
    }

    fn recall_room(&mut self, id: ConnId, room: RoomId, from: Cursor, past: &[Arc<Batch>]) {
        let Some(conn) = self.conns.get(id).filter(|conn| conn.is_in(room)) else { return };
        enqueue_write(&mut self.writes, conn);
        // Batches that an earlier server has published have not come this way.
        self.last = past.last().map_or(self.last, |last| self.last.max(last.number()));
        let view = self.view(room);
        view.window.restore(past);
        if view.lap.is_over() {
            // Whoever is not held is at the end.
            view.lap.begin(0, view.window.end());
        }
        if !std::mem::replace(&mut view.is_kept, true) {
            self.kept.push(room.index());
        }
        if let Some(conn) = self.conns.get(id) {
            places::go_back(&mut self.views, conn, room, from);
        }
    }

    /// Takes a connection out of a room. One that is leaving the chat reads it up to there.
    fn detach(&mut self, id: ConnId, room: RoomId) {
        if self.conns.get(id).is_some_and(|conn| conn.is_in_the_chat()) {
            self.move_out(id.slot(), room);
        }
    }

    /// Takes a connection out of a room, with all that it has still to get there.
    fn move_out(&mut self, slot: usize, room: RoomId) {
        let Some(conn) = self.conns.at(slot) else { return };
        let Some(place) = conn.stand_up(room) else { return };
        let next = places::next(&self.views, conn);
        conn.take_along(place.cursor, &self.views[place.at()].window, next);
        enqueue_write(&mut self.writes, conn);
        self.vacate(place);
        self.account(slot);
    }

    /// There is nobody in a room, and it is no more: its place is for another one.
    fn close_room(&mut self, room: RoomId) {
        // Those who are leaving the chat may have something to get still.
        for slot in self.view(room).members.clone() {
            self.move_out(slot as usize, room);
        }
        let view = self.view(room);
        let (is_fresh, is_kept) = (view.is_fresh, view.is_kept);
        *view = View { is_fresh, is_kept, ..View::default() };
        self.forget_the_gone();
    }

    fn ignore(&mut self, id: ConnId, author: ConnId, is_ignored: bool) {
        let Some(conn) = self.conns.get(id) else { return };
        places::finish_line(&mut self.views, conn);
        let ignored = &mut conn.extra().ignored;
        ignored.retain(|&other| other != author);
        if is_ignored {
            ignored.push(author);
        }
    }

    fn view(&mut self, room: RoomId) -> &mut View {
        if room.index() >= self.views.len() {
            self.views.resize_with(room.index() + 1, View::default);
        }
        &mut self.views[room.index()]
    }

    /// Makes something different for one connection.
    fn adjust(&mut self, id: ConnId, change: Change) {
        let now = self.now;
        let Some(conn) = self.conns.get(id) else { return };
        match change {
            Change::WhenBehind(what) => conn.extra().when_behind = Some(what),
            Change::Flood(None) => {
                conn.is_limited = false;
                self.resume(id);
            }
            Change::Flood(Some(flood)) => {
                conn.is_limited = true;
                match &mut conn.extra().flow {
                    Some(flow) => flow.set(flood, now),
                    flow @ None => *flow = Some(Flow::new(flood, now)),
                }
                self.resume(id);
            }
        }
    }

    /// Completes what is known of a client; `None` if it has gone.
    fn complete(&mut self, mut client: ClientInfo) -> Option<ClientInfo> {
        let conn = self.conns.get(client.conn)?;
        client.lines_in = conn.count.lines_in;
        client.bytes_in = conn.count.bytes_in;
        client.lines_out = conn.count.lines_out;
        client.bytes_out = conn.count.bytes_out;
        client.is_slowed = conn.is_paused;
        client.backlog = places::backlog(&self.views, conn).unwrap_or(0);
        Some(client)
    }
}
