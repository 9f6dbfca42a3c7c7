//! The thread of the store, with stores that fail, wait and panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, never, unbounded};

use super::*;
use crate::store::samples::{records, room, said};
use crate::store::{Kept, Lines, MemoryStore, SavedSession, SearchResults, Token, Wanted};
use crate::threads::Thread;

/// How long something may take that should take no time.
const PATIENCE: Duration = Duration::from_secs(20);

/// The thread, and what it tells.
struct Stage {
    packets: Option<Sender<Packet>>,
    told: Receiver<Done>,
    counters: Arc<StoreCounters>,
    thread: Option<Thread<()>>,
}

impl Stage {
    fn new(store: impl Store) -> Stage {
        let (packets, taken) = bounded(1000);
        let (tell, told) = unbounded();
        let counters = Arc::new(StoreCounters::default());
        let counts = Arc::clone(&counters);
        let intake = Intake { packets: taken, urged: never() };
        let work = move || run(Box::new(store), &intake, |done| tell.send(done).unwrap(), &counts);
        let thread = Some(Thread::spawn("chat-store".into(), work).unwrap());
        Stage { packets: Some(packets), told, counters, thread }
    }

    /// Sends one line with this number.
    fn say(&self, number: u64) {
        self.send(number, records(&[said(number, "lobby", number, &["hello"])]));
    }

    fn send(&self, up_to: u64, records: Vec<Record>) {
        self.packets.as_ref().unwrap().send(Packet { up_to, records, is_urgent: true }).unwrap();
    }

    fn next(&self) -> Done {
        self.told.recv_timeout(PATIENCE).expect("the store's thread tells nothing")
    }

    /// Waits until all up to this number is told of, and gives how that went.
    fn told_up_to(&self, number: u64) -> Result<(), String> {
        let mut last = 0;
        loop {
            let done = self.next();
            assert!(done.up_to > last && done.up_to <= number, "{done:?} after {last}");
            last = done.up_to;
            if last == number {
                return done.result;
            }
        }
    }

    fn count(&self, counter: impl Fn(&StoreCounters) -> &std::sync::atomic::AtomicU64) -> u64 {
        counter(&self.counters).load(Ordering::Relaxed)
    }

    fn end(&mut self) {
        drop(self.packets.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn kept(store: &MemoryStore) -> Kept {
    store.clone().load(&Wanted::new(usize::MAX, usize::MAX, None, 64)).unwrap()
}

fn kept_lines(store: &MemoryStore) -> Vec<u64> {
    let rooms = kept(store).rooms;
    rooms
        .iter()
        .flat_map(|room| &room.lines)
        .flat_map(|lines| lines.iter().map(|l| l.msgid))
        .collect()
}

#[test]
fn what_waits_is_committed_as_one_group() {
    let store = MemoryStore::default();
    store.hold();
    let mut stage = Stage::new(store.clone());
    stage.say(1);
    assert!(store.wait_for_commit(PATIENCE));
    for number in 2..=100 {
        stage.say(number);
    }
    assert!(stage.told.is_empty(), "it was told before it was durable");
    store.release();
    assert_eq!(stage.next(), Done { up_to: 1, result: Ok(()), lost: Lost::default() });
    assert_eq!(stage.next(), Done { up_to: 100, result: Ok(()), lost: Lost::default() });
    stage.end();
    assert_eq!(kept_lines(&store), (1..=100).collect::<Vec<_>>());
    assert_eq!(stage.count(|counters| &counters.commits), 2);
    assert_eq!(stage.count(|counters| &counters.lines), 100);
    assert_eq!(stage.count(|counters| &counters.bytes), 100 * "ADA: hello\n".len() as u64);
    assert_eq!(stage.count(|counters| &counters.waiting), 0);
}

#[test]
fn what_is_not_urgent_waits_for_what_comes() {
    let store = MemoryStore::default();
    let (packets, taken) = bounded(1000);
    let (urge, urged) = bounded(1);
    let (tell, told) = unbounded();
    let intake = Intake { packets: taken, urged };
    let work = move || {
        let counters = StoreCounters::default();
        run(Box::new(store), &intake, |done| tell.send(done).unwrap(), &counters);
    };
    let thread = thread::spawn(work);
    let say = |number, is_urgent| {
        let records = records(&[said(number, "lobby", number, &["hello"])]);
        packets.send(Packet { up_to: number, records, is_urgent }).unwrap();
    };
    for number in 1..=10 {
        say(number, false);
    }
    say(11, true);
    urge.send(()).unwrap();
    // However long that takes, they are fewer groups than packets.
    let mut groups = 0;
    while told.recv_timeout(PATIENCE).unwrap().up_to < 11 {
        groups += 1;
    }
    assert!(groups < 5, "{groups} groups");
    // Nothing is forgotten though nothing urgent comes.
    say(12, false);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().up_to, 12);
    drop((packets, urge));
    thread.join().unwrap();
}

#[test]
fn a_group_has_a_bound() {
    let store = MemoryStore::default();
    store.hold();
    let stage = Stage::new(store.clone());
    stage.say(1);
    assert!(store.wait_for_commit(PATIENCE));
    let long = "x".repeat(1 << 20);
    for number in 2..=11 {
        stage.send(number, records(&[said(number, "lobby", number, &[&long])]));
    }
    store.release();
    let told: Vec<u64> = (0..4).map(|_| stage.next().up_to).collect();
    assert_eq!(told, [1, 5, 9, 11]);
}

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

/// A store that panics in its first commits and tidies often.
#[derive(Default)]
struct Clumsy {
    panics: usize,
    tidied: Arc<AtomicUsize>,
    inner: MemoryStore,
}

impl Store for Clumsy {
    fn load(&mut self, wanted: &Wanted) -> Result<Kept, StoreError> {
        self.inner.load(wanted)
    }

    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        if self.panics > 0 {
            self.panics -= 1;
            panic!("as the test wants it");
        }
        self.inner.commit(records)
    }

    fn tidy(&mut self) -> Result<bool, StoreError> {
        let before = self.tidied.fetch_add(1, Ordering::SeqCst);
        assert!(before % 10 != 9, "as the test wants it");
        Ok(before % 10 < 5)
    }
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

fn wait_for(count: &AtomicUsize, least: usize) {
    let until = Instant::now() + PATIENCE;
    while count.load(Ordering::SeqCst) < least {
        assert!(Instant::now() < until, "it does not tidy");
        thread::yield_now();
    }
}

#[test]
fn it_tidies_after_a_commit_for_as_long_as_there_is_something_to_do() {
    let tidied = Arc::new(AtomicUsize::new(0));
    let mut stage = Stage::new(Clumsy { tidied: Arc::clone(&tidied), ..Clumsy::default() });
    stage.say(1);
    stage.told_up_to(1).unwrap();
    // The sixth answer is that there is no more to do. What is committed ends a rest, and the tenth
    // try panics.
    wait_for(&tidied, 6);
    for number in 2..=5 {
        stage.say(number);
        stage.told_up_to(number).unwrap();
        wait_for(&tidied, 5 + usize::try_from(number).unwrap());
    }
    // After that it is left alone for longer than this takes, whatever is committed.
    for number in 6..=20 {
        stage.say(number);
        stage.told_up_to(number).unwrap();
    }
    stage.end();
    assert_eq!(tidied.load(Ordering::SeqCst), 10);
    assert_eq!(stage.count(|counters| &counters.failures), 1);
}

/// A store that is given the next packet before the last one is committed.
struct Busy {
    /// `None` when it is to end.
    packets: Option<Sender<Packet>>,
    next: u64,
    tidied: Arc<AtomicUsize>,
}

impl Store for Busy {
    fn load(&mut self, _: &Wanted) -> Result<Kept, StoreError> {
        Ok(Kept::default())
    }

    fn commit(&mut self, _: &[Record]) -> Result<(), StoreError> {
        if self.tidied.load(Ordering::SeqCst) >= 3 {
            self.packets = None;
        }
        let Some(packets) = &self.packets else { return Ok(()) };
        self.next += 1;
        let records = records(&[said(self.next, "lobby", self.next, &["hello"])]);
        packets.send(Packet { up_to: self.next, records, is_urgent: true }).unwrap();
        Ok(())
    }

    fn tidy(&mut self) -> Result<bool, StoreError> {
        Ok(self.tidied.fetch_add(1, Ordering::SeqCst) < 2)
    }
}

#[test]
fn it_tidies_a_little_though_something_always_waits() {
    let (packets, taken) = unbounded();
    let tidied = Arc::new(AtomicUsize::new(0));
    let store = Busy { packets: Some(packets.clone()), next: 1, tidied: Arc::clone(&tidied) };
    let records = records(&[said(1, "lobby", 1, &["hello"])]);
    packets.send(Packet { up_to: 1, records, is_urgent: true }).unwrap();
    drop(packets);
    let intake = Intake { packets: taken, urged: never() };
    let work = move || run(Box::new(store), &intake, drop, &StoreCounters::default());
    let thread = thread::spawn(work);
    wait_for(&tidied, 3);
    thread.join().unwrap();
}

#[test]
fn searches_are_answered_and_their_failures_told() {
    struct Failing(MemoryStore);
    impl crate::store::Searcher for Failing {
        fn search(
            &mut self,
            room: &crate::wire::RoomName,
            words: &str,
            most: usize,
        ) -> Result<SearchResults, StoreError> {
            match words {
                "panic" => panic!("as the test wants it"),
                "fail" => Err(StoreError::Damaged("a page".into())),
                words => self.0.search(room, words, most),
            }
        }
    }

    let mut store = MemoryStore::default();
    store.commit(&records(&[said(1, "lobby", 1, &["tea", "more tea", "milk"])])).unwrap();
    let (ask, asked) = unbounded();
    let (tell, told) = unbounded();
    for words in ["tea", "panic", "fail", "milk"] {
        let tell = tell.clone();
        let give = Box::new(move |found| tell.send(found).unwrap());
        ask.send(Search { room: room("lobby"), words: words.into(), most: 5, give }).unwrap();
    }
    drop(ask);
    run_searches(Box::new(Failing(store)), &asked);
    let told: Vec<Result<Vec<u64>, String>> = told
        .try_iter()
        .map(|found: Result<SearchResults, String>| {
            found.map(|found| found.lines.iter().map(|found| found.msgid).collect())
        })
        .collect();
    let expected = [
        Ok(vec![2, 1]),
        Err("the store panicked".to_owned()),
        Err("it is damaged: a page".to_owned()),
        Ok(vec![3]),
    ];
    assert_eq!(told, expected);
}
