//! The thread `chat-store`: it hands what is to be kept to the store, many records at a time, and tells
//! what became of them.
//!
//! While one group is being committed, the next one comes together by itself: the more is said, the
//! larger the groups are, and the fewer waits for the disk there are for each line.

mod counters;
mod search;
#[cfg(test)]
mod tests;
mod waiting;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::error::with_causes;
use crate::store::{Lost, Record, Store, StoreError};
pub(super) use counters::StoreCounters;
pub(super) use search::{Search, run_searches};
use waiting::Waiting;

/// How many bytes of records make a group large enough.
const GROUP: usize = 4 << 20;
/// How long it is waited for more where nobody waits for it: so there are fewer waits for the disk, and
/// those are a good part of what a store costs.
const PAUSE: Duration = Duration::from_millis(50);
/// When a commit that has failed is tried again at the latest.
const RETRY: Duration = Duration::from_secs(1);
/// A commit that fails may take a share of the time: so many times as long as it took, there is none.
const REST: u32 = 4;
/// How often the store is asked whether there is something to tidy when nothing happens, and how long
/// it is left alone when that has failed.
const TIDY: Duration = Duration::from_secs(10);
/// How often the store may tidy a little though something waits, so that nothing is put off for ever.
const TIDY_ANYWAY: Duration = Duration::from_millis(400);
/// How often the last commit is tried when the server ends.
const LAST_TRIES: u32 = 3;
const BETWEEN_LAST_TRIES: Duration = Duration::from_millis(100);

/// Records on their way to the store, in order.
#[derive(Debug)]
pub(super) struct Packet {
    /// The number of the last of them.
    pub(super) up_to: u64,
    pub(super) records: Vec<Record>,
    /// Somebody waits until they are durable.
    pub(super) is_urgent: bool,
}

/// The taking end of the store's queue.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) packets: Receiver<Packet>,
    /// Tells at once that there is something urgent behind what is not.
    pub(super) urged: Receiver<()>,
}

/// What became of records, told in their order.
///
/// Each packet is told of once. After a failure its records may still be kept later: the first success
/// after a failure means that all that was told before is durable as well, but for lines that were
/// counted as lost. If that comes without a new packet, the last number is told again, as a success.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// The number of the last of them.
    pub(super) up_to: u64,
    /// Whether they are durable, or why not, for people to read.
    pub(super) result: Result<(), String>,
    /// What was given up meanwhile.
    pub(super) lost: Lost,
}

/// Runs the thread, until no more packets can come.
pub(super) fn run(
    store: Box<dyn Store>,
    intake: &Intake,
    report: impl FnMut(Done),
    counters: &StoreCounters,
) {
    let now = Instant::now();
    let waiting = Waiting::default();
    let writer = Writer {
        store,
        report,
        counters,
        waiting,
        told: 0,
        rest: now,
        retry: now,
        tidied: now,
        tidy: now,
        untidy: None,
    };
    writer.run(intake);
}

struct Writer<'a, R> {
    store: Box<dyn Store>,
    report: R,
    counters: &'a StoreCounters,
    /// What is not kept yet.
    waiting: Waiting,
    /// The last number that was told.
    told: u64,
    /// When to try again, at the earliest, what has failed: with what comes by then.
    rest: Instant,
    /// When to try it again at the latest.
    retry: Instant,
    /// When it was tidied, and when to do that again if nothing happens.
    tidied: Instant,
    tidy: Instant,
    /// Why it could not be tidied the last time: until the next time comes by itself, it is not tried again.
    untidy: Option<String>,
}

impl<R: FnMut(Done)> Writer<'_, R> {
    fn run(mut self, intake: &Intake) {
        let packets = &intake.packets;
        loop {
            let failed = !self.waiting.is_empty();
            match packets.recv_deadline(if failed { self.retry } else { self.tidy }) {
                Ok(first) => {
                    if !first.is_urgent {
                        // What it is woken by, it finds in the queue.
                        let _: Result<(), _> = intake.urged.recv_timeout(PAUSE);
                    }
                    self.take(first, packets);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if failed => self.commit_again(),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.tidy(packets);
        }
        self.end();
    }

    /// Takes this packet and those that wait behind it, and commits them as one group.
    fn take(&mut self, first: Packet, packets: &Receiver<Packet>) {
        let (mut up_to, mut bytes) = (first.up_to, 0);
        let mut next = Some(first);
        while let Some(packet) = next {
            up_to = packet.up_to;
            bytes += self.waiting.add(packet.records);
            next = if bytes < GROUP { packets.try_recv().ok() } else { None };
        }
        self.counters.set_waiting(self.waiting.bytes());
        self.told = up_to;
        let result = match self.waiting.error().filter(|_| Instant::now() < self.rest) {
            Some(error) => Err(error.to_owned()),
            None => self.commit(),
        };
        let mut lost = Lost::default();
        if result.is_err() {
            lost = self.waiting.shrink();
            self.counters.lost(lost.lines);
            self.counters.set_waiting(self.waiting.bytes());
        }
        (self.report)(Done { up_to, result, lost });
    }

    /// Commits what was not taken before, and tells if that went well this time.
    fn commit_again(&mut self) {
        let result = self.commit();
        if result.is_ok() {
            (self.report)(Done { up_to: self.told, result, lost: Lost::default() });
        }
    }

    /// Commits all that waits.
    fn commit(&mut self) -> Result<(), String> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let records = self.waiting.records();
        let result = guarded(|| self.store.commit(records));
        let took = start.elapsed();
        let Err(error) = result else {
            self.counters.committed(records, took);
            if self.waiting.error().is_some() {
                let lost = self.counters.lines_lost();
                log::info!("what is said is kept again; {lost} lines were lost since the start");
            }
            self.waiting.clear();
            return Ok(());
        };
        if self.waiting.error() != Some(&error) {
            log::error!("what is said is not kept: {error}");
        }
        self.retry = start + took + RETRY;
        self.rest = self.retry.min(start + took + took * REST);
        self.counters.failed();
        self.waiting.keep_for_later(error.clone());
        Err(error)
    }

    /// Lets the store do what can wait, for as long as nothing else waits; a little of it if something
    /// always does.
    fn tidy(&mut self, packets: &Receiver<Packet>) {
        let is_due = self.tidied.elapsed() >= TIDY_ANYWAY;
        let is_at_rest = self.untidy.is_some() && Instant::now() < self.tidy;
        if !self.waiting.is_empty() || is_at_rest || !(is_due || packets.is_empty()) {
            return;
        }
        loop {
            match guarded(|| self.store.tidy()) {
                Ok(true) => {}
                Ok(false) => {
                    if self.untidy.take().is_some() {
                        log::info!("the store is tidied again");
                    }
                    break;
                }
                Err(error) => {
                    if self.untidy.as_ref() != Some(&error) {
                        log::error!("the store cannot be tidied: {error}");
                    }
                    self.counters.failed_to_tidy();
                    self.untidy = Some(error);
                    break;
                }
            }
            if !packets.is_empty() {
                break;
            }
        }
        self.tidied = Instant::now();
        self.tidy = self.tidied + TIDY;
    }

    /// Commits what is left, if that can be done.
    fn end(mut self) {
        for last_try in (0..LAST_TRIES).rev() {
            if self.waiting.is_empty() {
                return;
            }
            self.commit_again();
            if last_try > 0 && !self.waiting.is_empty() {
                thread::sleep(BETWEEN_LAST_TRIES);
            }
        }
        let lost = self.waiting.give_up().lines;
        self.counters.lost(lost);
        if lost > 0 {
            log::error!("the last {lost} lines that were said are lost");
        }
    }
}

/// Has the store do something, and tells in one line why it has failed. A panic of its code is a
/// failure as any other: its own state after that is its own affair.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| with_causes(&error)),
        Err(_) => Err("the store panicked".into()),
    }
}
