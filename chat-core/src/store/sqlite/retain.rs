//! Retention: the oldest lines are deleted, and the parts of the index that have no other lines.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::commit::ROW;
use super::{Position, SqliteStore, index};
use crate::store::mark::millis;

/// How many rows are deleted at a time, and about how many bytes.
const ROWS: i64 = 256;
const SLICE: i64 = 512 << 10;
/// How many rooms are kept for their topic alone.
const QUIET: i64 = 1000;
/// How long what is too old is left, at most, so that not each line is deleted for itself.
const LATE: Duration = Duration::from_mins(10);

type Result<T> = rusqlite::Result<T>;

/// What is known of the oldest lines.
#[derive(Debug, Default)]
pub(super) struct Retention {
    first: First,
    /// Whether deleting has begun and goes on until nothing is too much or too old.
    is_deleting: bool,
    /// Whether there may be parts of the index whose lines are all deleted.
    pub(super) has_parts_left: bool,
}

/// The first row.
#[derive(Debug, Clone, Copy, Default)]
enum First {
    /// It is to be looked up.
    #[default]
    Unknown,
    None,
    /// Where it begins, and when it was said.
    Row {
        start: i64,
        time: i64,
    },
}

impl Retention {
    /// There is more than there was.
    pub(super) fn has_grown(&mut self) {
        if let First::None = self.first {
            self.first = First::Unknown;
        }
    }

    /// Where the first row begins, and when it was said, if there is one.
    fn first(&mut self, connection: &Connection) -> Result<Option<(i64, i64)>> {
        if let First::Unknown = self.first {
            let sql = "SELECT start, time FROM lines ORDER BY ord LIMIT 1";
            let read = |row: &Row<'_>| Ok(First::Row { start: row.get(0)?, time: row.get(1)? });
            let first = connection.prepare_cached(sql)?.query_row([], read).optional()?;
            self.first = first.unwrap_or(First::None);
        }
        match self.first {
            First::Row { start, time } => Ok(Some((start, time))),
            First::Unknown | First::None => Ok(None),
        }
    }
}

/// What must not stay.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// What begins before this is too much.
    start: i64,
    /// What was said before this is too old.
    time: i64,
}

impl Limits {
    fn are_passed(self, start: i64, time: i64) -> bool {
        start < self.start || time < self.time
    }
}

/// Deletes some of the oldest lines if they are too many or too old, and says whether it has.
pub(super) fn delete_some(store: &mut SqliteStore) -> Result<bool> {
    let Some((start, time)) = store.chores.retention.first(&store.connection)? else {
        return Ok(false);
    };
    let is_deleting = store.chores.retention.is_deleting;
    let limits = limits(store, is_deleting);
    if !limits.are_passed(start, time) {
        store.chores.retention.is_deleting = false;
        return Ok(false);
    }
    let limits = self::limits(store, true);
    let behavior = TransactionBehavior::Immediate;
    let transaction = store.connection.transaction_with_behavior(behavior)?;
    let deleted = delete_rows(&transaction, limits)?;
    transaction.commit()?;
    store.chores.retention =
        Retention { first: First::Unknown, is_deleting: true, has_parts_left: true };
    if store.chores.indexed.lines < deleted.end.lines {
        store.chores.indexed = deleted.end;
    }
    if deleted.rooms > 0 {
        store.state.rooms.clear();
    }
    if let Err(error) = drop_parts(store) {
        // Lines go all the same. It is tried again, and told of, when there are none to delete.
        log::debug!("cannot delete old parts of the index: {error}");
    }
    Ok(true)
}

/// Drops the parts of the index whose lines are all deleted.
pub(super) fn drop_parts(store: &mut SqliteStore) -> Result<()> {
    let behavior = TransactionBehavior::Immediate;
    let transaction = store.connection.transaction_with_behavior(behavior)?;
    while index::drop_part(&transaction)? {}
    transaction.commit()?;
    store.chores.retention.has_parts_left = false;
    Ok(())
}

/// Deletes some of the oldest lines if far more was committed than may stay, since nothing waits so
/// seldom that nothing else deletes them: about twice as many as were added now.
pub(super) fn keep_up(store: &mut SqliteStore, added: i64) -> Result<()> {
    let most = i64::try_from(store.bytes).unwrap_or(i64::MAX);
    let mut left = added.saturating_mul(2).max(1);
    while left > 0 {
        let Some((start, _)) = store.chores.retention.first(&store.connection)? else { break };
        let is_far_more = store.state.end.bytes - start > most.saturating_add(most / 8);
        if !is_far_more {
            break;
        }
        store.chores.relax(&store.connection)?;
        delete_some(store)?;
        left -= SLICE;
    }
    Ok(())
}

/// What must not stay. When deleting begins, more is deleted than there is too much.
fn limits(store: &SqliteStore, is_deleting: bool) -> Limits {
    let most = i64::try_from(store.bytes).unwrap_or(i64::MAX);
    let most = if is_deleting { most - most / 64 } else { most };
    let oldest = store.age.and_then(|age| {
        let late = if is_deleting { Duration::ZERO } else { LATE.min(age / 64) };
        SystemTime::now().checked_sub(age.saturating_add(late))
    });
    Limits {
        start: store.state.end.bytes.saturating_sub(most),
        time: oldest.map_or(i64::MIN, |oldest| millis(oldest).cast_signed()),
    }
}

/// What was deleted.
struct Deleted {
    /// Up to where.
    end: Position,
    /// How many rooms have no line any more, of which some are forgotten.
    rooms: usize,
}

fn delete_rows(transaction: &Transaction<'_>, limits: Limits) -> Result<Deleted> {
    let sql = "SELECT ord, start, time, count, room, seq, last,
                   start + length(bytes) + length(marks) + ?1
               FROM lines ORDER BY ord LIMIT ?2";
    let mut select = transaction.prepare_cached(sql)?;
    let mut rows = select.query(params![ROW, ROWS])?;
    let mut delete = transaction.prepare_cached("DELETE FROM lines WHERE ord = ?1")?;
    let (mut end, mut seq, mut last) = (Position::default(), 0, 0);
    let (mut rooms, mut first_start, mut gone) = (Vec::new(), None, Vec::new());
    while let Some(row) = rows.next()? {
        let (ord, start, time): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let from = *first_start.get_or_insert(start);
        if !limits.are_passed(start, time) || start - from >= SLICE {
            break;
        }
        let count: i64 = row.get(3)?;
        rooms.push(row.get::<_, i64>(4)?);
        seq = seq.max(row.get::<_, i64>(5)?);
        last = last.max(row.get::<_, i64>(6)?);
        end = Position { lines: ord + count, bytes: row.get(7)? };
        gone.push(ord);
    }
    drop(rows);
    for ord in gone {
        delete.execute([ord])?;
    }
    let sql = "UPDATE log SET ord = ?1, start = ?2, seq = max(seq, ?3), last = max(last, ?4),
                   indexed_ord = max(indexed_ord, ?1), indexed_start = max(indexed_start, ?2)";
    transaction.prepare_cached(sql)?.execute(params![end.lines, end.bytes, seq, last])?;
    rooms.sort_unstable();
    rooms.dedup();
    let left = leave_rooms(transaction, &rooms, end)?;
    Ok(Deleted { end, rooms: left })
}

/// Forgets those of these rooms that have neither lines nor a topic left, and of all that have a topic alone
/// those that have been quiet the longest, if they are too many. It says how many have no lines any more.
fn leave_rooms(transaction: &Transaction<'_>, rooms: &[i64], end: Position) -> Result<usize> {
    let sql = "UPDATE rooms SET quiet = ?2 WHERE id = ?1
                   AND NOT EXISTS (SELECT 1 FROM lines WHERE room = ?1)";
    let mut be_quiet = transaction.prepare_cached(sql)?;
    let mut left = 0;
    for room in rooms {
        left += be_quiet.execute(params![room, end.lines])?;
    }
    if left == 0 {
        return Ok(0);
    }
    let sql = "SELECT id FROM rooms WHERE quiet IS NOT NULL AND topic IS NULL UNION
               SELECT id FROM (SELECT id FROM rooms WHERE quiet IS NOT NULL AND topic IS NOT NULL
                               ORDER BY quiet DESC, id DESC LIMIT -1 OFFSET ?1)";
    let mut forgotten = transaction.prepare_cached(sql)?;
    let forgotten = forgotten.query_map([QUIET], |row| row.get(0))?;
    for room in forgotten.collect::<Result<Vec<i64>>>()? {
        transaction.prepare_cached("DELETE FROM rooms WHERE id = ?1")?.execute([room])?;
        transaction.prepare_cached("DELETE FROM looks WHERE room = ?1")?.execute([room])?;
    }
    Ok(left)
}
