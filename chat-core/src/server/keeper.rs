//! What is on its way to the store, and what waits on its way out until that is durable.
//!
//! # The contract
//!
//! 1. Nobody waits: neither for the store nor for room in its queue.
//! 2. Records reach the store in the order in which the hub has made them, all of one turn together.
//! 3. From a [`Keeper::hold`] on, all effects are held back, and take place in the order of their calls
//!    when the store has said what became of the records before it.
//! 4. What the store could not keep goes out all the same; only acknowledgements are other ones then.
//! 5. If more waits for the store than [`MOST_WAITING`], or more than [`MOST_HELD`] waits on its way out,
//!    the store is too slow: nothing waits for it any more that has waited so far, and of the lines that
//!    found no place in its queue those are given up, and counted.
//! 6. So it is if something has waited for [`PATIENCE`]. A store that was too slow is not waited for any
//!    more until it says something.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};

use super::counters::Counters;
use super::store_thread::{Packet, Search};
use crate::deadline::after;
use crate::hub::{self, Input, Stored, Unsearchable};
use crate::net::Order;
use crate::store::{Record, SavedSession};

/// How many bytes of records may wait for a place in the store's queue.
const MOST_WAITING: usize = 64 << 20;
/// How many bytes of effects may wait for the store.
const MOST_HELD: usize = 16 << 20;
/// What an effect or a record takes beside what is counted of it.
const EACH: usize = 128;
/// How long anything waits for the store at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the last records may take to find a place in the store's queue.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Where things go that are to be kept, and what cannot go out before.
#[derive(Debug)]
pub(super) struct Keeper {
    /// The store's queue.
    packets: Sender<Packet>,
    /// The queue of those who look for something, if the store can be searched.
    searches: Option<Sender<Search>>,
    /// Where what was found goes.
    inbox: Sender<Input>,
    counters: Arc<Counters>,
    /// The records of this turn, and of those before it for which there was no room.
    records: Vec<Record>,
    /// How many bytes they take.
    bytes: usize,
    /// The number of the last record.
    number: u64,
    /// The number of the last record that the store has decided about.
    decided: u64,
    /// The number of the record for which all waits that comes now.
    until: u64,
    held: VecDeque<(u64, Effect)>,
    /// How many bytes they take.
    held_bytes: usize,
    /// The store has failed to keep what it was given last.
    is_failing: bool,
    /// It was too slow, and has said nothing since.
    is_doubted: bool,
    /// By when it is to say something, while something waits for it.
    patience: Option<Instant>,
}

/// What is held back.
#[derive(Debug)]
pub(super) enum Effect {
    /// An order for an I/O thread.
    Order { feed: usize, order: Order },
    /// An order that acknowledges something as durable, and the other one if it is not.
    Confirm { feed: usize, durable: Order, volatile: Order },
}

impl Keeper {
    pub(super) fn new(
        packets: Sender<Packet>,
        searches: Option<Sender<Search>>,
        inbox: Sender<Input>,
        counters: Arc<Counters>,
    ) -> Keeper {
        Keeper {
            packets,
            searches,
            inbox,
            counters,
            records: Vec::new(),
            bytes: 0,
            number: 0,
            decided: 0,
            until: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            is_failing: false,
            is_doubted: false,
            patience: None,
        }
    }

    /// Takes something that is to be kept.
    pub(super) fn record(&mut self, record: Record) {
        self.number += 1;
        self.bytes += weight(&record);
        self.records.push(record);
    }

    /// Has what comes now wait for what was to be kept before.
    pub(super) fn hold(&mut self) {
        if !self.is_doubted {
            self.until = self.number;
        }
    }

    /// By when the store is to say something.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.patience
    }

    /// Whether an effect is to be held back: it is, behind all that is.
    pub(super) fn is_holding(&self) -> bool {
        self.until > self.decided
    }

    /// Whether the store has failed to keep what it was given last.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// Holds an effect back.
    pub(super) fn keep_back(&mut self, effect: Effect) {
        self.held_bytes += effect.weight();
        self.held.push_back((self.until, effect));
    }

    /// The store has decided about all up to here: takes out what has waited for that, in order.
    pub(super) fn let_go(&mut self, stored: &Stored) -> Vec<(usize, Order)> {
        self.is_failing = stored.failure.is_some();
        self.is_doubted = false;
        self.patience = None;
        self.decided = self.decided.max(stored.up_to);
        let count = self.held.partition_point(|(until, _)| *until <= self.decided);
        let (bytes, is_durable) = (&mut self.held_bytes, !self.is_failing);
        let orders = self.held.drain(..count).map(|(_, effect)| {
            *bytes -= effect.weight();
            match effect {
                Effect::Order { feed, order } => (feed, order),
                Effect::Confirm { feed, durable, .. } if is_durable => (feed, durable),
                Effect::Confirm { feed, volatile, .. } => (feed, volatile),
            }
        });
        orders.collect()
    }

    /// Takes out all that waits for the store.
    pub(super) fn let_all_go(&mut self) -> Vec<(usize, Order)> {
        let failure = Some("the store is too slow".to_owned());
        let orders = self.let_go(&Stored { up_to: self.number, failure });
        self.is_doubted = true;
        orders
    }

    /// Sends off what this turn has brought, if there is room for it. The answer is what has to go out
    /// at once if too much waits.
    pub(super) fn end_turn(&mut self, now: Instant) -> Vec<(usize, Order)> {
        if self.is_holding() {
            self.patience.get_or_insert(after(now, PATIENCE));
        }
        self.hand_over();
        if self.bytes >= MOST_WAITING {
            self.give_up();
            return self.let_all_go();
        }
        if self.held_bytes >= MOST_HELD {
            log::error!("the store is too slow: what is said is told before it is kept");
            return self.let_all_go();
        }
        Vec::new()
    }

    fn hand_over(&mut self) {
        if self.records.is_empty() {
            return;
        }
        let packet = Packet { up_to: self.number, records: mem::take(&mut self.records) };
        match self.packets.try_send(packet) {
            Ok(()) => self.bytes = 0,
            Err(TrySendError::Full(packet) | TrySendError::Disconnected(packet)) => {
                self.records = packet.records;
            }
        }
    }

    /// Gives up the lines that found no room, and of each session what is not the last that is known.
    fn give_up(&mut self) {
        let (mut lines, mut known) = (0, HashSet::new());
        let mut records = mem::take(&mut self.records);
        records.reverse();
        records.retain(|record| match record {
            Record::Lines(some) => {
                lines += some.count() as u64;
                false
            }
            Record::Session(SavedSession { id, .. }) | Record::SessionOver(id) => known.insert(*id),
            Record::Topic { .. } | Record::Ban(_) | Record::Unban(_) => true,
        });
        records.reverse();
        self.bytes = records.iter().map(weight).sum();
        self.records = records;
        self.counters.store.lost(lines);
        log::error!("the store is too slow: {lines} lines that were said are not kept");
    }

    /// Has the store look for something.
    pub(super) fn search(&self, search: hub::Search) -> Result<(), (Unsearchable, hub::Search)> {
        let Some(searches) = &self.searches else { return Err((Unsearchable::Never, search)) };
        if searches.is_full() {
            return Err((Unsearchable::Busy, search));
        }
        let hub::Search { conn, room, words, most, context } = search;
        let (inbox, place) = (self.inbox.clone(), room.clone());
        let give = move |found| {
            // If the hub is no more, neither is whoever has asked.
            drop(inbox.send(Input::Found { conn, room: place, found, context }));
        };
        let words = words.to_string();
        // There is room, and nobody else sends; if the thread is gone, so is the server soon.
        drop(searches.try_send(Search { room, words, most, give: Box::new(give) }));
        Ok(())
    }

    /// Hands over the last records, and waits for room for them for a while: nothing else is to be done
    /// any more.
    pub(super) fn finish(mut self) {
        self.hand_over();
        if self.records.is_empty() {
            return;
        }
        let packet = Packet { up_to: self.number, records: mem::take(&mut self.records) };
        if self.packets.send_timeout(packet, LAST_WAIT).is_err() {
            log::error!("the store takes nothing any more: what was said last is not kept");
        }
    }
}

impl Effect {
    /// How many bytes it takes, about. What was said counts for the memory of the logs.
    fn weight(&self) -> usize {
        let of = |order: &Order| match order {
            Order::Direct { line, .. } => line.len(),
            _ => 0,
        };
        match self {
            Effect::Order { order, .. } => EACH + of(order),
            Effect::Confirm { durable, volatile, .. } => 2 * EACH + of(durable) + of(volatile),
        }
    }
}

/// How many bytes a record takes, about.
fn weight(record: &Record) -> usize {
    EACH + match record {
        Record::Lines(lines) => lines.bytes().len(),
        Record::Session(session) => session.rooms.iter().map(|room| EACH + room.len()).sum(),
        Record::Topic { topic, .. } => topic.len(),
        Record::Ban(_) | Record::Unban(_) | Record::SessionOver(_) => 0,
    }
}
