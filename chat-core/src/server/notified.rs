//! The events thread: from the queue of events to the handler.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};

use super::notify::{Item, weight};
use crate::event::{Moment, Notification, ServerEvent};
use crate::handler::{Caller, RETRY};
use crate::ids::ConnId;
use crate::wire::Text;

/// How long it is offered that at the end.
const LAST_CALL: Duration = Duration::from_millis(500);

/// The taking end of the queue of events, and what is kept for a handler that does not take them.
///
/// A handler may refuse any event. Still no client is told of in halves: one whose `Connected` was
/// refused is not told of any further, and a `Disconnected` that was refused is kept.
#[derive(Debug)]
pub(super) struct Notified {
    queue: Receiver<Vec<Item>>,
    rest: Receiver<Vec<Item>>,
    /// The bytes of all that the handler has not taken yet.
    waiting: Arc<AtomicUsize>,
    /// Events that were left out on the way here, and not told in their place.
    missed: Arc<AtomicU64>,
    /// Clients whose `Connected` was refused.
    untold: HashSet<ConnId>,
    /// Each `Disconnected` that was refused, of a client that was told of.
    owed: VecDeque<ServerEvent>,
}

impl Notified {
    pub(super) fn new(
        queue: Receiver<Vec<Item>>,
        rest: Receiver<Vec<Item>>,
        waiting: Arc<AtomicUsize>,
        missed: Arc<AtomicU64>,
    ) -> Notified {
        Notified { queue, rest, waiting, missed, untold: HashSet::new(), owed: VecDeque::new() }
    }

    /// Calls the handler with all that is told, until no more can come.
    pub(super) fn run(mut self, mut caller: Caller<ServerEvent>) {
        while let Some(turn) = self.next(&mut caller) {
            for item in turn {
                self.tell(&mut caller, item);
            }
        }
        for item in self.rest.try_iter().flatten().collect::<Vec<_>>() {
            self.tell(&mut caller, item);
        }
        let until = Instant::now() + LAST_CALL;
        while !self.pay(&mut caller) && Instant::now() < until {
            thread::sleep(RETRY);
        }
        caller.idle();
    }

    /// Calls the handler with all that is told by now, on the calling thread.
    #[cfg(feature = "testing")]
    pub(super) fn tell_waiting(&mut self, caller: &mut Caller<ServerEvent>) {
        while let Ok(turn) = self.queue.try_recv().or_else(|_| self.rest.try_recv()) {
            for item in turn {
                self.tell(caller, item);
            }
        }
        caller.was_missed(self.missed.swap(0, Ordering::SeqCst));
        self.pay(caller);
        caller.idle();
    }

    /// Waits for the next events, with whatever else there is to do meanwhile.
    fn next(&mut self, caller: &mut Caller<ServerEvent>) -> Option<Vec<Item>> {
        match self.queue.try_recv() {
            Ok(turn) => return Some(turn),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        // All that came is told: what was left out since then comes here.
        caller.was_missed(self.missed.swap(0, Ordering::SeqCst));
        loop {
            self.pay(caller);
            caller.idle();
            if self.owed.is_empty() && !caller.is_behind() {
                return self.queue.recv().ok();
            }
            match self.queue.recv_timeout(RETRY) {
                Ok(turn) => return Some(turn),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn tell(&mut self, caller: &mut Caller<ServerEvent>, item: Item) {
        let notification = match item {
            Item::Missed(count) => return caller.was_missed(count),
            Item::Told(notification) => notification,
        };
        let weight = weight(&notification);
        let is_paid = self.pay(caller);
        if let (conn, Moment::Between(events)) = notification.moment()
            && (!is_paid || self.untold.contains(&conn))
        {
            caller.miss(events);
            self.waiting.fetch_sub(weight, Ordering::SeqCst);
            return;
        }
        match notification {
            Notification::Connected { conn, addr } => {
                if !is_paid {
                    caller.miss(1);
                }
                if !is_paid || !caller.call(ServerEvent::Connected { conn, addr }) {
                    self.untold.insert(conn);
                }
            }
            Notification::Said { conn, addr, name, messages } => {
                for text in messages.iter().filter_map(Text::lossy) {
                    caller.call(ServerEvent::Message { conn, addr, name: name.clone(), text });
                }
            }
            Notification::Action { conn, addr, text } => {
                caller.call(ServerEvent::Action { conn, addr, text });
            }
            Notification::Private { conn, addr, to, text } => {
                caller.call(ServerEvent::Private { conn, addr, to, text });
            }
            Notification::Renamed { conn, addr, name } => {
                caller.call(ServerEvent::Renamed { conn, addr, name });
            }
            Notification::Joined { conn, addr, room } => {
                caller.call(ServerEvent::Joined { conn, addr, room });
            }
            Notification::Parted { conn, addr, room } => {
                caller.call(ServerEvent::Parted { conn, addr, room });
            }
            Notification::Flooding { conn, addr } => {
                caller.call(ServerEvent::Flooding { conn, addr });
            }
            Notification::Skipped { conn, addr, lines } => {
                caller.call(ServerEvent::Skipped { conn, addr, lines });
            }
            Notification::Disconnected { conn, .. } if self.untold.remove(&conn) => caller.miss(1),
            Notification::Disconnected { conn, addr, reason } => {
                self.owed.push_back(ServerEvent::Disconnected { conn, addr, reason });
                self.pay(caller);
            }
        }
        self.waiting.fetch_sub(weight, Ordering::SeqCst);
    }

    /// Offers what must not be lost, and says whether all of it was taken.
    fn pay(&mut self, caller: &mut Caller<ServerEvent>) -> bool {
        while let Some(event) = self.owed.front() {
            if !caller.offer(event.clone()) {
                return false;
            }
            self.owed.pop_front();
        }
        true
    }
}
