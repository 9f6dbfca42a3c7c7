//! The store in a file: against the model, and against what happens to files.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};
use std::{env, process};

use proptest::prelude::*;

use super::*;
use crate::store::samples::{START, labelled, records, room, said, said_at};
use crate::store::{Ban, Findings, Lines, MemoryStore, SavedSession, Token};
use crate::wire::{Name, Text};

/// A directory that goes away.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("chat-store-{}-{next}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("chat.db")
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.file()).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn all() -> Wanted {
    Wanted::new(usize::MAX, usize::MAX, None, 3)
}

/// What is kept, in a form that can be compared.
fn shown(kept: Kept) -> String {
    let mut kept = kept;
    kept.rooms.sort_by(|one, other| one.name.cmp(&other.name));
    kept.sessions.sort_by_key(|session| session.id);
    kept.bans.sort_by_key(|ban| ban.ip);
    let rooms: Vec<_> = kept
        .rooms
        .iter()
        .map(|room| {
            let lines: Vec<_> = room
                .lines
                .iter()
                .map(|lines| {
                    (
                        lines.seq(),
                        lines.marks_as_bytes(),
                        String::from_utf8_lossy(lines.bytes()).into_owned(),
                    )
                })
                .collect();
            (room.name.clone(), room.topic.clone(), lines)
        })
        .collect();
    let tokens: Vec<_> = kept
        .sessions
        .iter()
        .map(|session| {
            (
                *session.token.as_bytes(),
                session.former.map(|(former, since)| (*former.as_bytes(), since)),
            )
        })
        .collect();
    format!(
        "{} {:?} {} {} {rooms:#?} {:?} {:?} {tokens:?} {:?}",
        kept.epoch, kept.epochs, kept.last, kept.seq, kept.bans, kept.sessions, kept.labels
    )
}

fn tidy(store: &mut SqliteStore) {
    while store.tidy().unwrap() {}
}

/// Indexes all that is there, however little it is.
fn index(store: &mut SqliteStore) {
    store.chores.index_all();
    tidy(store);
    assert_eq!(store.chores.indexed, store.state.end);
}

fn found(findings: &Findings) -> Vec<u64> {
    assert!(!findings.is_cut_short);
    findings.lines.iter().map(|found| found.msgid).collect()
}

/// What a server may have the store do.
#[derive(Debug, Clone)]
enum Step {
    /// In one of some rooms: some of the words, in so many lines.
    Say {
        room: usize,
        words: Vec<usize>,
        lines: usize,
    },
    Label {
        room: usize,
        session: u32,
        label: u32,
    },
    Topic {
        room: usize,
        word: usize,
    },
    Ban(u8),
    Unban(u8),
    Session {
        id: u32,
        token: u8,
        name: usize,
    },
    SessionOver(u32),
    Commit,
    Tidy,
    Index,
    Search {
        room: usize,
        words: Vec<usize>,
        most: usize,
    },
    Restart,
    Crash,
}

const ROOMS: [&str; 3] = ["lobby", "tea", "milk"];
const WORDS: [&str; 8] = ["tea", "TÉA", "milk", "\"OR\"", "NEAR(", "茶", "a-b", "ada"];

fn words() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..WORDS.len(), 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_usize, words(), 1..70_usize)
            .prop_map(|(room, words, lines)| Step::Say { room, words, lines }),
        2 => (0..3_usize, 1..4_u32, 0..5_u32)
            .prop_map(|(room, session, label)| Step::Label { room, session, label }),
        1 => (0..3_usize, 0..WORDS.len()).prop_map(|(room, word)| Step::Topic { room, word }),
        1 => any::<u8>().prop_map(|ip| Step::Ban(ip % 4)),
        1 => any::<u8>().prop_map(|ip| Step::Unban(ip % 4)),
        2 => (1..4_u32, any::<u8>(), 0..3_usize)
            .prop_map(|(id, token, name)| Step::Session { id, token, name }),
        1 => (1..4_u32).prop_map(Step::SessionOver),
        5 => Just(Step::Commit),
        1 => Just(Step::Tidy),
        2 => Just(Step::Index),
        4 => (0..3_usize, words(), 1..50_usize)
            .prop_map(|(room, words, most)| Step::Search { room, words, most }),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

/// A store and its model, and what a server knows.
struct Play {
    directory: Directory,
    store: Option<SqliteStore>,
    searcher: Option<Box<dyn Searcher>>,
    model: MemoryStore,
    pending: Vec<Record>,
    next: u64,
    seq: u64,
}

impl Play {
    fn new() -> Play {
        let directory = Directory::new();
        let mut play = Play {
            directory,
            store: None,
            searcher: None,
            model: MemoryStore::default(),
            pending: Vec::new(),
            next: 1,
            seq: 0,
        };
        play.start();
        play
    }

    fn start(&mut self) {
        self.searcher = None;
        self.store = None;
        let mut store = self.directory.open();
        let kept = store.load(&all()).unwrap();
        // Numbers go on after the last that was kept: those that were not are given again.
        (self.next, self.seq) = (kept.last + 1, kept.seq);
        assert_eq!(shown(kept), shown(self.model.clone().load(&all()).unwrap()));
        self.searcher = store.searcher().unwrap();
        self.store = Some(store);
    }

    fn commit(&mut self) {
        let records = std::mem::take(&mut self.pending);
        self.store.as_mut().unwrap().commit(&records).unwrap();
        self.model.commit(&records).unwrap();
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Say { room, words, lines } => {
                let text = |at: usize| {
                    let words = words.iter().filter(|word| at % (*word + 1) != 1);
                    words.map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ") + "!"
                };
                let texts: Vec<String> = (0..lines).map(text).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                self.seq += 1;
                self.pending.push(Record::Lines(said(self.seq, ROOMS[room], self.next, &texts)));
                self.next += lines as u64;
            }
            Step::Label { room, session, label } => {
                self.seq += 1;
                let label = format!("l{label}");
                let lines = labelled(self.seq, ROOMS[room], self.next, session, &label);
                self.pending.push(Record::Lines(lines));
                self.next += 1;
            }
            Step::Topic { room: at, word } => {
                let topic = Text::shown(WORDS[word]);
                self.pending.push(Record::Topic { room: room(ROOMS[at]), topic });
            }
            Step::Ban(ip) => {
                let until = SystemTime::now() + Duration::from_secs(3600 + u64::from(ip));
                let until = crate::store::lines::time(crate::store::lines::millis(until));
                self.pending.push(Record::Ban(Ban::new(IpAddr::from([10, 0, 0, ip]), until)));
            }
            Step::Unban(ip) => self.pending.push(Record::Unban(IpAddr::from([10, 0, 0, ip]))),
            Step::Session { id, token, name } => {
                let mut session = SavedSession::new(id, Token::from_bytes([token; 16]), self.next);
                session.former = (token % 2 == 0).then(|| (Token::from_bytes([token + 1; 16]), 7));
                session.name = ["Ada", "Zoë"].get(name).map(|name| Name::new(name).unwrap());
                session.rooms = ROOMS[..name].iter().map(|name| room(name)).collect();
                self.pending.push(Record::Session(session));
            }
            Step::SessionOver(id) => self.pending.push(Record::SessionOver(id)),
            Step::Commit => self.commit(),
            Step::Tidy => tidy(self.store.as_mut().unwrap()),
            Step::Index => index(self.store.as_mut().unwrap()),
            Step::Search { room: at, words, most } => {
                let typed = words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ");
                let [found, expected] = [
                    self.searcher.as_mut().unwrap(),
                    &mut (Box::new(self.model.clone()) as Box<dyn Searcher>),
                ]
                .map(|searcher| searcher.search(&room(ROOMS[at]), &typed, most).unwrap());
                assert_eq!(found, expected, "{typed}");
            }
            Step::Restart => {
                self.commit();
                self.start();
            }
            Step::Crash => {
                self.pending.clear();
                self.start();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn it_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let mut play = Play::new();
        for step in steps {
            play.play(step);
        }
        play.play(Step::Restart);
    }
}

#[test]
fn no_more_is_told_than_is_wanted() {
    let directory = Directory::new();
    let (mut store, mut model) = (directory.open(), MemoryStore::default());
    let lines: Vec<Lines> = (1..=20).map(|n| said(n, "lobby", n * 5, &["one", "two"])).collect();
    store.commit(&records(&lines)).unwrap();
    model.commit(&records(&lines)).unwrap();
    let size = lines[0].bytes().len();
    let now = SystemTime::UNIX_EPOCH + START + Duration::from_secs(100);
    let wanted = [
        (Wanted::new(5, usize::MAX, None, 9), 3),
        (Wanted::new(6, usize::MAX, None, 9), 3),
        (Wanted::new(0, usize::MAX, None, 9), 0),
        (Wanted::new(100, 4 * size + 1, None, 9), 4),
        (Wanted::new(100, 0, None, 9), 0),
        (Wanted { now, ..Wanted::new(100, usize::MAX, Some(Duration::from_secs(10)), 9) }, 3),
    ];
    for (wanted, count) in wanted {
        let kept = store.load(&wanted).unwrap();
        assert_eq!(kept.rooms[0].lines.len(), count, "{wanted:?}");
        assert_eq!((kept.last, kept.seq), (101, 20));
        assert_eq!(shown(kept), shown(model.load(&wanted).unwrap()));
    }
}

#[test]
fn what_is_too_much_is_deleted_and_its_room_is_used_again() {
    let directory = Directory::new();
    let limit = 400_000;
    let mut store = directory.open().bytes(limit);
    store.load(&all()).unwrap();
    let mut searcher = store.searcher().unwrap().unwrap();
    let text = "word ".repeat(200);
    let texts = [text.as_str(); 5];
    let mut sizes = Vec::new();
    for seq in 1..=800_u64 {
        let name = if seq == 1 { "gone" } else { "lobby" };
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
    assert_eq!(kept.rooms.len(), 1, "a room without lines is forgotten");
    let lines = &kept.rooms[0].lines;
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
fn a_second_store_on_the_same_file_is_refused_until_the_first_is_gone() {
    let directory = Directory::new();
    let store = directory.open();
    assert!(matches!(SqliteStore::open(directory.file()), Err(StoreError::InUse)));
    drop(store);
    directory.open();
}

#[test]
fn another_file_is_refused_and_left_as_it_is() {
    let directory = Directory::new();
    let text = b"Dear diary, this is no database, and long enough to have a header of 100 bytes. "
        .repeat(9);
    fs::write(directory.0.join("diary"), &text).unwrap();
    let other = Connection::open(directory.0.join("other")).unwrap();
    other.execute_batch("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)").unwrap();
    drop(other);
    for name in ["diary", "other"] {
        let path = directory.0.join(name);
        let before = fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Foreign), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    let files = fs::read_dir(&directory.0).unwrap().count();
    assert_eq!(files, 2, "nothing is put beside it");
}

#[test]
fn a_store_of_a_later_version_is_refused() {
    let directory = Directory::new();
    drop(directory.open());
    let connection = Connection::open(directory.file()).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let error = SqliteStore::open(directory.file()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 7, known: 1 }), "{error}");
}

#[test]
fn a_directory_that_is_not_there_is_named_as_the_reason() {
    let directory = Directory::new();
    let error = SqliteStore::open(directory.0.join("none").join("chat.db")).unwrap_err();
    assert_eq!(error.to_string(), "cannot find the directory for it");
    let error = SqliteStore::open(&directory.0).unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
}

#[test]
fn an_empty_file_and_what_a_deleted_store_has_left_are_no_hindrance() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    store.commit(&records(&[said(1, "lobby", 1, &["hello"])])).unwrap();
    // As after `kill -9`: what was said is in the file beside it.
    let wal = fs::read(directory.0.join("chat.db-wal")).unwrap();
    assert!(!wal.is_empty());
    drop(store);
    fs::write(directory.0.join("chat.db-wal"), wal).unwrap();
    fs::write(directory.file(), "").unwrap();
    let kept = directory.open().load(&all()).unwrap();
    assert_eq!((kept.epoch, kept.last), (1, 0));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let files = fs::read_dir(&directory.0).unwrap().map(Result::unwrap);
    let modes: Vec<_> =
        files.map(|file| (file.path(), file.metadata().unwrap().permissions())).collect();
    assert!(modes.len() >= 3, "{modes:?}");
    for (path, permissions) in modes {
        assert_eq!(permissions.mode() & 0o777, 0o600, "{path:?}");
    }
}

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
    let long = "x".repeat(50_000);
    let more = records(&[said(2, "new", 2, &["two"]), said(3, "lobby", 3, &[&long])]);
    for _ in 0..3 {
        let error = store.commit(&more).unwrap_err();
        assert!(matches!(error, StoreError::Full(_)), "{error}");
    }
    most(&store, 1 << 20);
    store.commit(&more).unwrap();
    model.commit(&more).unwrap();
    assert_eq!(shown(store.load(&all()).unwrap()), shown(model.load(&all()).unwrap()));
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
            .arg("store::sqlite::tests::what_was_committed_survives_kill_9")
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
        assert!(kept.last >= last && kept.last % 3 == 0, "{} of {last}", kept.last);
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
