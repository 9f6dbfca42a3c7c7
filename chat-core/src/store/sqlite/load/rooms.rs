//! Which rooms are told at the start, and which of their lines.
//!
//! A file has as many rooms as anybody cared to make, and most of their lines are of no use to a server that
//! starts. So no row is read that is not told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, Row, params};

use super::read_lines;
use crate::store::left_out::Known;
use crate::store::mark::time;
use crate::store::sqlite::commit::find_room;
use crate::store::sqlite::error::{damaged, failed};
use crate::store::wanted::{Amount, Choice};
use crate::store::{KeptRoom, LeftOut, Lines, Mark, SavedSession, StoreError, Wanted};
use crate::wire::{RoomName, Text};

/// What is told of a room but for its lines, and where in the log its last row begins.
const ROOM: &str = "SELECT id, name, topic, coalesce(
        (SELECT ord FROM lines WHERE room = rooms.id ORDER BY ord DESC LIMIT 1), -1) AS last
    FROM rooms";

/// A room, its number, and where in the log its last row begins.
struct Told {
    id: i64,
    last: i64,
    /// What of it nobody has missed, if a session names it.
    known: Option<Known>,
    room: KeptRoom,
}

/// The rooms that are wanted, the one in which something was said last at the end.
pub(super) fn load(
    connection: &Connection,
    sessions: &[SavedSession],
    wanted: &Wanted,
) -> Result<Vec<KeptRoom>, StoreError> {
    let mut named: Vec<Told> = named(connection, sessions)?.into_values().collect();
    named.sort_by_key(|told| Reverse(told.last));
    let mut others = others(connection, &named, wanted)?;
    let mut choice = wanted.choice();
    // What somebody may have missed comes first, if it cannot be all.
    for told in &mut named {
        add_lines(connection, told, wanted.for_sessions, &mut choice)?;
    }
    for told in &mut others {
        add_lines(connection, told, wanted.for_others, &mut choice)?;
    }
    others.retain(|told| told.room.topic.is_some() || !told.room.lines.is_empty());
    named.append(&mut others);
    named.sort_by_key(|told| told.last);
    Ok(named.into_iter().map(|told| told.room).collect())
}

/// The rooms that sessions name, by their numbers.
fn named(
    connection: &Connection,
    sessions: &[SavedSession],
) -> Result<BTreeMap<i64, Told>, StoreError> {
    let action = "cannot read the rooms of sessions";
    let mut statement =
        connection.prepare(&format!("{ROOM} WHERE id = ?1")).map_err(failed(action))?;
    let mut named = BTreeMap::new();
    for (name, known) in Known::of(sessions) {
        let Some(id) = find_room(connection, name).map_err(failed(action))? else { continue };
        let mut rows = statement.query([id]).map_err(failed(action))?;
        let Some(row) = rows.next().map_err(failed(action))? else { continue };
        let Some(told) = read_room(row)? else { continue };
        // Several may be of one room, which looks like all of them.
        let told: &mut Told = named.entry(id).or_insert(told);
        told.known = Some(told.known.map_or(known, |all| all.and(known)));
    }
    Ok(named)
}

/// The other rooms of which something is to be told, perhaps: the one in which something was said last is
/// the first.
fn others(
    connection: &Connection,
    named: &[Told],
    wanted: &Wanted,
) -> Result<Vec<Told>, StoreError> {
    let action = "cannot read the rooms";
    let sql = format!("{ROOM} WHERE topic IS NOT NULL OR ?1 ORDER BY last DESC LIMIT ?2");
    let most = i64::try_from(wanted.others.saturating_add(named.len())).unwrap_or(i64::MAX);
    let mut statement = connection.prepare(&sql).map_err(failed(action))?;
    let wants_lines = !wanted.for_others.is_none();
    let mut rows = statement.query(params![wants_lines, most]).map_err(failed(action))?;
    let named: HashSet<i64> = named.iter().map(|told| told.id).collect();
    let mut others = Vec::new();
    while let Some(row) = rows.next().map_err(failed(action))? {
        others.extend(read_room(row)?.filter(|told| !named.contains(&told.id)));
    }
    others.truncate(wanted.others);
    Ok(others)
}

/// A room; `None` if its name is none for this version, whose tables may be of a later Unicode.
fn read_room(row: &Row<'_>) -> Result<Option<Told>, StoreError> {
    let read = || -> rusqlite::Result<(i64, String, Option<String>, i64)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    };
    let (id, name, topic, last) = read().map_err(failed("cannot read the rooms"))?;
    let Ok(name) = RoomName::new(&name) else {
        log::warn!(
            "the room {name:?} of the store is left out: that is no name of a room any more"
        );
        return Ok(None);
    };
    let mut room = KeptRoom::new(name);
    room.topic = topic.and_then(|topic| Text::lossy(topic.as_bytes()));
    Ok(Some(Told { id, last, known: None, room }))
}

/// Adds the last lines of a room, as many as are wanted, and what is known of those before them.
fn add_lines(
    connection: &Connection,
    told: &mut Told,
    amount: Amount,
    choice: &mut Choice,
) -> Result<(), StoreError> {
    if amount.is_none() && told.known.is_none() {
        return Ok(());
    }
    let action = "cannot read what was said";
    let sql = "SELECT seq, count, time, length(bytes), marks, bytes, last
               FROM lines WHERE room = ?1 ORDER BY ord DESC";
    let mut statement = connection.prepare_cached(sql).map_err(failed(action))?;
    let mut rows = statement.query([told.id]).map_err(failed(action))?;
    choice.begin(amount);
    let (mut lines, mut left_out, mut is_over) = (Vec::<Lines>::new(), Vec::new(), false);
    while let Some(row) = rows.next().map_err(failed(action))? {
        is_over = is_over || !is_wanted(row, choice).map_err(failed(action))?;
        if !is_over {
            lines.push(read_lines(row, 0, 4, &told.room.name)?);
            continue;
        }
        let Some(known) = told.known else { break };
        let number = |at| row.get(at).map(i64::cast_unsigned).map_err(failed(action));
        let (seq, last) = (number(0)?, number(6)?);
        if known.has(seq, last) || !choice.leave_out(&read_left_out(row, seq)?, &mut left_out) {
            break;
        }
    }
    lines.reverse();
    left_out.reverse();
    (told.room.lines, told.room.left_out) = (lines, left_out);
    Ok(())
}

/// What is known of lines that are not told, without looking at them.
fn read_left_out(row: &Row<'_>, seq: u64) -> Result<Vec<LeftOut>, StoreError> {
    let marks = row.get_ref(4).map_err(failed("cannot read what was said"))?;
    let marks = marks.as_blob().ok().and_then(Mark::read_all);
    let marks = marks.ok_or_else(|| damaged("what was said"))?;
    Ok(marks.iter().map(|mark| LeftOut::of(seq, mark)).collect())
}

fn is_wanted(row: &Row<'_>, choice: &mut Choice) -> rusqlite::Result<bool> {
    let said = time(row.get::<_, i64>(2)?.cast_unsigned());
    let size = |at| row.get(at).map(|size: i64| usize::try_from(size).unwrap_or(usize::MAX));
    Ok(choice.takes(size(1)?, size(3)?, said))
}
