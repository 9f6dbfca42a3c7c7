//! What cannot be committed is tried again, and told and counted.

use super::*;
use crate::store::{Lines, SavedSession, Token};

#[test]
fn a_failure_is_told_at_once_and_made_good_with_what_comes() {
    let store = MemoryStore::default();
    store.set_full(true);
    let mut stage = Stage::new(store.clone());
    stage.say(1);
    let error = stage.told_up_to(1).unwrap_err();
    assert!(error.contains("no room left"), "{error}");
    assert!(stage.counters.is_failing.load(Ordering::Relaxed));
    assert!(stage.count(|counters| &counters.waiting) > 0);
    stage.say(2);
    stage.told_up_to(2).unwrap_err();
    assert_eq!(store.last(), 0);
    store.set_full(false);
    stage.say(3);
    // It may still be at rest from the last failure, or have tried again by itself just now.
    while stage.next() != (Done { up_to: 3, result: Ok(()), lost: Lost::default() }) {}
    stage.end();
    assert_eq!(kept_lines(&store), [1, 2, 3]);
    assert!(!stage.counters.is_failing.load(Ordering::Relaxed));
    assert_eq!(stage.count(|counters| &counters.lines_lost), 0);
}

#[test]
fn what_failed_is_tried_again_though_nothing_comes() {
    let store = MemoryStore::default();
    store.set_full(true);
    let stage = Stage::new(store.clone());
    stage.say(1);
    stage.told_up_to(1).unwrap_err();
    store.set_full(false);
    assert_eq!(stage.next(), Done { up_to: 1, result: Ok(()), lost: Lost::default() });
    assert_eq!(store.last(), 1);
}

#[test]
fn what_cannot_wait_is_counted_and_the_rest_is_kept() {
    let store = MemoryStore::default();
    store.set_full(true);
    let mut stage = Stage::new(store.clone());
    let session = Record::Session(SavedSession::new(7, Token::from_bytes([0; 16]), 0));
    stage.send(1, vec![session]);
    stage.told_up_to(1).unwrap_err();
    let long = "x".repeat(1 << 20);
    for number in 2..=41 {
        stage.send(number, records(&[said(number, "lobby", number, &[&long, "and more"])]));
    }
    stage.told_up_to(41).unwrap_err();
    let lost = stage.count(|counters| &counters.lines_lost);
    assert!(stage.count(|counters| &counters.waiting) <= 16 << 20);
    store.set_full(false);
    stage.end();
    let kept = kept(&store);
    let lines: usize = kept.rooms[0].lines.iter().map(Lines::count).sum();
    assert!((20..=32).contains(&lines), "{lines}");
    assert_eq!(lines as u64 + lost, 80);
    assert_eq!(kept.rooms[0].lines.last().unwrap().seq(), 41, "the oldest are given up");
    assert_eq!(kept.sessions.len(), 1, "what is no line is kept before all lines");
}

#[test]
fn at_the_end_it_tries_a_few_times_and_counts_what_is_lost() {
    let store = MemoryStore::default();
    store.set_full(true);
    let mut stage = Stage::new(store.clone());
    stage.say(1);
    stage.say(2);
    stage.told_up_to(2).unwrap_err();
    stage.end();
    assert_eq!(stage.count(|counters| &counters.lines_lost), 2);
}

#[test]
fn a_panic_of_the_store_is_a_failure_of_the_store() {
    let inner = MemoryStore::default();
    let stage = Stage::new(Clumsy { panics: 2, inner: inner.clone(), ..Clumsy::default() });
    stage.say(1);
    assert_eq!(stage.told_up_to(1).unwrap_err(), "the store panicked");
    while stage.next().result.is_err() {}
    assert_eq!(inner.last(), 1);
    assert_eq!(stage.count(|counters| &counters.failures), 2);
}
