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

/// Does a little of what there is to do, and says whether there is more. What fails hinders nothing else: it
/// is told when there is nothing else to do.
pub(super) fn tidy(store: &mut SqliteStore) -> Result<bool, StoreError> {
    let mut failure = None;
    for chore in [checkpoint, index_some, delete_some, drop_parts, give_back] {
        match chore(store) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(false), Err)
}

/// Brings what was written into the file itself, as far as no search is still reading what was there.
fn checkpoint(store: &mut SqliteStore) -> Result<bool, StoreError> {
    if store.chores.grown < CHECKPOINT {
        return Ok(false);
    }
    let sql = "PRAGMA wal_checkpoint(PASSIVE)";
    let made = store.connection.query_row(sql, [], |_| Ok(()));
    made.map_err(failed("cannot make a checkpoint"))?;
    store.chores.grown = 0;
    Ok(true)
}

fn index_some(store: &mut SqliteStore) -> Result<bool, StoreError> {
    let behind = store.state.end.bytes - store.chores.indexed.bytes;
    store.chores.is_indexing = behind > 0 && (store.chores.is_indexing || behind >= WORTH);
    if store.chores.is_indexing {
        relax(store)?;
        index::add_some(store)?;
    }
    Ok(store.chores.is_indexing)
}

fn delete_some(store: &mut SqliteStore) -> Result<bool, StoreError> {
    relax(store)?;
    let has_deleted = retain::delete_some(store).map_err(failed("cannot delete old lines"))?;
    store.chores.may_have_room |= has_deleted;
    Ok(has_deleted)
}

fn drop_parts(store: &mut SqliteStore) -> Result<bool, StoreError> {
    if !store.chores.retention.has_parts_left {
        return Ok(false);
    }
    relax(store)?;
    retain::drop_parts(store).map_err(failed("cannot delete old parts of the index"))?;
    Ok(true)
}

/// Gives some free pages back to the system if they are many.
fn give_back(store: &mut SqliteStore) -> Result<bool, StoreError> {
    if !store.chores.may_have_room {
        return Ok(false);
    }
    relax(store)?;
    let gave = try_give_back(&store.connection).map_err(failed("cannot give room back"))?;
    store.chores.may_have_room = gave;
    store.chores.grown += if gave { GIVEN_BACK << 12 } else { 0 };
    Ok(gave)
}

fn relax(store: &mut SqliteStore) -> Result<(), StoreError> {
    store.chores.relax(&store.connection).map_err(failed("cannot tidy"))
}

/// Gives some free pages back to the system if they are many, and says whether it has.
fn try_give_back(connection: &Connection) -> rusqlite::Result<bool> {
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
