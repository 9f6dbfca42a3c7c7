//! Full disks, damage, and ends without warning.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::process::{Command, Stdio};

use super::*;
use crate::store::MemoryStore;
use crate::store::samples::{labelled, records, room, said};

#[test]
fn a_full_disk_fails_the_commit_as_a_whole_and_not_for_ever() {
    let directory = Directory::new();
    let (mut store, mut model) = (directory.open(), MemoryStore::default());
    store.load(&all()).unwrap();
    model.load(&all()).unwrap();
    let first = records(&[said(1, "lobby", 1, &["one"])]);
    store.commit(&first).unwrap();
    model.commit(&first).unwrap();
    let pages: i64 =
        store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let most = |store: &SqliteStore, pages: i64| {
        let set = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        store.connection.pragma_update_and_check(None, "max_page_count", pages, set).unwrap();
    };
    most(&store, pages + 4);
    let end = store.state.end;
    let long = "x".repeat(50_000);
    let more = records(&[said(2, "new", 2, &["two"]), said(3, "lobby", 3, &[&long])]);
    for _ in 0..3 {
        let error = store.commit(&more).unwrap_err();
        assert!(matches!(error, StoreError::Full(_)), "{error}");
    }
    assert_eq!(store.state.end, end);
    most(&store, 1 << 20);
    store.commit(&more).unwrap();
    model.commit(&more).unwrap();
    assert_eq!(shown(store.load(&all()).unwrap()), shown(model.load(&all()).unwrap()));
}

#[test]
fn commits_are_synced_though_tidying_is_not() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let synchronous = |store: &SqliteStore| {
        let level = store.connection.pragma_query_value(None, "synchronous", |row| row.get(0));
        level.map(|level: i64| ["off", "normal", "full"][usize::try_from(level).unwrap()])
    };
    assert_eq!(synchronous(&store).unwrap(), "full");
    for number in 1..=3 {
        store.commit(&records(&[said(number, "lobby", number, &["hello"])])).unwrap();
        assert_eq!(synchronous(&store).unwrap(), "full");
        index(&mut store);
        assert_eq!(synchronous(&store).unwrap(), "normal");
    }
    // Nor is an epoch that a store has begun told again, whatever it did before.
    store.load(&all()).unwrap();
    assert_eq!(synchronous(&store).unwrap(), "full");
}

#[test]
fn damage_is_an_error_and_no_panic() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let text = "several words of text ".repeat(20);
    for seq in 1..=100_u64 {
        let lines = said(seq, "lobby", seq * 10, &[text.as_str(); 10]);
        let labelled = labelled(seq + 1000, "tea", seq * 10 + 9, 1, "label");
        store.commit(&records(&[lines, labelled])).unwrap();
    }
    index(&mut store);
    drop(store);
    let good = fs::read(directory.file()).unwrap();
    let (mut refused, mut later) = (0, 0);
    let pages = good.len() / 4096;
    // The header, and then one page after the other.
    for (at, length) in
        (0..100).step_by(4).map(|at| (at, 4)).chain((0..pages).map(|at| (at * 4096, 4096)))
    {
        let mut bad = good.clone();
        for (index, byte) in bad[at..at + length].iter_mut().enumerate() {
            *byte ^= 0x55 ^ u8::try_from(index * 7 % 256).unwrap();
        }
        fs::write(directory.file(), &bad).unwrap();
        let opened = SqliteStore::open(directory.file()).and_then(|mut store| {
            store.load(&all())?;
            Ok(store)
        });
        let Ok(mut store) = opened else {
            refused += 1;
            continue;
        };
        // What is only found later is an error of what finds it.
        let mut searcher = store.searcher().unwrap().unwrap();
        let results = [
            searcher.search(&room("lobby"), "several", 5000).map(drop),
            store.commit(&records(&[said(5000, "lobby", 9000, &["more"])])),
            store.tidy().map(drop),
        ];
        later += usize::from(results.iter().any(Result::is_err));
    }
    assert!(refused > pages / 2, "{refused} refused, {later} later, of {pages} pages");
}

/// Where the child process of the next test is to keep what it says.
const CHILD: &str = "CHAT_STORE_TEST_CHILD";

#[test]
fn what_was_committed_survives_kill_9() {
    if let Some(path) = env::var_os(CHILD) {
        return commit_until_killed(Path::new(&path));
    }
    let directory = Directory::new();
    let mut started = 0;
    for committed in [1, 40, 200] {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("store::sqlite::tests::survival::what_was_committed_survives_kill_9")
            .env(CHILD, directory.file())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap()).lines();
        let numbers = told.filter_map(|line| line.unwrap().strip_prefix("kept ")?.parse().ok());
        let last: u64 = numbers.take(committed).last().expect("the child keeps nothing");
        child.kill().unwrap();
        child.wait().unwrap();
        // The lock has gone with it, and what it had told of is there, and nothing in halves.
        let kept = directory.open().load(&all()).unwrap();
        assert!(kept.last >= last && kept.last.is_multiple_of(3), "{} of {last}", kept.last);
        let lines = kept.rooms[0].lines.iter().flat_map(|lines| lines.iter().map(|it| it.msgid));
        assert!(lines.eq(1..=kept.last));
        started += 2;
        assert_eq!(kept.epoch, started);
    }
}

/// Says so after each commit of three lines, and never ends by itself.
fn commit_until_killed(path: &Path) {
    let mut store = SqliteStore::open(path).unwrap();
    let kept = store.load(&all()).unwrap();
    let (mut last, mut seq) = (kept.last, kept.seq);
    loop {
        let lines = [
            said(seq + 1, "lobby", last + 1, &["one", "two"]),
            said(seq + 2, "lobby", last + 3, &["three"]),
        ];
        store.commit(&records(&lines)).unwrap();
        (last, seq) = (last + 3, seq + 2);
        println!("kept {last}");
        if seq % 5 == 0 {
            index(&mut store);
        }
    }
}

#[test]
fn what_was_committed_survives_a_copy_at_any_time() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    for seq in 1..=50 {
        store.commit(&records(&[said(seq, "lobby", seq, &["hello"])])).unwrap();
        if seq % 7 == 0 {
            index(&mut store);
        }
        // As the disk is when the power fails, if all that was written is on it.
        let copy = Directory::new();
        for name in ["chat.db", "chat.db-wal"] {
            let from = directory.0.join(name);
            fs::copy(from, copy.0.join(name)).unwrap();
        }
        assert_eq!(copy.open().load(&all()).unwrap().last, seq);
        if seq % 10 != 0 {
            continue;
        }
        // If the last write is torn, one commit less is there, and no more than that.
        let path = copy.0.join("chat.db-wal");
        fs::copy(directory.0.join("chat.db-wal"), &path).unwrap();
        fs::copy(directory.file(), copy.file()).unwrap();
        let mut file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut all_of_it = Vec::new();
        file.read_to_end(&mut all_of_it).unwrap();
        file.seek(SeekFrom::End(-100)).unwrap();
        file.write_all(&[0xaa; 100]).unwrap();
        let last = copy.open().load(&all()).unwrap().last;
        assert!(last == seq || last == seq - 1, "{last} of {seq}");
    }
}
