//! The index for searches.
//!
//! It has no line alone in it, but up to [`CHUNK`] consecutive ones of a row, by the place of the first
//! of them in the log. It tells where to look, and the lines themselves tell what is found; so it is
//! small, and what it has too much of does no harm. Its words are `ROOM·WORD`, with the number of the
//! room: to search a room is to look at nothing else, however much is said in others.
//!
//! It is cut into parts, each for a stretch of the log: when all lines of a part are deleted, the part is
//! dropped as a whole. To take single entries out costs a hundred times as much.

use std::fmt::Write as _;

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::error::failed;
use super::load::read_lines;
use super::{Position, SqliteStore};
use crate::store::words::{are_searched, each_word};
use crate::store::{Lines, StoreError};
use crate::wire::RoomName;

/// How many lines are one entry of the index.
pub(super) const CHUNK: usize = 32;
/// How many bytes of a word the index has at most.
const WORD: usize = 32;
/// About how many bytes of lines are indexed before it is looked whether something waits.
const SLICE: i64 = 48 << 10;
/// About how many parts a full store has.
const PARTS: u64 = 64;
/// How many bytes of lines a part is for at least, and at most.
const SMALLEST: u64 = 256 << 10;
const LARGEST: u64 = 256 << 20;

/// The table of a part.
pub(super) fn table(part: i64) -> String {
    format!("words_{part}")
}

/// Indexes the next rows of the log.
pub(super) fn add_some(store: &mut SqliteStore) -> Result<(), StoreError> {
    let action = "cannot index what was said";
    let indexed = store.chores.indexed;
    let size = (store.bytes / PARTS).clamp(SMALLEST, LARGEST).cast_signed();
    let behavior = TransactionBehavior::Immediate;
    let begun = store.connection.transaction_with_behavior(behavior);
    let transaction = begun.map_err(failed(action))?;
    let part = part_at(&transaction, indexed, size).map_err(failed(action))?;
    let next = add_rows(&transaction, part, indexed, store.state.end)?;
    let sql = "UPDATE log SET indexed_ord = ?1, indexed_start = ?2";
    let positions = params![next.lines, next.bytes];
    let updated = transaction.prepare_cached(sql).and_then(|mut sql| sql.execute(positions));
    updated.map_err(failed(action))?;
    transaction.commit().map_err(failed(action))?;
    store.chores.indexed = next;
    store.chores.grown += next.bytes - indexed.bytes;
    Ok(())
}

/// The part for rows from this position on: the last one, or a new one if that has its size.
fn part_at(transaction: &Transaction<'_>, at: Position, size: i64) -> rusqlite::Result<i64> {
    let sql = "SELECT number, start FROM parts ORDER BY number DESC LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let last: Option<(i64, i64)> =
        transaction.prepare_cached(sql)?.query_row([], read).optional()?;
    if let Some((number, _)) = last.filter(|(_, start)| at.bytes - start < size) {
        return Ok(number);
    }
    let number = last.map_or(1, |(number, _)| number + 1);
    // `ascii` takes words as they are given.
    transaction.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {} USING
             fts5 (terms, content = '', columnsize = 0, detail = none, tokenize = 'ascii')",
        table(number)
    ))?;
    let sql = "INSERT INTO parts (number, ord, start) VALUES (?1, ?2, ?3)";
    transaction.execute(sql, params![number, at.lines, at.bytes])?;
    Ok(number)
}

/// Adds a few rows from this position on to a part, and says up to which.
fn add_rows(
    transaction: &Transaction<'_>,
    part: i64,
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
        let Ok(lines) = read_lines(row, 3, 4, &RoomName::lobby()) else {
            // All that comes after it is to be found still.
            log::error!("some lines of the store are damaged, and will not be found by searches");
            continue;
        };
        entry.add(transaction, part, ord, room, &lines).map_err(failed(action))?;
    }
    Ok(end)
}

/// An entry of the index while it is made.
#[derive(Debug, Default)]
struct Entry {
    terms: String,
    word: String,
}

impl Entry {
    /// Adds what is in a row to the index.
    fn add(
        &mut self,
        transaction: &Transaction<'_>,
        part: i64,
        ord: i64,
        room: i64,
        lines: &Lines,
    ) -> rusqlite::Result<()> {
        let sql = format!("INSERT INTO {} (rowid, terms) VALUES (?1, ?2)", table(part));
        let mut insert = transaction.prepare_cached(&sql)?;
        let mut left = lines.count();
        for (at, (_, mark, line)) in lines.with_marks().enumerate() {
            if are_searched(mark) {
                let terms = &mut self.terms;
                each_word(line, &mut self.word, |word| push_term(terms, room, word));
            }
            left -= 1;
            let is_end = left == 0 || at % CHUNK == CHUNK - 1;
            if is_end && !self.terms.is_empty() {
                let first = i64::try_from(at - at % CHUNK).unwrap_or(i64::MAX);
                insert.execute(params![ord.saturating_add(first), self.terms])?;
                self.terms.clear();
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

/// Drops the first part if all that it is for was deleted, and says whether it has.
pub(super) fn drop_part(transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
    let sql = "SELECT number FROM parts
               WHERE (SELECT min(ord) FROM parts AS later WHERE later.number > parts.number)
                   <= (SELECT ord FROM log)
               ORDER BY number LIMIT 1";
    let part = transaction.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    let Some(part): Option<i64> = part else { return Ok(false) };
    transaction.execute_batch(&format!("DROP TABLE IF EXISTS {}", table(part)))?;
    transaction.execute("DELETE FROM parts WHERE number = ?1", [part])?;
    Ok(true)
}
