//! What can wait: the index, retention, checkpoints, and giving room back.
//!
//! It need not be durable, and is not synced: what is lost of it is done again.

use rusqlite::Connection;

use super::error::failed;
use super::{Position, SqliteStore, index, retain};
use crate::store::StoreError;

/// How many bytes of lines are worth to be indexed: to look at fewer takes a search a millisecond.
const WORTH: i64 = 256 << 10;
/// After how many written bytes a checkpoint is made.
const CHECKPOINT: i64 = 2 << 20;
/// How many free pages are left in the file for what comes, and how many are given back at a time.
const SPARE: i64 = 1024;
const GIVEN_BACK: i64 = 256;

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Chores {
    /// How far the log is indexed.
    pub(super) indexed: Position,
    /// Whether indexing has begun and goes on to the end of the log.
    is_indexing: bool,
    /// What has been written since the last checkpoint, about.
    pub(super) grown: i64,
    /// Whether transactions are not synced at the moment.
    is_relaxed: bool,
    /// Whether there may be free pages.
    pub(super) may_have_room: bool,
    pub(super) retention: retain::Retention,
}

impl Chores {
    /// What is known after a start.
    pub(super) fn begin(&mut self, indexed: Position) {
        *self = Chores {
            indexed,
            may_have_room: true,
            is_relaxed: self.is_relaxed,
            ..Chores::default()
        };
    }

    /// The log has grown by so many bytes.
    pub(super) fn has_grown(&mut self, bytes: i64) {
        self.grown += bytes;
        self.retention.has_grown();
    }

    /// Has all of the log indexed, however little is not.
    #[cfg(test)]
    pub(super) fn index_all(&mut self) {
        self.is_indexing = true;
    }

    /// What is written from now on is synced to the disk.
    pub(super) fn be_durable(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_relaxed {
            connection.pragma_update(None, "synchronous", "full")?;
            self.is_relaxed = false;
        }
        Ok(())
    }

    /// What is written from now on is synced with what comes later.
    pub(super) fn relax(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if !self.is_relaxed {
            self.is_relaxed = true;
            connection.pragma_update(None, "synchronous", "normal")?;
        }
        Ok(())
    }
}

/// Does a little of what there is to do, and says whether there is more.
pub(super) fn tidy(store: &mut SqliteStore) -> Result<bool, StoreError> {
    if store.chores.grown >= CHECKPOINT {
        checkpoint(&store.connection).map_err(failed("cannot make a checkpoint"))?;
        store.chores.grown = 0;
        return Ok(true);
    }
    store.chores.relax(&store.connection).map_err(failed("cannot tidy"))?;
    let behind = store.state.end.bytes - store.chores.indexed.bytes;
    if behind > 0 && (store.chores.is_indexing || behind >= WORTH) {
        store.chores.is_indexing = true;
        index::add_some(store)?;
        return Ok(true);
    }
    store.chores.is_indexing = false;
    if retain::delete_some(store).map_err(failed("cannot delete old lines"))? {
        store.chores.may_have_room = true;
        return Ok(true);
    }
    if store.chores.may_have_room {
        let gave = give_back(&store.connection).map_err(failed("cannot give room back"))?;
        store.chores.may_have_room = gave;
        store.chores.grown += if gave { GIVEN_BACK << 12 } else { 0 };
        return Ok(gave);
    }
    Ok(false)
}

/// Brings what was written into the file itself, as far as no search is still reading what was there.
fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Gives some free pages back to the system if they are many, and says whether it has.
fn give_back(connection: &Connection) -> rusqlite::Result<bool> {
    let count = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (free, all) = (count("freelist_count")?, count("page_count")?);
    if free < SPARE || free < all / 4 {
        return Ok(false);
    }
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({GIVEN_BACK})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}
