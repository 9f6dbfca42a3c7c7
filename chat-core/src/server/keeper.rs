//! What is on its way to the store, and what waits on its way out until that is durable.
//!
//! # The contract
//!
//! 1. Nobody waits: neither for the store nor for room in its queue.
//! 2. Records reach the store in the order in which the hub has made them, all of one turn together.
//! 3. From a [`Keeper::hold`] on, all effects are held back, and take place in the order of their calls
//!    when the store has said what became of the records before it.
//! 4. What the store could not keep goes out all the same; only acknowledgements are other ones then.
//! 5. If more waits for the store than [`MOST_WAITING`] or a part of the server's memory, or more than [`MOST_HELD`] waits on its way out,
//!    the store is too slow: nothing waits for it any more, and of the lines that found no place in its
//!    queue those are given up, and counted.
//! 6. Nothing is held back for longer than [`PATIENCE`] without a word of the store, and nothing more
//!    until there is one.

mod effect;
mod search;
mod spare;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};

use super::counters::Counters;
use super::store_thread::{Packet, Search};
use crate::deadline::after;
use crate::hub::{Input, Stored};
use crate::net::Order;
use crate::store::{Lost, Record};
pub(super) use effect::Effect;

/// How many bytes of records may wait for the store, in its queue and for a place there.
const MOST_WAITING: usize = 64 << 20;
/// What part of the server's memory that may be. What was said counts for it until the store has taken
/// it, and where it took all of it, nobody could say anything any more.
const PART_WAITING: usize = 4;
/// How many bytes of effects may wait for the store.
const MOST_HELD: usize = 16 << 20;

/// How long the store may take before what waits for it goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where things go that are to be kept, and what cannot go out before.
#[derive(Debug)]
pub(super) struct Keeper {
    /// The store's queue.
    packets: Sender<Packet>,
    /// Has the store look into it at once.
    urge: Sender<()>,
    /// The queue of those who look for something, if the store can be searched.
    searches: Option<Sender<Search>>,
    /// Where what was found goes.
    inbox: Sender<Input>,
    counters: Arc<Counters>,
    /// The records of this turn, and of those before it for which there was no room.
    records: Vec<Record>,
    /// How many bytes they take.
    bytes: usize,
    /// How many bytes of records may wait: half of it here, and when the store has half of it, it is
    /// given no more.
    most: usize,
    /// What the store has been given and has said nothing of: the numbers of the last records of packets,
    /// and how many bytes those are.
    handed_over: VecDeque<(u64, usize)>,
    /// How many bytes that are.
    handed_over_bytes: usize,
    /// The number of the last record.
    number: u64,
    /// The number of the last one that the store has been given.
    handed_over_to: u64,
    /// The number of the last record that the store has decided about.
    decided: u64,
    /// The number of the last one about which the store itself has said something.
    told: u64,
    /// The number of the last one for which nothing waits any more, whatever the store says of those
    /// before it.
    given_up: u64,
    /// What was given up here and the hub does not know of.
    lost: Lost,
    /// The number of the record for which all waits that comes now.
    until: u64,
    held: VecDeque<(u64, Effect)>,
    /// How many bytes they take.
    held_bytes: usize,
    /// By when the store is to say something, while something is held back.
    patience: Option<Instant>,
    /// More waits for the store than is to.
    is_too_much: bool,
    /// Whether the store is waited for.
    mood: Mood,
    /// Whether the store could not keep what it has decided about last.
    is_failing: bool,
}

/// What is thought of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// It does what it is to do, or says that it cannot.
    Trusting,
    /// It is about to be given up.
    GivingUp,
    /// It was, and has said nothing since.
    Doubting,
}

impl Keeper {
    pub(super) fn new(
        (packets, urge): (Sender<Packet>, Sender<()>),
        searches: Option<Sender<Search>>,
        inbox: Sender<Input>,
        counters: Arc<Counters>,
    ) -> Keeper {
        let most = MOST_WAITING.min(counters.budget.limit() / PART_WAITING);
        Keeper {
            packets,
            urge,
            searches,
            inbox,
            counters,
            records: Vec::new(),
            bytes: 0,
            most,
            handed_over: VecDeque::new(),
            handed_over_bytes: 0,
            number: 0,
            handed_over_to: 0,
            decided: 0,
            told: 0,
            given_up: 0,
            lost: Lost::default(),
            until: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            patience: None,
            is_too_much: false,
            mood: Mood::Trusting,
            is_failing: false,
        }
    }

    /// Takes something that is to be kept.
    pub(super) fn record(&mut self, record: Record) {
        self.number += 1;
        self.bytes += record.weight();
        self.records.push(record);
    }

    /// Has what comes now wait for what was to be kept before.
    pub(super) fn hold(&mut self) {
        if self.mood == Mood::Trusting {
            self.until = self.number;
        }
    }

    /// Whether an effect is to be held back: it is, behind all that is.
    pub(super) fn is_holding(&self) -> bool {
        self.until > self.decided
    }

    /// Holds an effect back.
    pub(super) fn keep_back(&mut self, effect: Effect) {
        self.held_bytes += effect.weight();
        self.held.push_back((self.until, effect));
    }

    /// Whether it is known that what is decided about is not durable, or not known that it is.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing || self.told < self.given_up
    }

    /// By when the store is to say something.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.patience
    }

    /// Gives the store up if it takes too long, or there is no time left: what follows from that is to
    /// be dealt with at once.
    pub(super) fn overdue(&mut self, now: Instant, is_over: bool) -> Option<Stored> {
        let is_late = self.patience.is_some_and(|until| until <= now);
        let is_last_call = is_over && self.is_holding();
        if !is_late && !is_last_call {
            return None;
        }
        let is_too_much = mem::take(&mut self.is_too_much);
        let why = if is_too_much { "the store is too slow" } else { "the store does not answer" };
        log::error!("{why}: nothing waits for it");
        self.mood = Mood::GivingUp;
        self.counters.store.is_given_up.store(true, Ordering::Relaxed);
        let lost = mem::take(&mut self.lost).numbers;
        Some(Stored { up_to: self.number, failure: Some(why.to_owned()), lost })
    }

    /// The store has decided about all up to here: takes out what has waited for that, in order.
    pub(super) fn let_go(&mut self, stored: &Stored) -> Vec<(usize, Order)> {
        let is_given_up = self.mood == Mood::GivingUp;
        if self.mood != Mood::Trusting {
            // Nothing has waited for what has come by now. That the store is there again, it shows by
            // older records.
            self.given_up = self.number;
        }
        if !is_given_up {
            self.hear_of(stored.up_to);
        }
        self.mood = if is_given_up { Mood::Doubting } else { Mood::Trusting };
        self.counters.store.is_given_up.store(is_given_up, Ordering::Relaxed);
        self.is_failing = stored.failure.is_some();
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

    /// The store has said something of all records up to here, and has taken them, or has them in a memory
    /// of its own.
    fn hear_of(&mut self, up_to: u64) {
        self.told = self.told.max(up_to);
        while let Some(&(_, bytes)) = self.handed_over.front().filter(|(last, _)| *last <= up_to) {
            self.handed_over.pop_front();
            self.handed_over_bytes -= bytes;
        }
    }

    /// Sends off what this turn has brought, if there is room for it.
    pub(super) fn end_turn(&mut self, now: Instant) {
        if self.is_holding() {
            self.patience.get_or_insert(after(now, PATIENCE));
        }
        if self.held_bytes >= MOST_HELD {
            (self.is_too_much, self.patience) = (true, Some(now));
        }
        self.hand_over();
        if self.bytes >= self.most / 2 {
            self.give_up();
            (self.is_too_much, self.patience) = (true, Some(now));
        }
    }

    /// Gives the store what there is for it, if there is room.
    fn hand_over(&mut self) {
        if self.records.is_empty() {
            return;
        }
        let (up_to, is_urgent) = (self.number, self.until > self.handed_over_to);
        if self.handed_over_bytes >= self.most / 2 {
            // What it has not been given can still be given up.
            return;
        }
        match self.packets.try_send(Packet {
            up_to,
            records: mem::take(&mut self.records),
            is_urgent,
        }) {
            Ok(()) => {
                let bytes = mem::take(&mut self.bytes);
                self.handed_over.push_back((up_to, bytes));
                (self.handed_over_to, self.handed_over_bytes) =
                    (up_to, self.handed_over_bytes + bytes);
            }
            Err(TrySendError::Full(packet) | TrySendError::Disconnected(packet)) => {
                self.records = packet.records;
            }
        }
        if is_urgent {
            // To be told once is enough.
            let _: Result<(), _> = self.urge.try_send(());
        }
    }

    /// Gives up what found no room, but for what is still to be known when the store is there again.
    fn give_up(&mut self) {
        let lost = spare::give_up(&mut self.records, self.most / 4);
        let lines = lost.lines;
        self.lost.and(lost);
        // Nobody is to take them for durable until the hub knows which they are.
        self.given_up = self.number;
        self.bytes = self.records.iter().map(Record::weight).sum();
        self.counters.store.lost(lines);
        log::error!("the store is too slow: {lines} lines that were said are not kept");
    }

    /// Hands over the last records, and waits for room for them, until then at most: nothing else is to
    /// be done any more.
    pub(super) fn finish(self, until: Instant) {
        let packet = Packet { up_to: self.number, records: self.records, is_urgent: true };
        if !packet.records.is_empty() && self.packets.send_deadline(packet, until).is_err() {
            log::error!("the store does not take the last of what is to be stored");
        }
    }
}
