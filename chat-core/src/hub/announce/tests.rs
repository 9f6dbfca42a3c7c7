//! What is told at once, what at the end of a moment, and that it adds up.

use proptest::prelude::*;

use super::*;

const ROOM: RoomId = RoomId::LOBBY;

fn conn(slot: usize) -> ConnId {
    ConnId::new(0, slot, 1)
}

fn join(announcer: &mut Announcer, slot: usize) -> bool {
    announcer.step(ROOM, Step::Join, conn(slot), &slot.to_string())
}

fn leave(announcer: &mut Announcer, slot: usize) -> bool {
    announcer.step(ROOM, Step::Leave, conn(slot), &slot.to_string())
}

/// Of whom it is told at the end of the moment that they have come, and that they have gone.
fn untold(moment: &Moment) -> [Vec<&str>; 2] {
    [&moment.joins, &moment.leaves].map(|happened| {
        let mut names: Vec<&str> = happened.untold.values().map(String::as_str).collect();
        names.sort_unstable();
        names
    })
}

#[test]
fn the_first_few_are_told_at_once_and_the_others_at_the_end() {
    let start = Instant::now();
    let mut announcer = Announcer::new(true, start);
    assert_eq!(
        [1, 2, 3, 4, 5].map(|slot| join(&mut announcer, slot)),
        [true, true, true, false, false]
    );
    assert_eq!([1, 2, 3, 6].map(|slot| leave(&mut announcer, slot)), [true, true, true, false]);
    assert_eq!(announcer.next(), Some(start + MOMENT));
    assert!(announcer.pop(start + MOMENT / 2).is_none());
    let (room, moment) = announcer.pop(start + MOMENT).unwrap();
    assert_eq!((room, untold(&moment)), (ROOM, [vec!["4", "5"], vec!["6"]]));
    assert_eq!((announcer.next(), announcer.moments.len()), (None, 0));
    assert!(join(&mut announcer, 7), "it is another moment");
}

#[test]
fn who_was_not_told_of_and_goes_again_was_never_there() {
    let start = Instant::now();
    let mut announcer = Announcer::new(true, start);
    for slot in 1..=5 {
        join(&mut announcer, slot);
    }
    assert!(!leave(&mut announcer, 4));
    // And the other way round: who is here again before it was told that it had gone.
    for slot in 1..=3 {
        leave(&mut announcer, slot);
    }
    assert!(!leave(&mut announcer, 9) && !join(&mut announcer, 9));
    let (_, moment) = announcer.pop(start + MOMENT).unwrap();
    assert_eq!(untold(&moment), [vec!["5"], vec![]]);
}

#[test]
fn a_new_name_is_told_only_of_those_who_are_known() {
    let start = Instant::now();
    let mut announcer = Announcer::new(true, start);
    for slot in 1..=4 {
        join(&mut announcer, slot);
    }
    assert!(announcer.rename(ROOM, conn(1), "Ada"));
    assert!(!announcer.rename(ROOM, conn(4), "Grace"));
    assert!(announcer.rename(RoomId::new(7), conn(4), "Grace"), "another room");
    let (_, moment) = announcer.pop(start + MOMENT).unwrap();
    assert_eq!(untold(&moment), [vec!["Grace"], vec![]]);
}

#[test]
fn what_is_forgotten_or_not_wanted_is_not_told() {
    let start = Instant::now();
    let mut announcer = Announcer::new(true, start);
    for slot in 1..=9 {
        join(&mut announcer, slot);
    }
    announcer.forget(ROOM);
    assert_eq!((announcer.next(), announcer.pop(start + MOMENT).is_none()), (None, true));
    let mut silent = Announcer::new(false, start);
    assert!(!join(&mut silent, 1) && !silent.rename(ROOM, conn(1), "Ada"));
}

#[test]
fn nothing_is_kept_of_many_rooms_that_are_no_more() {
    let mut announcer = Announcer::new(true, Instant::now());
    let rooms = (1..=1000).map(RoomId::new);
    for room in rooms.clone() {
        assert!(announcer.step(room, Step::Join, conn(1), "Ada"));
    }
    rooms.for_each(|room| announcer.forget(room));
    let kept = announcer.moments.capacity();
    assert!(kept <= 128, "{kept}");
}

proptest! {
    /// Each act is somebody who comes or goes, and then time goes by; from time to time somebody
    /// looks whether there is something to tell.
    #[test]
    fn what_is_told_adds_up_to_who_is_here(
        acts in prop::collection::vec((0_usize..12, 0_u64..700, any::<bool>()), 0..200),
    ) {
        let mut now = Instant::now();
        let mut announcer = Announcer::new(true, now);
        let (mut here, mut known) = ([false; 12], [0_i32; 12]);
        let [mut joins, mut told_joins, mut cancelled] = [0; 3];
        let mut lines = Vec::new();
        let tell = |announcer: &mut Announcer, now, known: &mut [i32; 12]| {
            let (mut joined, mut lines) = (0, Vec::new());
            while let Some((_, moment)) = announcer.pop(now) {
                for (happened, sign) in [(&moment.joins, 1), (&moment.leaves, -1)] {
                    for conn in happened.untold.keys() {
                        known[conn.slot()] += sign;
                    }
                    if !happened.untold.is_empty() {
                        lines.push((now, sign));
                    }
                }
                joined += moment.joins.untold.len();
            }
            (joined, lines)
        };
        for (slot, millis, looks) in acts {
            let step = if here[slot] { Step::Leave } else { Step::Join };
            here[slot] = !here[slot];
            let sign = if here[slot] { 1 } else { -1 };
            let was_untold = announcer.moments.get(&ROOM).is_some_and(|moment| {
                moment.joins.untold.contains_key(&conn(slot)) && step == Step::Leave
            });
            let is_told = announcer.step(ROOM, step, conn(slot), "x");
            known[slot] += if is_told { sign } else { 0 };
            if is_told {
                lines.push((now, sign));
            }
            joins += usize::from(step == Step::Join);
            told_joins += usize::from(is_told && step == Step::Join);
            // A coming that takes back an untold going is not told either.
            cancelled += usize::from(was_untold);
            let in_moment = announcer.moments[&ROOM].joins.untold.contains_key(&conn(slot));
            cancelled += usize::from(step == Step::Join && !is_told && !in_moment);
            now += Duration::from_millis(millis);
            announcer.set_time(now);
            if looks {
                let (joined, more) = tell(&mut announcer, now, &mut known);
                told_joins += joined;
                lines.extend(more);
            }
        }
        let (joined, more) = tell(&mut announcer, now + MOMENT, &mut known);
        told_joins += joined;
        lines.extend(more);
        prop_assert_eq!(announcer.next(), None);
        prop_assert_eq!(told_joins + cancelled, joins);
        prop_assert_eq!(known.map(|count| count == 1), here);
        prop_assert!(known.iter().all(|count| [0, 1].contains(count)), "{:?}", known);
        // However many come and go, there are never many lines in a moment of either kind.
        for &(at, kind) in &lines {
            let near = |&&(other, its): &&(Instant, i32)| {
                its == kind && other >= at && other < at + MOMENT
            };
            prop_assert!(lines.iter().filter(near).count() <= 2 * (FEW + 1));
        }
    }
}
