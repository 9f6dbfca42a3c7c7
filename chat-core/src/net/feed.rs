//! What an I/O thread is to do, from the one who decides it.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::Bell;
use crate::change::Change;
use crate::event::ClientInfo;
use crate::give::Give;
use crate::ids::{ConnId, RoomId};
use crate::log::{Again, Batch, Cursor};

/// Something for an I/O thread to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// The log of a room goes on.
    Publish { room: RoomId, batch: Arc<Batch> },
    /// A connection reads the log of one more room.
    Attach { conn: ConnId, room: RoomId, cursor: Cursor },
    /// A connection reads logs again, and gets lines again that are for it alone: each after the batch
    /// of a number, and they are in the order of those.
    Recall { conn: ConnId, rooms: Vec<Again>, lines: Vec<(u64, Vec<u8>)> },
    /// A connection reads the log of a room no more.
    Detach { conn: ConnId, room: RoomId },
    /// There is no such room any more.
    CloseRoom { room: RoomId },
    /// A connection gets nothing that this author writes, or gets it again.
    Ignore { conn: ConnId, author: ConnId, is_ignored: bool },
    /// A line for one connection alone, its newline included.
    Direct { conn: ConnId, line: Vec<u8> },
    /// A connection is to be closed when it has got what it is due.
    Close { conn: ConnId },
    /// Something is to be different for one connection.
    Adjust { conn: ConnId, change: Change },
    /// Complete what is known of these connections, and give it there.
    Census { clients: Vec<ClientInfo>, give: Give<Vec<ClientInfo>> },
    /// Take nothing more in, and report [`Arrival::Quiet`](super::Arrival::Quiet).
    Quiesce,
    /// Bring out what can be brought out before the deadline, and end.
    Drain,
}

/// The giving end of an I/O thread's feed.
#[derive(Debug)]
pub(crate) struct Feed {
    orders: Sender<Order>,
    bell: Arc<Bell>,
    /// Whether something was sent since the bell was last rung.
    is_due: bool,
}

/// Makes a feed for the I/O thread that this bell wakes, with room for so many orders.
pub(crate) fn feed(bell: Arc<Bell>, limit: usize) -> (Feed, Receiver<Order>) {
    let (orders, receiver) = bounded(limit);
    (Feed { orders, bell, is_due: false }, receiver)
}

impl Feed {
    /// Gives an order; waits for room while the feed is full.
    ///
    /// The I/O thread waits for nobody, so that this always ends. It answers whether the thread
    /// is still there.
    pub(crate) fn send(&mut self, order: Order) -> bool {
        self.is_due = true;
        match self.orders.try_send(order) {
            Ok(()) => true,
            Err(TrySendError::Full(order)) => {
                // It may be asleep on what is in the feed already.
                self.bell.ring();
                self.orders.send(order).is_ok()
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    /// Gives an order if there is room for it, and gives it back if not. An order for a thread that is
    /// not there any more is gone, which is the second part of the answer.
    pub(crate) fn try_send(&mut self, order: Order) -> (Option<Order>, bool) {
        self.is_due = true;
        match self.orders.try_send(order) {
            Ok(()) => (None, true),
            Err(TrySendError::Full(order)) => (Some(order), true),
            Err(TrySendError::Disconnected(_)) => (None, false),
        }
    }

    /// The bell of the I/O thread.
    pub(crate) fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.bell)
    }

    /// How many orders can be given without waiting.
    pub(crate) fn room(&self) -> usize {
        let limit = self.orders.capacity().unwrap_or(usize::MAX);
        limit.saturating_sub(self.orders.len())
    }

    /// Wakes the I/O thread, once for all that was sent since the last time.
    pub(crate) fn ring(&mut self) {
        if std::mem::take(&mut self.is_due) {
            self.bell.ring();
        }
        self.bell.feed_the_starving();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // The thread is to see that nothing more will come.
        self.bell.ring();
    }
}
