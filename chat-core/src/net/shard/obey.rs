//! From the feed: what the hub wants done.

use std::sync::Arc;

use crossbeam_channel::TryRecvError;

use super::Shard;
use crate::change::Change;
use crate::event::ClientInfo;
use crate::ids::{ConnId, RoomId};
use crate::log::{Batch, Cursor};
use crate::net::conn::Phase;
use crate::net::feed::Order;
use crate::net::flow::Flow;
use crate::net::inbox::Inbox;
use crate::net::outbound::TURN;
use crate::net::rooms::View;
use crate::net::socket::Socket;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Does what the hub has asked for.
    pub(super) fn obey(&mut self) {
        // No more than the members get in a turn, and nothing while those who take what they are
        // given are far behind: then the hub waits at the feed, and the senders slow down.
        let mut published = 0;
        for _ in 0..self.settings.limits.feed {
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
    fn is_far_behind(&self) -> bool {
        let is_much = |view: &View| view.window.len() > self.settings.limits.backlog as u64 / 2;
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
        let room = conn.room.filter(|_| conn.is_held);
        client.backlog =
            room.map_or(0, |seat| self.views[seat.room.index()].window.backlog(conn.cursor));
        Some(client)
    }
}
