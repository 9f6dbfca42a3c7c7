//! What can wait: the index, retention, checkpoints, and giving room back.
//!
//! The index has no line alone in it, but up to [`CHUNK`] consecutive ones of a row, by the place of the
//! first of them in the log. It tells where to look, and the lines themselves tell what is found; so it
//! is small, and what it has too much of does no harm. Its words are `ROOM·WORD`, with the number of the
//! room: to search a room is to look at nothing else, however much is said in others.
//!
//! What is done here need not be durable, and is not synced: what is lost of it is done again.

use std::fmt::Write as _;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::error::failed;
use super::load::read_lines;
use super::{Position, SqliteStore, retain};
use crate::store::words::{are_searched, each_word};
use crate::store::{Lines, StoreError};
use crate::wire::RoomName;

/// How many lines are one entry of the index.
pub(super) const CHUNK: usize = 32;
/// How many bytes of a word the index has at most.
const WORD: usize = 32;
/// How many bytes of lines are worth to be indexed: to look at fewer takes a search a millisecond.
const WORTH: i64 = 256 << 10;
/// About how many bytes of lines are indexed before it is looked whether something waits.
const SLICE: i64 = 24 << 10;
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
    grown: i64,
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
    fn relax(&mut self, connection: &Connection) -> rusqlite::Result<()> {
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
        index(store)?;
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

/// Indexes the next rows of the log.
fn index(store: &mut SqliteStore) -> Result<(), StoreError> {
    let action = "cannot index what was said";
    let indexed = store.chores.indexed;
    let behavior = TransactionBehavior::Immediate;
    let begun = store.connection.transaction_with_behavior(behavior);
    let transaction = begun.map_err(failed(action))?;
    let next = index_rows(&transaction, indexed, store.state.end)?;
    let sql = "UPDATE log SET indexed_ord = ?1, indexed_start = ?2";
    let positions = params![next.lines, next.bytes];
    let updated = transaction.prepare_cached(sql).and_then(|mut sql| sql.execute(positions));
    updated.map_err(failed(action))?;
    transaction.commit().map_err(failed(action))?;
    store.chores.indexed = next;
    store.chores.grown += next.bytes - indexed.bytes;
    Ok(())
}

/// Indexes a few rows from this position on, and says up to which.
fn index_rows(
    transaction: &Transaction<'_>,
    from: Position,
    end: Position,
) -> Result<Position, StoreError> {
    let action = "cannot index what was said";
    let sql = "SELECT ord, start, room, seq, marks, bytes FROM lines WHERE ord >= ?1 ORDER BY ord";
    let mut statement = transaction.prepare_cached(sql).map_err(failed(action))?;
    let mut rows = statement.query([from.lines]).map_err(failed(action))?;
    let mut entry = Entry::default();
    while let Some(row) = rows.next().map_err(failed(action))? {
        let place = |at| row.get::<_, i64>(at).map_err(failed(action));
        let (ord, start, room) = (place(0)?, place(1)?, place(2)?);
        if start - from.bytes >= SLICE {
            return Ok(Position { lines: ord, bytes: start });
        }
        // Which room it is says its number alone.
        let lines = read_lines(row, 3, 4, &RoomName::lobby())?;
        entry.add(transaction, ord, room, &lines).map_err(failed(action))?;
    }
    Ok(end)
}

/// An entry of the index while it is made.
#[derive(Debug, Default)]
struct Entry {
    words: String,
    word: String,
}

impl Entry {
    /// Adds what is in a row to the index.
    fn add(
        &mut self,
        transaction: &Transaction<'_>,
        ord: i64,
        room: i64,
        lines: &Lines,
    ) -> rusqlite::Result<()> {
        let mut insert =
            transaction.prepare_cached("INSERT INTO words (rowid, terms) VALUES (?1, ?2)")?;
        let mut next = ord;
        let mut left = lines.count();
        for (at, (_, mark, line)) in lines.with_marks().enumerate() {
            if are_searched(mark) {
                let words = &mut self.words;
                each_word(line, &mut self.word, |word| push_term(words, room, word));
            }
            left -= 1;
            if (at + 1) % CHUNK == 0 || left == 0 {
                if !self.words.is_empty() {
                    insert.execute(params![next, self.words])?;
                    self.words.clear();
                }
                next = ord + i64::try_from(at + 1).unwrap_or(i64::MAX);
            }
        }
        Ok(())
    }
}

/// Adds a word as the index has it, and a space.
pub(super) fn push_term(terms: &mut String, room: i64, word: &str) {
    let word = &word[..word.floor_char_boundary(WORD)];
    // Writing to a string does not fail.
    let _: std::fmt::Result = write!(terms, "{room}·{word} ");
}
