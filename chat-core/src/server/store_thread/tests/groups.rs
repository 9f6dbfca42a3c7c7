//! What is committed together, and when.

use super::*;

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
