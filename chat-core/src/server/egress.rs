//! From the rules to the sockets and to the handler: effects become orders and events.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Select;

use super::counters::Counters;
use super::keeper::{Effect, Keeper};
use super::notify::Notifier;
use crate::change::Change;
use crate::event::{ClientInfo, Notification};
use crate::give::Give;
use crate::hub::{Input, Output, Recall, Search, Stored, Unsearchable};
use crate::ids::{ConnId, RoomId};
use crate::log::{Batch, Cursor};
use crate::net::{Feed, Order};
use crate::store::Record;

/// All that the hub's effects go to.
#[derive(Debug)]
pub(super) struct Egress {
    /// One for each I/O thread, by its index.
    feeds: Vec<Feed>,
    /// `None` where nobody listens to events.
    notifier: Option<Notifier>,
    /// `None` where nothing is kept.
    keeper: Option<Keeper>,
    counters: Arc<Counters>,
    /// Orders for I/O threads whose feeds were full, in the turn of one that must not wait.
    left: VecDeque<(usize, Order)>,
    /// Whether it may be waited for room in this turn.
    may_wait: bool,
    /// An I/O thread has ended before it was told to.
    is_broken: bool,
}

impl Egress {
    pub(super) fn new(
        feeds: Vec<Feed>,
        notifier: Option<Notifier>,
        keeper: Option<Keeper>,
        counters: Arc<Counters>,
    ) -> Egress {
        let left = VecDeque::new();
        Egress { feeds, notifier, keeper, counters, left, may_wait: false, is_broken: false }
    }

    /// Whether an I/O thread has ended before it was told to.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// How many small inputs can have their effects without anybody waiting for room.
    pub(super) fn room(&self) -> usize {
        let can_tell = self.notifier.as_ref().is_none_or(Notifier::has_room);
        if !can_tell || !self.left.is_empty() || self.is_broken {
            return 0;
        }
        let least = self.feeds.iter().map(Feed::room).min().unwrap_or(0);
        // The turn publishes once more, beside what follows from each input.
        least.saturating_sub(1) / Input::MOST_ORDERS
    }

    /// Whether there are events that are still to be sent.
    pub(super) fn is_behind(&self) -> bool {
        self.notifier.as_ref().is_some_and(Notifier::is_behind)
    }

    /// Has it waited for, too, that there is room for events that are still to be sent: they are at
    /// the end of the turn that follows.
    pub(super) fn watch_room<'a>(&'a self, ready: &mut Select<'a>) {
        if let Some(notifier) = self.notifier.as_ref().filter(|notifier| notifier.is_behind()) {
            notifier.watch_room(ready);
        }
    }

    /// Sends off what is to be kept, and wakes everybody who has got something to do in this turn.
    pub(super) fn end_turn(&mut self, now: Instant) {
        if let Some(keeper) = &mut self.keeper {
            keeper.end_turn(now);
        }
        for feed in &mut self.feeds {
            feed.ring();
        }
        if let Some(notifier) = &mut self.notifier {
            notifier.flush();
        }
    }

    /// By when the store is to say something.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.keeper.as_ref().and_then(Keeper::next_timer)
    }

    /// What is thought of the store if it takes too long, or there is no time left for it.
    pub(super) fn overdue(&mut self, now: Instant, is_over: bool) -> Option<Stored> {
        self.keeper.as_mut()?.overdue(now, is_over)
    }

    /// Sends off the last events, and the last records if there is room for them until then. The I/O
    /// threads see that no more orders will come.
    pub(super) fn finish(self, until: Instant) {
        drop(self.feeds);
        if let Some(notifier) = self.notifier {
            notifier.finish();
        }
        if let Some(keeper) = self.keeper {
            keeper.finish(until);
        }
    }

    /// Whether there are effects that wait for the store.
    pub(super) fn is_holding(&self) -> bool {
        self.keeper.as_ref().is_some_and(Keeper::is_holding)
    }

    fn send(&mut self, conn: ConnId, order: Order) {
        self.order(conn.io(), order);
    }

    fn send_all(&mut self, order: impl Fn() -> Order) {
        for feed in 0..self.feeds.len() {
            self.order(feed, order());
        }
    }

    /// Gives an order to an I/O thread, or holds it back.
    fn order(&mut self, feed: usize, order: Order) {
        match self.keeper.as_mut().filter(|keeper| keeper.is_holding()) {
            Some(keeper) => keeper.keep_back(Effect::Order { feed, order }),
            None => self.send_now(feed, order),
        }
    }

    /// Gives an order to an I/O thread. If there is no room for it, the hub thread waits for that; an I/O
    /// thread never does, for it might wait for itself: it leaves the order, and all that come after
    /// it, to the hub thread.
    fn send_now(&mut self, feed: usize, order: Order) {
        let Some(to) = self.feeds.get_mut(feed) else { return };
        if self.may_wait {
            self.is_broken |= !to.send(order);
            return;
        }
        let order = if self.left.is_empty() { to.try_send(order) } else { (Some(order), true) };
        self.is_broken |= !order.1;
        self.left.extend(order.0.map(|order| (feed, order)));
    }

    fn send_all_now(&mut self, order: impl Fn() -> Order) {
        for feed in 0..self.feeds.len() {
            self.send_now(feed, order());
        }
    }

    /// Begins a turn, in which it may be waited for room or not. What was left before comes first.
    pub(super) fn begin_turn(&mut self, may_wait: bool) {
        self.may_wait = may_wait;
        for (feed, order) in mem::take(&mut self.left) {
            self.send_now(feed, order);
        }
    }

    /// Whether there are orders that were left to the hub thread.
    pub(super) fn has_left(&self) -> bool {
        !self.left.is_empty()
    }
}

impl Output for Egress {
    fn publish(&mut self, room: RoomId, batch: Arc<Batch>) {
        self.send_all(|| Order::Publish { room, batch: Arc::clone(&batch) });
    }

    fn attach(&mut self, conn: ConnId, room: RoomId, cursor: Cursor) {
        self.send(conn, Order::Attach { conn, room, cursor });
    }

    fn recall(&mut self, conn: ConnId, recall: Recall) {
        let Recall { rooms, lines } = recall;
        self.send(conn, Order::Recall { conn, rooms, lines });
    }

    fn detach(&mut self, conn: ConnId, room: RoomId) {
        self.send(conn, Order::Detach { conn, room });
    }

    fn close_room(&mut self, room: RoomId) {
        self.send_all(|| Order::CloseRoom { room });
    }

    fn ignore(&mut self, conn: ConnId, author: ConnId, is_ignored: bool) {
        self.send(conn, Order::Ignore { conn, author, is_ignored });
    }

    fn direct(&mut self, conn: ConnId, line: Vec<u8>) {
        self.send(conn, Order::Direct { conn, line });
    }

    fn adjust(&mut self, conn: ConnId, change: Change) {
        self.send(conn, Order::Adjust { conn, change });
    }

    fn census(&mut self, clients: Vec<ClientInfo>, give: Give<Vec<ClientInfo>>) {
        let mut parts = vec![Vec::new(); self.feeds.len()];
        for client in clients {
            if let Some(part) = parts.get_mut(client.conn.io()) {
                part.push(client);
            }
        }
        // Whoever asks for that waits for it, and is not to wait for the store.
        for (feed, clients) in parts.into_iter().enumerate() {
            self.send_now(feed, Order::Census { clients, give: give.clone() });
        }
    }

    fn record(&mut self, record: Record) {
        if let Some(keeper) = &mut self.keeper {
            keeper.record(record);
        }
    }

    fn hold(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.hold();
        }
    }

    fn confirm(&mut self, conn: ConnId, durable: Vec<u8>, volatile: Vec<u8>) {
        let feed = conn.io();
        let [durable, volatile] = [durable, volatile].map(|line| Order::Direct { conn, line });
        if let Some(keeper) = self.keeper.as_mut().filter(|keeper| keeper.is_holding()) {
            return keeper.keep_back(Effect::Confirm { feed, durable, volatile });
        }
        // The store has decided about all that was to be kept before.
        let is_failing = self.keeper.as_ref().is_some_and(Keeper::is_failing);
        self.send_now(feed, if is_failing { volatile } else { durable });
    }

    fn release(&mut self, stored: &Stored) {
        let orders = self.keeper.as_mut().map(|keeper| keeper.let_go(stored));
        for (feed, order) in orders.into_iter().flatten() {
            self.send_now(feed, order);
        }
    }

    fn search(&mut self, search: Search) -> Result<(), (Unsearchable, Search)> {
        match &self.keeper {
            Some(keeper) => keeper.search(search),
            None => Err((Unsearchable::Never, search)),
        }
    }

    fn close(&mut self, conn: ConnId) {
        self.send(conn, Order::Close { conn });
    }

    fn quiesce(&mut self) {
        self.send_all_now(|| Order::Quiesce);
    }

    fn drain(&mut self) {
        self.send_all(|| Order::Drain);
    }

    fn notify(&mut self, notification: Notification) {
        self.counters.count(&notification);
        if let Some(notifier) = &mut self.notifier {
            notifier.tell(notification);
        }
    }
}
