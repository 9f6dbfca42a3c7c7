//! From the rules to the sockets and to the handler: effects become orders and events.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, select};

use super::handle::Shared;
use super::notify::Notifier;
use super::stats::Counters;
use crate::event::Notification;
use crate::hub::{Input, Output};
use crate::ids::{ConnId, RoomId};
use crate::log::{Batch, Cursor};
use crate::net::{Feed, Order};

/// All that the hub's effects go to.
#[derive(Debug)]
pub(super) struct Egress {
    /// One for each I/O thread, by its index.
    feeds: Vec<Feed>,
    /// `None` where nobody listens to events.
    notifier: Option<Notifier>,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
    /// An I/O thread has ended before it was told to.
    is_broken: bool,
}

impl Egress {
    pub(super) fn new(
        feeds: Vec<Feed>,
        notifier: Option<Notifier>,
        counters: Arc<Counters>,
        shared: Arc<Shared>,
    ) -> Egress {
        Egress { feeds, notifier, counters, shared, is_broken: false }
    }

    /// Whether an I/O thread has ended before it was told to.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Waits for the next input, and meanwhile for room for events that are still to be sent.
    pub(super) fn next(&mut self, inbox: &Receiver<Input>) -> Option<Input> {
        while let Some((queue, turn)) = self.notifier.as_mut().and_then(Notifier::pending) {
            select! {
                recv(inbox) -> input => return input.ok(),
                send(queue, std::mem::take(turn)) -> sent => {
                    if sent.is_err() {
                        log::error!("the events thread has ended before its time");
                    }
                }
            }
        }
        inbox.recv().ok()
    }

    /// Wakes everybody who has got something to do in this turn.
    pub(super) fn end_turn(&mut self) {
        for feed in &mut self.feeds {
            feed.ring();
        }
        if let Some(notifier) = &mut self.notifier {
            notifier.flush();
        }
    }

    /// Sends off the last events. The I/O threads see that no more orders will come.
    pub(super) fn finish(self) {
        drop(self.feeds);
        if let Some(notifier) = self.notifier {
            notifier.finish();
        }
    }

    fn send(&mut self, conn: ConnId, order: Order) {
        let Some(feed) = self.feeds.get_mut(conn.io()) else { return };
        self.is_broken |= !feed.send(order);
    }

    fn send_all(&mut self, order: impl Fn() -> Order) {
        for feed in &mut self.feeds {
            self.is_broken |= !feed.send(order());
        }
    }
}

impl Output for Egress {
    fn publish(&mut self, room: RoomId, batch: Arc<Batch>) {
        self.send_all(|| Order::Publish { room, batch: Arc::clone(&batch) });
    }

    fn attach(&mut self, conn: ConnId, room: RoomId, cursor: Cursor) {
        self.send(conn, Order::Attach { conn, room, cursor });
    }

    fn direct(&mut self, conn: ConnId, line: Vec<u8>) {
        self.send(conn, Order::Direct { conn, line });
    }

    fn close(&mut self, conn: ConnId) {
        self.send(conn, Order::Close { conn });
    }

    fn quiesce(&mut self) {
        self.send_all(|| Order::Quiesce);
    }

    fn drain(&mut self) {
        let deadline = self.shared.stop.deadline().unwrap_or_else(Instant::now);
        self.send_all(|| Order::Drain { deadline });
    }

    fn notify(&mut self, notification: Notification) {
        self.counters.count(&notification);
        if let Some(notifier) = &mut self.notifier {
            notifier.tell(notification);
        }
    }
}
