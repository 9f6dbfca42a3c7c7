//! The store in a file: against the model, and against what happens to files.

mod files;
mod loading;
mod model;
mod retention;
mod searching;
mod survival;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use super::*;
use crate::store::SearchResults;

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

    /// A store whose searches look at everything, however slow the machine is.
    fn open(&self) -> SqliteStore {
        let mut store = SqliteStore::open(self.file()).unwrap();
        store.patience = Duration::from_mins(1);
        store
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
            (room.name.clone(), room.topic.clone(), lines, room.left_out.clone())
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
        "{} {:?} {} {} {} {rooms:#?} {:?} {:?} {tokens:?} {:?}",
        kept.epoch,
        kept.epochs,
        kept.last,
        kept.seq,
        kept.last_session,
        kept.bans,
        kept.sessions,
        kept.labels
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

fn found(findings: &SearchResults) -> Vec<u64> {
    assert!(!findings.is_cut_short);
    findings.lines.iter().map(|found| found.msgid).collect()
}
