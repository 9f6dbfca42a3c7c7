//! What can wait is done when nothing else is to be done, and a little of it though something is.

use super::*;

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
