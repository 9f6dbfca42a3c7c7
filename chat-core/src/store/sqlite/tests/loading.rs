//! What is told at the start: by a store in a file, and by one in memory.

use std::time::SystemTime;

use super::*;
use crate::store::samples::{START, records, room, said};
use crate::store::{Amount, Lines, MemoryStore, SavedRoom, SavedSession, Token};
use crate::wire::Text;

/// A store in a file and its model, with the same in both.
struct Both {
    file: SqliteStore,
    model: MemoryStore,
    _directory: Directory,
}

impl Both {
    fn with(records: &[Record]) -> Both {
        let directory = Directory::new();
        let (mut file, mut model) = (directory.open(), MemoryStore::default());
        file.commit(records).unwrap();
        model.commit(records).unwrap();
        Both { file, model, _directory: directory }
    }

    /// What both of them tell.
    fn load(&mut self, wanted: &Wanted) -> Kept {
        let kept = self.file.load(wanted).unwrap();
        assert_eq!(shown(kept.clone()), shown(self.model.load(wanted).unwrap()));
        kept
    }
}

/// The rooms that are told, in order, each with the number of its lines.
fn rooms(kept: &Kept) -> Vec<(&str, usize)> {
    let count = |room: &crate::store::KeptRoom| room.lines.iter().map(Lines::count).sum();
    kept.rooms.iter().map(|room| (&*room.name, count(room))).collect()
}

fn topic(name: &str) -> Record {
    Record::Topic { room: room(name), topic: Text::shown("a topic") }
}

/// Somebody who may come back to this room.
fn session(id: u32, name: &str) -> Record {
    let mut session = SavedSession::new(id, Token::from_bytes([7; 16]), 0);
    session.rooms.push(SavedRoom::new(room(name), 0));
    Record::Session(session)
}

#[test]
fn no_more_is_told_than_is_wanted() {
    let lines: Vec<Lines> = (1..=20).map(|n| said(n, "lobby", n * 5, &["one", "two"])).collect();
    let mut records = records(&lines);
    records.push(session(1, "lobby"));
    let mut both = Both::with(&records);
    let size = lines[0].bytes().len();
    let now = SystemTime::UNIX_EPOCH + START + Duration::from_secs(100);
    let wanted = [
        (Wanted::new(5, usize::MAX, None, 9), 3),
        (Wanted::new(6, usize::MAX, None, 9), 3),
        (Wanted::new(0, usize::MAX, None, 9), 0),
        (Wanted::new(100, 4 * size + 1, None, 9), 4),
        (Wanted::new(100, 0, None, 9), 0),
        (Wanted { bytes: 2 * size, ..Wanted::new(100, usize::MAX, None, 9) }, 2),
        (Wanted { now, ..Wanted::new(100, usize::MAX, Some(Duration::from_secs(10)), 9) }, 3),
    ];
    for (wanted, count) in wanted {
        let kept = both.load(&wanted);
        assert_eq!(kept.rooms[0].lines.len(), count, "{wanted:?}");
        assert_eq!((kept.last, kept.seq), (101, 20));
    }
}

#[test]
fn what_is_left_out_is_known_as_far_as_somebody_may_have_missed_it() {
    let lines: Vec<Lines> = (1..=20).map(|n| said(n, "tea", n * 5, &["one", "two"])).collect();
    let saved = |id, since, came| {
        let mut session = SavedSession::new(id, Token::from_bytes([7; 16]), since);
        session.rooms.push(SavedRoom::new(room("tea"), came));
        Record::Session(session)
    };
    for (sessions, left_out, expected) in [
        (vec![], 100, vec![]),
        // One has all up to the tenth, and the other has come after the twelfth. Of several it is only
        // looked at how far all of them have read, and since when all of them are there.
        (vec![saved(1, 51, 0)], 100, (11..=17).collect()),
        (vec![saved(2, 0, 12)], 100, (13..=17).collect()),
        (vec![saved(1, 51, 2), saved(2, 0, 12)], 100, (3..=17).collect()),
        (vec![saved(1, 0, 0)], 100, (1..=17).collect::<Vec<u64>>()),
        // That there is one more is known, and no more than that.
        (vec![saved(1, 0, 0)], 5, (12..=17).collect()),
        (vec![saved(1, 0, 0)], 0, vec![17]),
    ] {
        let mut records = records(&lines);
        records.extend(sessions);
        let wanted = Wanted { left_out, ..Wanted::new(6, usize::MAX, None, 9) };
        let kept = Both::with(&records).load(&wanted);
        let told: Vec<u64> = kept.rooms[0].left_out.iter().map(|part| part.seq).collect();
        assert_eq!(told, expected, "{left_out}");
        let first = kept.rooms[0].left_out.first().map(|part| (part.first, part.lines));
        let whole = expected.len() > 6 || left_out == 100;
        let own = |seq: u64| if whole { (seq * 5, 2) } else { (seq * 5 + 1, 1) };
        assert_eq!(first, expected.first().map(|&seq| own(seq)), "{left_out}");
    }
}

#[test]
fn of_rooms_to_which_nobody_comes_back_little_is_told() {
    let said = |seq, name| said(seq, name, seq, &["hello"]);
    let mut all = records(&[said(1, "tea"), said(2, "milk"), said(3, "sugar")]);
    all.extend([session(1, "tea"), topic("sugar")]);
    let mut both = Both::with(&all);
    // As a server wants it by default: much for those who come back, and no history.
    let mut wanted = Wanted::new(10_000, 1 << 20, None, 64);
    wanted.for_others = Amount::new(0, 256 << 10, None);
    wanted.others = 1000;
    assert_eq!(rooms(&both.load(&wanted)), [("tea", 1), ("sugar", 0)]);
    // Nor is anything read of what is not told.
    let damage = "UPDATE lines SET bytes = x'ff' WHERE ord > 0";
    both.file.connection.execute_batch(damage).unwrap();
    assert_eq!(rooms(&both.load(&wanted)), [("tea", 1), ("sugar", 0)]);
}

#[test]
fn of_many_rooms_the_last_ones_are_told() {
    let mut all: Vec<Record> = Vec::new();
    for (seq, name) in (1..).zip(["a1", "a2", "a3", "a4", "a5", "a6", "a3", "a1"]) {
        all.extend(records(&[said(seq, name, seq, &["hello"])]));
    }
    all.push(session(1, "a2"));
    let mut both = Both::with(&all);
    let mut wanted = Wanted::new(10, 1 << 20, None, 64);
    wanted.others = 3;
    let told = both.load(&wanted);
    assert_eq!(rooms(&told), [("a2", 1), ("a6", 1), ("a3", 2), ("a1", 2)]);
    // When there is too much for all, those have theirs to whom somebody comes back.
    wanted.bytes = 3 * "ADA: hello\n".len();
    assert_eq!(rooms(&both.load(&wanted)), [("a2", 1), ("a1", 2)]);
    wanted.others = 0;
    assert_eq!(rooms(&both.load(&wanted)), [("a2", 1)]);
}

#[test]
fn the_numbers_of_sessions_that_are_over_are_known() {
    let over = [session(1, "tea"), session(7, "tea"), Record::SessionOver(7)];
    let mut both = Both::with(&over);
    let kept = both.load(&all());
    assert_eq!((kept.sessions.len(), kept.last_session), (1, 7));
}

#[test]
fn a_room_whose_name_is_none_any_more_hinders_nobody() {
    let lines = [said(1, "tea", 1, &["hello"]), said(2, "milk", 2, &["hello"])];
    let mut both = Both::with(&records(&lines));
    let rename = "UPDATE rooms SET name = 'no name' WHERE name = 'tea'";
    both.file.connection.execute_batch(rename).unwrap();
    let kept = both.file.load(&all()).unwrap();
    assert_eq!(rooms(&kept), [("milk", 1)]);
    assert_eq!(kept.last, 2);
}

#[test]
fn rooms_that_look_alike_are_one_room() {
    let spellings = ["Tea", "tea", "TEA", "milk"];
    let lines = (1..).zip(spellings).map(|(seq, name)| said(seq, name, seq, &["the kettle is on"]));
    let mut all = records(&lines.collect::<Vec<Lines>>());
    all.insert(2, topic("teA"));
    let mut both = Both::with(&all);
    let kept = both.load(&self::all());
    assert_eq!(rooms(&kept), [("Tea", 3), ("milk", 1)]);
    assert!(kept.rooms[0].topic.is_some());
    let searchers = [both.file.searcher(), both.model.searcher()];
    for mut searcher in searchers.map(|searcher| searcher.unwrap().unwrap()) {
        let findings = searcher.search(&room("tEa"), "kettle", 9).unwrap();
        assert_eq!(found(&findings), [3, 2, 1]);
    }
    // Whoever may come back to it has it, however it is spelt there.
    let back = [session(1, "TEa")];
    both.file.commit(&back).unwrap();
    both.model.commit(&back).unwrap();
    let mut wanted = self::all();
    wanted.others = 0;
    assert_eq!(rooms(&both.load(&wanted)), [("Tea", 3)]);
}

#[test]
fn a_room_that_is_forgotten_may_be_spelt_in_another_way_later() {
    let mut both = Both::with(&records(&[said(1, "Tea", 1, &["hello"])]));
    both.file.bytes = 0;
    tidy(&mut both.file);
    both.file.bytes = SqliteStore::DEFAULT_BYTES;
    both.file.commit(&records(&[said(2, "tea", 2, &["hello"])])).unwrap();
    assert_eq!(rooms(&both.file.load(&all()).unwrap()), [("tea", 1)]);
}
