//! From the hub to the event handler, without the hub ever waiting for it.
//!
//! The queue is bounded by bytes. What does not fit is left out and counted; the count is told in
//! the place where it happened. Two kinds of events never fall out of step: a client whose
//! `Connected` was told has its `Disconnected` told, whatever the queue's state, and a client whose
//! `Connected` was left out is not told of at all.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::{Select, Sender, TrySendError, bounded};

use super::notified::Notified;
use crate::event::{Moment, Notification};
use crate::handler::HandlerCounters;
use crate::ids::ConnId;

/// How many turns' events may be on their way; the bound that counts is that of their bytes.
const TURNS: usize = 1024;

/// One element of the queue.
#[derive(Debug)]
pub(super) enum Item {
    Told(Notification),
    /// So many events were left out here.
    Missed(u64),
}

/// The giving end of the queue of events.
#[derive(Debug)]
pub(super) struct Notifier {
    queue: Sender<Vec<Item>>,
    /// A place for what the queue has no room for at the end.
    rest: Sender<Vec<Item>>,
    /// What is to go into the queue next.
    turn: Vec<Item>,
    /// The bytes of all that the handler has not taken yet.
    waiting: Arc<AtomicUsize>,
    limit: usize,
    wants_messages: bool,
    /// Events that were left out, of which the other end has not been told.
    missed: Arc<AtomicU64>,
    /// Clients whose `Connected` was left out.
    untold: HashSet<ConnId>,
    /// The other end is gone: nobody will ever be told of anything.
    is_lost: bool,
    counters: Arc<HandlerCounters>,
}

/// Makes a queue that holds events of so many bytes.
pub(super) fn notifier(
    limit: usize,
    wants_messages: bool,
    counters: Arc<HandlerCounters>,
) -> (Notifier, Notified) {
    let (sender, receiver) = bounded(TURNS);
    let (rest, rest_receiver) = bounded(1);
    let waiting = Arc::new(AtomicUsize::new(0));
    let missed = Arc::new(AtomicU64::new(0));
    let taking = Notified::new(receiver, rest_receiver, Arc::clone(&waiting), Arc::clone(&missed));
    let giving = Notifier {
        queue: sender,
        rest,
        turn: Vec::new(),
        waiting,
        limit,
        wants_messages,
        missed,
        untold: HashSet::new(),
        is_lost: false,
        counters,
    };
    (giving, taking)
}

impl Notifier {
    /// Queues an event, or counts it.
    pub(super) fn tell(&mut self, notification: Notification) {
        if self.is_lost {
            return;
        }
        let fits = self.waiting.load(Ordering::Relaxed) + weight(&notification) <= self.limit;
        if matches!(notification, Notification::Said { .. }) && !self.wants_messages {
            return;
        }
        match notification.moment() {
            (conn, Moment::Beginning) => {
                if !fits {
                    self.untold.insert(conn);
                    return self.miss(1);
                }
            }
            (conn, Moment::Between(events)) => {
                if !fits || self.untold.contains(&conn) {
                    return self.miss(events);
                }
            }
            (conn, Moment::End) => {
                if self.untold.remove(&conn) {
                    return self.miss(1);
                }
            }
        }
        self.tell_missed();
        self.waiting.fetch_add(weight(&notification), Ordering::Relaxed);
        self.turn.push(Item::Told(notification));
    }

    /// Whether the events of one more turn can be sent off without waiting.
    pub(super) fn has_room(&self) -> bool {
        self.turn.is_empty() && !self.queue.is_full()
    }

    /// Whether there are events that the queue had no room for.
    pub(super) fn is_behind(&self) -> bool {
        !self.turn.is_empty()
    }

    /// Has room in the queue waited for, beside what else is waited for.
    pub(super) fn watch_room<'a>(&'a self, ready: &mut Select<'a>) {
        ready.send(&self.queue);
    }

    /// Tells here of what was left out since the last event that was not.
    fn tell_missed(&mut self) {
        match self.missed.swap(0, Ordering::SeqCst) {
            0 => {}
            count => self.turn.push(Item::Missed(count)),
        }
    }

    /// Sends off the events of a turn if the queue has room; if not, they go with the next ones.
    pub(super) fn flush(&mut self) {
        // If the other end is at work, it looks itself for what was left out when it is done.
        if self.turn.is_empty() && self.waiting.load(Ordering::SeqCst) == 0 {
            self.tell_missed();
        }
        if self.turn.is_empty() {
            return;
        }
        match self.queue.try_send(mem::take(&mut self.turn)) {
            Ok(()) => {}
            Err(TrySendError::Full(turn)) => self.turn = turn,
            Err(TrySendError::Disconnected(_)) => {
                log::error!("the events thread has ended before its time");
                self.is_lost = true;
            }
        }
    }

    /// Sends off the last events. The handler may be waiting for the server to end, so that even
    /// now nobody waits for it.
    pub(super) fn finish(mut self) {
        self.tell_missed();
        self.flush();
        if self.is_behind() && self.rest.try_send(self.turn).is_err() {
            log::error!("the events thread has ended before its time");
        }
    }

    fn miss(&mut self, count: u64) {
        self.missed.fetch_add(count, Ordering::SeqCst);
        self.counters.missed.fetch_add(count, Ordering::Relaxed);
    }
}

/// About how much memory an event takes while it waits.
pub(super) fn weight(notification: &Notification) -> usize {
    let text = match notification {
        Notification::Said { messages, .. } => messages.bytes(),
        Notification::Action { text, .. } | Notification::Private { text, .. } => text.len(),
        Notification::Connected { .. }
        | Notification::Renamed { .. }
        | Notification::Joined { .. }
        | Notification::Parted { .. }
        | Notification::Flooding { .. }
        | Notification::Skipped { .. }
        | Notification::Disconnected { .. } => 0,
    };
    size_of::<Item>() + text
}
