//! What is told of lines as durable, when the store is slow and when it fails.

use crossbeam_channel::{Receiver, bounded};

use super::*;
use crate::config::ServerConfig;
use crate::ids::ConnId;

/// A keeper, and what it gives a store that says nothing by itself.
struct Stage {
    keeper: Keeper,
    packets: Receiver<Packet>,
    _inbox: Receiver<Input>,
    now: Instant,
}

impl Stage {
    fn new() -> Stage {
        let (packets, taken) = bounded(8);
        let (urge, _) = bounded(1);
        let (inbox, inputs) = bounded(8);
        let counters = Arc::new(Counters::new(&ServerConfig::default(), 16));
        let keeper = Keeper::new((packets, urge), None, inbox, counters);
        Stage { keeper, packets: taken, _inbox: inputs, now: Instant::now() }
    }

    /// Something is to be kept, and somebody waits to know that. The answer is its number.
    fn record(&mut self) -> u64 {
        self.keeper.record(Record::SessionOver(1));
        self.keeper.hold();
        if self.keeper.is_holding() {
            let [durable, volatile] = ["durable", "volatile"].map(order);
            self.keeper.keep_back(Effect::Confirm { feed: 0, durable, volatile });
        }
        self.keeper.end_turn(self.now);
        self.keeper.number
    }

    /// The store says what became of all up to here.
    fn store(&mut self, up_to: u64, is_kept: bool) -> Vec<String> {
        let failure = (!is_kept).then(|| "full".to_owned());
        self.let_go(&Stored { up_to, failure, lost: None })
    }

    /// It says nothing for too long.
    fn wait(&mut self) -> Vec<String> {
        self.now += PATIENCE;
        let stored = self.keeper.overdue(self.now, false).expect("a store that is given up");
        self.let_go(&stored)
    }

    fn let_go(&mut self, stored: &Stored) -> Vec<String> {
        let orders = self.keeper.let_go(stored);
        let line = |(_, order)| match order {
            Order::Direct { line, .. } => String::from_utf8(line).unwrap(),
            other => panic!("{other:?}"),
        };
        orders.into_iter().map(line).collect()
    }
}

fn order(line: &str) -> Order {
    Order::Direct { conn: ConnId::new(0, 0, 0), line: line.into() }
}

#[test]
fn what_a_store_has_not_said_that_was_given_up_is_not_durable() {
    let mut stage = Stage::new();
    let (first, second) = (stage.record(), stage.record());
    assert_eq!(stage.packets.len(), 2);
    assert_eq!(stage.wait(), ["volatile", "volatile"]);
    // Nothing waits for this one.
    let third = stage.record();
    assert!(stage.keeper.is_failing());
    // The store is there again, and the others are still in its queue.
    assert!(stage.store(first, true).is_empty());
    assert!(stage.keeper.is_failing(), "of what was given up, one is kept");
    stage.store(second, true);
    assert!(stage.keeper.is_failing(), "one has come while nobody waited");
    let fourth = stage.record();
    stage.store(third, true);
    assert!(!stage.keeper.is_failing());
    assert_eq!(stage.store(fourth, true), ["durable"]);
}

#[test]
fn what_a_store_cannot_keep_is_not_durable_until_it_can() {
    let mut stage = Stage::new();
    let first = stage.record();
    assert_eq!(stage.store(first, false), ["volatile"]);
    assert!(stage.keeper.is_failing());
    assert!(stage.store(first, true).is_empty());
    assert!(!stage.keeper.is_failing());
}

#[test]
fn a_store_that_has_enough_is_given_no_more_until_it_says_something() {
    let mut stage = Stage::new();
    stage.keeper.most = 4 * Record::SessionOver(1).weight();
    let numbers = [stage.record(), stage.record(), stage.record()];
    assert_eq!(stage.packets.len(), 2, "half of it");
    assert_eq!(stage.store(numbers[0], true), ["durable"]);
    stage.keeper.end_turn(stage.now);
    assert_eq!(stage.packets.len(), 3);
    assert_eq!(stage.store(numbers[2], true), ["durable", "durable"]);
    assert!(stage.keeper.handed_over.is_empty() && stage.keeper.handed_over_bytes == 0);
}
