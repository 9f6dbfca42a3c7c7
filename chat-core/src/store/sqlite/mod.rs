//! A store in one file, by SQLite: what is committed outlives the process and the machine.
//!
//! It is a log of what was said, one row for each [`Lines`](super::Lines): the bytes as everybody reads
//! them, and their marks. A row is found by how many lines were kept before it, in all rooms, which no
//! restart takes back: numbers that were given to lines that a crash has taken may be given again.
//! What a row says of sessions and labels is in tables beside it, committed with it.
//!
//! Committing is all that is done while something waits. The index for searches, what retention deletes,
//! and checkpoints are the work of [`Store::tidy`].

mod commit;
mod error;
mod file;
mod index;
mod load;
mod retain;
mod search;
#[cfg(test)]
mod tests;
mod tidy;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{Kept, LABELS, Record, Searcher, Store, StoreError, Wanted};
use crate::wire::RoomName;
use file::{Lock, Opened};
use search::SqliteSearcher;
use tidy::Chores;

/// A store in one file, by SQLite. It needs the feature `sqlite`.
///
/// What is committed outlives `kill -9` and the loss of power: each commit is synced to the disk. The
/// file is created with permissions for its owner alone, since the secrets of sessions are in it. Beside
/// it lie `FILE-wal` and `FILE-shm`, which belong to it, and `FILE-lock`, which keeps other servers away
/// for as long as the store lives, and not longer.
///
/// The oldest lines are deleted when there are more bytes of them than
/// [`bytes`](SqliteStore::bytes) says, or when they are older than [`age`](SqliteStore::age). A room that
/// has no lines left by that is forgotten, unless it has a topic: of those that have nothing else, the
/// 1,000 that have been quiet for the shortest time stay. The space in the file is used for new lines, and
/// given back if there is much of it.
///
/// ```no_run
/// use std::time::Duration;
/// use chat_core::Server;
/// use chat_core::store::SqliteStore;
///
/// let store = SqliteStore::open("chat.db")?.age(Some(Duration::from_hours(30 * 24)));
/// Server::bind("127.0.0.1:12345")?.store(store).run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    // Closed before the lock is given up.
    connection: Connection,
    path: PathBuf,
    age: Option<Duration>,
    bytes: u64,
    /// How long a search may take.
    patience: Duration,
    state: State,
    chores: Chores,
    _lock: Lock,
}

/// A position in the log of all that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Position {
    /// How many lines are before it.
    lines: i64,
    /// How many bytes they take.
    bytes: i64,
}

/// What is known of the file, so that it need not be looked up.
#[derive(Debug, Default)]
struct State {
    /// Where the log ends.
    end: Position,
    /// The rooms that were used of late, by name.
    rooms: HashMap<RoomName, i64>,
    /// How many labels of each session were kept since some were last deleted.
    labels: HashMap<u32, usize>,
    /// How many of them are kept of each session, at least.
    most_labels: usize,
}

impl SqliteStore {
    /// How many bytes of lines are kept by default: 1 GiB.
    pub const DEFAULT_BYTES: u64 = 1 << 30;

    /// Opens the store in this file, or creates it if there is none. Its directory must be there.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] if another store has it open, [`StoreError::Foreign`] if it is another
    /// kind of file, which is left as it is, [`StoreError::Newer`], [`StoreError::Damaged`], and
    /// [`StoreError::Failed`] if the system does not let us.
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let Opened { connection, path, lock } = file::open(path.as_ref())?;
        let state = State { most_labels: LABELS, ..State::default() };
        let chores = Chores::default();
        Ok(SqliteStore {
            connection,
            path,
            age: None,
            bytes: SqliteStore::DEFAULT_BYTES,
            patience: search::PATIENCE,
            state,
            chores,
            _lock: lock,
        })
    }

    /// Deletes lines that are older than this, by the system's clock. They may be there for a little
    /// longer: for another 64th of this time, and for 10 minutes at most. Default: `None`, which deletes
    /// none for its age.
    #[must_use]
    pub fn age(mut self, age: Option<Duration>) -> SqliteStore {
        self.age = age;
        self
    }

    /// Deletes the oldest lines when all of them together take more bytes than this. What is known of a
    /// line, about 30 to 90 bytes, counts as well. Default: [`SqliteStore::DEFAULT_BYTES`]. The file also
    /// has the index for searches, and is up to twice as large in all.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> SqliteStore {
        self.bytes = bytes;
        self
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("age", &self.age)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn load(&mut self, wanted: &Wanted) -> Result<Kept, StoreError> {
        load::load(self, wanted)
    }

    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        commit::commit(self, records)
    }

    fn tidy(&mut self) -> Result<bool, StoreError> {
        tidy::tidy(self)
    }

    fn searcher(&mut self) -> Result<Option<Box<dyn Searcher>>, StoreError> {
        Ok(Some(Box::new(SqliteSearcher::open(&self.path, self.patience)?)))
    }
}
