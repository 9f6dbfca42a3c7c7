//! The thread of the store, with stores that fail, wait and panic.

mod groups;
mod failing;
mod tidying;
mod searching;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, never, unbounded};

use super::*;
use crate::store::samples::{records, said};
use crate::store::{Kept, MemoryStore, Wanted};
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
