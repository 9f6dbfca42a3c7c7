//! What rooms take, and what is left of them.

use super::*;
use crate::hub::tests::Recorder;
use crate::store::samples::said;

/// The lobby, where so many lines of history are kept, or all goes to a store as well.
fn rooms(lines: usize, is_storing: bool) -> Rooms {
    let keeping = Keeping {
        now: Instant::now(),
        history: crate::config::History { lines, ..crate::config::History::default() },
        resume: crate::config::Resume::default(),
        is_short: false,
        is_storing,
        seq: 0,
    };
    Rooms::new("lobby".parse().unwrap(), Budget::default(), keeping)
}

#[test]
fn what_was_kept_in_several_spellings_is_one_room() {
    let kept = |name: &str, topic: Option<&str>, seqs: &[u64]| {
        let mut kept = KeptRoom::new(name.parse().unwrap());
        kept.topic = topic.map(Text::shown);
        kept.lines = seqs.iter().map(|&seq| said(seq, name, seq, &["hello"])).collect();
        kept
    };
    let mut rooms = rooms(100, true);
    let kept = vec![kept("Tea", Some("the weather"), &[1, 4]), kept("tea", None, &[2, 3])];
    rooms.restore(kept, &mut Recorder::default());
    let tea = rooms.get(rooms.find(&"TEA".parse().unwrap()).unwrap()).unwrap();
    assert_eq!(tea.topic.as_deref(), Some("the weather"));
    assert_eq!([1, 2, 3, 4].map(|msgid| tea.seq_of(msgid)), [1, 2, 3, 4].map(Some));
}

#[test]
fn nothing_is_kept_of_many_rooms_that_are_no_more() {
    let mut rooms = rooms(0, false);
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
