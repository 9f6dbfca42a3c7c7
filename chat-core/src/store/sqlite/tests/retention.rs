//! What is deleted, and what becomes of its room.

use std::time::SystemTime;

use super::*;
use crate::store::Lines;
use crate::store::samples::{records, room, said, said_at};
use crate::wire::Text;

#[test]
fn what_is_too_much_is_deleted_and_its_room_is_used_again() {
    let directory = Directory::new();
    let limit = 400_000;
    let mut store = directory.open().bytes(limit);
    store.load(&all()).unwrap();
    let (quiet, topic) = (room("quiet"), Text::shown("a topic"));
    store.commit(&[Record::Topic { room: quiet, topic }]).unwrap();
    let mut searcher = store.searcher().unwrap().unwrap();
    let text = "word ".repeat(200);
    let texts = [text.as_str(); 5];
    let mut sizes = Vec::new();
    for seq in 1..=800_u64 {
        let name = ["gone", "quiet", "lobby"][usize::try_from(seq.min(3)).unwrap() - 1];
        store.commit(&records(&[said(seq, name, seq * 5, &texts)])).unwrap();
        if seq % 10 == 0 {
            index(&mut store);
        }
        if seq % 200 == 0 {
            sizes.push(fs::metadata(directory.file()).unwrap().len());
        }
    }
    assert!(sizes[3] <= sizes[1] * 3 / 2 && sizes[3] < 2_000_000, "the file grows: {sizes:?}");
    let kept = store.load(&all()).unwrap();
    let names: Vec<&str> = kept.rooms.iter().map(|room| &*room.name).collect();
    assert_eq!(names, ["quiet", "lobby"], "a room with neither lines nor a topic is forgotten");
    assert!(kept.rooms[0].topic.is_some() && kept.rooms[0].lines.is_empty());
    let lines = &kept.rooms[1].lines;
    let bytes: usize = lines.iter().map(|lines| lines.bytes().len()).sum();
    assert!((300_000..=400_000).contains(&bytes), "{bytes}");
    assert_eq!((lines.last().unwrap().seq(), kept.last, kept.seq), (800, 4004, 800));
    let all_found = searcher.search(&room("lobby"), "word", 10_000).unwrap();
    assert_eq!(found(&all_found).len(), lines.iter().map(Lines::count).sum::<usize>());
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'words_*' AND sql GLOB '*fts5*'";
    let tables: i64 = store.connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert!((2..=3).contains(&tables), "{tables} parts of the index");
}

#[test]
fn what_is_too_old_is_deleted_and_numbers_go_on() {
    let directory = Directory::new();
    let hour = Duration::from_hours(1);
    let now = SystemTime::now();
    let lines = [
        said_at(1, "lobby", 1, now - 3 * hour, &["old"]),
        said_at(2, "lobby", 2, now - 2 * hour, &["old as well"]),
        said_at(3, "lobby", 3, now, &["new"]),
    ];
    let mut store = directory.open().age(Some(hour));
    store.load(&all()).unwrap();
    store.commit(&records(&lines)).unwrap();
    tidy(&mut store);
    let kept = store.load(&all()).unwrap();
    assert_eq!(kept.rooms[0].lines.iter().map(Lines::seq).collect::<Vec<_>>(), [3]);
    drop(store);
    // All of it is too old by now.
    let mut store = directory.open().age(Some(Duration::ZERO));
    store.load(&all()).unwrap();
    tidy(&mut store);
    let kept = store.load(&all()).unwrap();
    assert!(kept.rooms.is_empty(), "{kept:?}");
    assert_eq!((kept.last, kept.seq, kept.epoch), (3, 3, 4));
    store.commit(&records(&[said(4, "lobby", 4, &["newer"])])).unwrap();
    assert_eq!(store.load(&all()).unwrap().last, 4);
}

#[test]
fn room_that_is_free_is_given_back() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let text = "x".repeat(1000);
    let texts = [text.as_str(); 1000];
    let lines: Vec<Lines> = (1..=20).map(|n| said(n, "lobby", n * 1000, &texts)).collect();
    store.commit(&records(&lines)).unwrap();
    tidy(&mut store);
    drop(store);
    let before = fs::metadata(directory.file()).unwrap().len();
    let mut store = directory.open().bytes(1 << 20);
    store.load(&all()).unwrap();
    tidy(&mut store);
    drop(store);
    let after = fs::metadata(directory.file()).unwrap().len();
    assert!(before > 20_000_000 && after < 8_000_000, "{before} {after}");
}

#[test]
fn an_index_that_fails_keeps_no_line_from_being_deleted() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let lines: Vec<Lines> = (1..=600).map(|seq| said(seq, "lobby", seq, &["hello"])).collect();
    store.commit(&records(&lines)).unwrap();
    index(&mut store);
    store.connection.execute_batch("DROP TABLE words_1").unwrap();
    store.commit(&records(&[said(601, "lobby", 601, &["hello"])])).unwrap();
    // There is room for the last of them, which cannot be indexed.
    store.bytes = 150;
    store.chores.index_all();
    let error = loop {
        match store.tidy() {
            Ok(true) => {}
            Ok(false) => panic!("nobody is told that it fails"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("index"), "{error}");
    let count = |row: &rusqlite::Row<'_>| row.get(0);
    let left = store.connection.query_row("SELECT count(*) FROM lines", [], count);
    assert_eq!(left, Ok(1_i64));
}

#[test]
fn of_rooms_that_have_a_topic_alone_the_last_ones_stay() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let talk = |numbers: std::ops::RangeInclusive<u64>| {
        numbers.flat_map(|seq| {
            let name = format!("r{}", seq % 2000);
            let topic = Record::Topic { room: room(&name), topic: Text::shown("a topic") };
            [Record::Lines(said(seq, &name, seq, &["hello"])), topic]
        })
    };
    store.commit(&talk(1..=1500).collect::<Vec<_>>()).unwrap();
    store.bytes = 0;
    tidy(&mut store);
    let topics = |store: &mut SqliteStore| {
        let kept = store.load(&all()).unwrap();
        kept.rooms
            .iter()
            .map(|room| room.name.to_string())
            .collect::<std::collections::HashSet<_>>()
    };
    let left = topics(&mut store);
    assert_eq!(left.len(), 1000);
    assert!(!left.contains("r500") && left.contains("r501") && left.contains("r1500"));
    // In one of them something is said again, so that it is not the next one to go.
    store.commit(&talk(2501..=2501).collect::<Vec<_>>()).unwrap();
    tidy(&mut store);
    store.commit(&talk(3600..=3601).collect::<Vec<_>>()).unwrap();
    tidy(&mut store);
    let left = topics(&mut store);
    assert_eq!(left.len(), 1000);
    assert!(left.contains("r501") && !left.contains("r502") && left.contains("r1601"));
}
