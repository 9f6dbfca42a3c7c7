//! Finds lines by their words, on a connection of its own that only reads: beside the writing, and on
//! what was committed when the search began.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, Row, params};

use super::commit::find_room;
use super::error::failed;
use super::file;
use super::index::{CHUNK, push_term, table};
use super::load::read_lines;
use crate::deadline::after;
use crate::store::mark::time;
use crate::store::words::{Words, are_searched, too_many_words};
use crate::store::{Lines, SearchHit, SearchResults, Searcher, StoreError};
use crate::wire::{RoomName, Text};

/// How long a search looks before it gives up: whoever searches next waits for it. A row that is looked at
/// by then is looked at to its end, which takes some milliseconds at most.
pub(super) const PATIENCE: Duration = Duration::from_millis(40);
/// After how many steps of SQLite's it is looked whether the time is over.
const STEPS: i32 = 1000;
/// Why it cannot.
const ACTION: &str = "cannot search";

/// Searches a store's file.
#[derive(Debug)]
pub(super) struct SqliteSearcher {
    connection: Connection,
    patience: Duration,
}

impl SqliteSearcher {
    /// A searcher that gives up after this time.
    pub(super) fn open(path: &Path, patience: Duration) -> Result<SqliteSearcher, StoreError> {
        let connection = file::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.pragma_update(None, "cache_size", -8 * 1024).map_err(failed(ACTION))?;
        Ok(SqliteSearcher { connection, patience })
    }
}

impl Searcher for SqliteSearcher {
    fn search(
        &mut self,
        room: &RoomName,
        words: &str,
        most: usize,
    ) -> Result<SearchResults, StoreError> {
        let words = Words::of(words).ok_or_else(too_many_words)?;
        if words.is_empty() || most == 0 {
            return Ok(SearchResults::default());
        }
        let until = after(Instant::now(), self.patience);
        // To find the lines that have several words may take long within the index alone.
        let is_over = move || Instant::now() >= until;
        self.connection.progress_handler(STEPS, Some(is_over)).map_err(failed(ACTION))?;
        // All that follows sees the file as it is now.
        let transaction = self.connection.transaction().map_err(failed(ACTION))?;
        let id = find_room(&transaction, room).map_err(failed(ACTION))?;
        let Some(id) = id else { return Ok(SearchResults::default()) };
        let look = Look {
            connection: &transaction,
            room,
            id,
            words: &words,
            most,
            until,
            buffer: String::new(),
            found: Vec::new(),
        };
        look.look()
    }
}

/// One search.
struct Look<'a> {
    connection: &'a Connection,
    room: &'a RoomName,
    id: i64,
    words: &'a Words,
    most: usize,
    /// When it gives up.
    until: Instant,
    buffer: String,
    found: Vec<SearchHit>,
}

impl Look<'_> {
    fn look(mut self) -> Result<SearchResults, StoreError> {
        let is_done = match self.look_everywhere() {
            Err(error) if is_interrupted(&error) => false,
            is_done => is_done?,
        };
        Ok(SearchResults { lines: self.found, is_cut_short: !is_done })
    }

    fn look_everywhere(&mut self) -> Result<bool, StoreError> {
        Ok(self.in_what_is_new()? && self.in_the_index()?)
    }

    /// Looks at what is not indexed yet, line by line; false if that takes too long.
    fn in_what_is_new(&mut self) -> Result<bool, StoreError> {
        let sql = "SELECT seq, marks, bytes FROM lines
                   WHERE room = ?1 AND ord >= (SELECT indexed_ord FROM log) ORDER BY ord DESC";
        let mut statement = prepare(self.connection, sql)?;
        let mut rows = statement.query([self.id]).map_err(failed(ACTION))?;
        while let Some(row) = rows.next().map_err(failed(ACTION))? {
            if self.is_over() {
                return Ok(false);
            }
            let lines = self.read(row, 0)?;
            lines.search(self.words, &mut self.buffer, self.most, &mut self.found);
            if self.has_enough() {
                break;
            }
        }
        Ok(true)
    }

    /// Looks at the lines that the index names, part by part; false if that takes too long.
    fn in_the_index(&mut self) -> Result<bool, StoreError> {
        let sql = "SELECT number FROM parts ORDER BY number DESC";
        let mut statement = prepare(self.connection, sql)?;
        let parts = statement.query_map([], |row| row.get(0)).map_err(failed(ACTION))?;
        for part in parts {
            if self.is_over() || !self.in_part(part.map_err(failed(ACTION))?)? {
                return Ok(false);
            }
            if self.has_enough() {
                break;
            }
        }
        Ok(true)
    }

    fn in_part(&mut self, part: i64) -> Result<bool, StoreError> {
        let table = table(part);
        let sql = format!("SELECT rowid FROM {table} WHERE {table} MATCH ?1 ORDER BY rowid DESC");
        let mut statement = prepare(self.connection, &sql)?;
        let mut rows = statement.query([self.terms()]).map_err(failed(ACTION))?;
        // Those of one row come one after another.
        let mut entries: Vec<i64> = Vec::new();
        let mut lines: Option<(i64, Lines)> = None;
        while !self.has_enough() {
            let next = rows.next().map_err(failed(ACTION))?;
            let next = next.map(|row| row.get(0)).transpose().map_err(failed(ACTION))?;
            let is_in_row = |ord: i64| next.is_some_and(|entry: i64| entry >= ord);
            if let Some((ord, row)) = lines.take_if(|(ord, _)| !is_in_row(*ord)) {
                self.in_entries(ord, &row, &entries);
                entries.clear();
            }
            let Some(entry) = next else { return Ok(true) };
            entries.push(entry);
            if !self.has_enough() && lines.is_none() {
                // What was deleted may still be in the index, and all before it was deleted as well.
                if self.is_over() {
                    return Ok(false);
                }
                let Some((ord, row)) = self.row_of(entry)? else { return Ok(true) };
                lines = Some((ord, row));
            }
        }
        Ok(true)
    }

    /// Looks at some of the lines of a row: those in the entries of the index that begin there.
    fn in_entries(&mut self, ord: i64, row: &Lines, entries: &[i64]) {
        let is_in_entries = |at: usize| {
            let entry = ord.checked_add_unsigned((at - at % CHUNK) as u64);
            entries.iter().any(|named| Some(*named) == entry)
        };
        let lines = row.with_marks().enumerate().filter(|(at, _)| is_in_entries(*at));
        let lines: Vec<_> = lines.map(|(_, line)| line).collect();
        for (msgid, mark, line) in lines.into_iter().rev() {
            if self.has_enough() {
                return;
            }
            if are_searched(mark) && self.words.are_in(line, &mut self.buffer) {
                self.found.push(SearchHit::new(msgid, time(mark.time), Text::shown(line)));
            }
        }
    }

    /// The row that this entry of the index is of, and where it begins.
    fn row_of(&self, entry: i64) -> Result<Option<(i64, Lines)>, StoreError> {
        let sql =
            "SELECT ord, seq, marks, bytes FROM lines WHERE ord <= ?1 ORDER BY ord DESC LIMIT 1";
        let mut statement = prepare(self.connection, sql)?;
        let mut rows = statement.query(params![entry]).map_err(failed(ACTION))?;
        let Some(row) = rows.next().map_err(failed(ACTION))? else { return Ok(None) };
        let ord = row.get(0).map_err(failed(ACTION))?;
        Ok(Some((ord, self.read(row, 1)?)))
    }

    /// What the index is asked for: no word is taken for more than a word, since each is quoted, and
    /// none has a quote in it.
    fn terms(&self) -> String {
        let mut terms = String::new();
        for word in self.words.iter() {
            terms.push('"');
            push_term(&mut terms, self.id, word);
            terms.push_str("\" ");
        }
        terms
    }

    fn read(&self, row: &Row<'_>, seq: usize) -> Result<Lines, StoreError> {
        read_lines(row, seq, seq + 1, self.room)
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn has_enough(&self) -> bool {
        self.found.len() >= self.most
    }
}

/// Whether it has come to nothing because the time was over.
fn is_interrupted(error: &StoreError) -> bool {
    let StoreError::Failed { source, .. } = error else { return false };
    let error = source.downcast_ref::<rusqlite::Error>();
    error.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::OperationInterrupted)
}

fn prepare<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
    connection.prepare_cached(sql).map_err(failed(ACTION))
}
