//! What rooms take, and what is left of them.

use super::*;
use crate::hub::tests::Recorder;

#[test]
fn nothing_is_kept_of_many_rooms_that_are_no_more() {
    let keeping = Keeping {
        now: Instant::now(),
        history: crate::config::History::default(),
        resume: crate::config::Resume::default(),
        is_short: false,
        is_storing: false,
        seq: 0,
    };
    let mut rooms = Rooms::new("lobby".parse().unwrap(), Budget::default(), keeping);
    let mut out = Recorder::default();
    let ids: Vec<RoomId> = (0..1000)
        .map(|number| {
            let id = rooms.find_or_make(&format!("room{number}").parse().unwrap());
            rooms.enter(id, ConnId::new(0, number, 1), Manner::Plain, &mut out);
            // As when something is said.
            rooms.change(id, |_| {});
            id
        })
        .collect();
    rooms.publish(&mut out);
    for id in ids {
        rooms.leave(id, Manner::Plain, &mut out);
    }
    assert_eq!(rooms.iter().count(), 1);
    let Rooms { all, free, by_look, dirty, .. } = &rooms;
    let kept = [all.capacity(), free.capacity(), by_look.capacity(), dirty.capacity()];
    assert!(kept.iter().all(|&capacity| capacity <= 128), "{kept:?}");
}
