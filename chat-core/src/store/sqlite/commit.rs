//! Records become rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::error::failed;
use super::{Position, SqliteStore, State, retain};
use crate::store::mark::millis;
use crate::store::{Lines, Record, SaidLine, SavedRoom, SavedSession, StoreError};
use crate::wire::RoomName;

/// What a row takes beside its blobs, about.
pub(super) const ROW: i64 = 64;
/// How many rooms are known by name without looking them up.
const ROOMS: usize = 10_000;

type Result<T> = rusqlite::Result<T>;

/// Commits these records as one transaction.
pub(super) fn commit(
    store: &mut SqliteStore,
    records: &[Record],
) -> std::result::Result<(), StoreError> {
    let action = "cannot write";
    store.chores.be_durable(&store.connection).map_err(failed(action))?;
    let start = store.state.end;
    let result = try_commit(&mut store.connection, &mut store.state, records);
    if result.is_err() {
        // What was learnt from rows that are not there is not so.
        store.state.end = start;
        store.state.rooms.clear();
        store.state.labels.clear();
    }
    let end = store.state.end;
    store.chores.has_grown(end.bytes - start.bytes);
    result.map_err(failed(action))?;
    if let Err(error) = retain::keep_up(store, end.bytes - start.bytes) {
        // The records are durable. What fails here fails in `tidy` as well, which tells of it.
        log::debug!("cannot delete old lines: {error}");
    }
    Ok(())
}

fn try_commit(connection: &mut Connection, state: &mut State, records: &[Record]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut labels = BTreeMap::new();
    for record in records {
        match record {
            Record::Lines(lines) => add_lines(&transaction, state, lines, &mut labels)?,
            Record::Topic { room, topic } => {
                let id = room_id(&transaction, state, room)?;
                let sql = "UPDATE rooms SET topic = ?2 WHERE id = ?1";
                transaction.prepare_cached(sql)?.execute(params![id, topic.as_str()])?;
            }
            Record::Ban(ban) => {
                let sql = "INSERT OR REPLACE INTO bans VALUES (?1, ?2)";
                let until = millis(ban.until).cast_signed();
                transaction.prepare_cached(sql)?.execute(params![ban.ip.to_string(), until])?;
            }
            Record::Unban(ip) => {
                let sql = "DELETE FROM bans WHERE ip = ?1";
                transaction.prepare_cached(sql)?.execute([ip.to_string()])?;
            }
            Record::Session(session) => put_session(&transaction, session)?,
            Record::SessionOver(id) => {
                labels.remove(id);
                state.labels.remove(id);
                let sql = "DELETE FROM labels WHERE session = ?1";
                transaction.prepare_cached(sql)?.execute([id])?;
                let sql = "DELETE FROM sessions WHERE id = ?1";
                transaction.prepare_cached(sql)?.execute([id])?;
            }
        }
    }
    for (session, labels) in labels {
        add_labels(&transaction, state, session, &labels)?;
    }
    transaction.commit()
}

/// A label of a line in a room: the number of the line, and the room's.
type Labelled<'a> = (i64, i64, &'a str);

fn add_lines<'a>(
    transaction: &Transaction<'_>,
    state: &mut State,
    lines: &'a Lines,
    labels: &mut BTreeMap<u32, Vec<Labelled<'a>>>,
) -> Result<()> {
    let count = i64::try_from(lines.count()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(());
    }
    let room = room_id(transaction, state, lines.room())?;
    let marks = lines.marks_as_bytes();
    let Position { lines: ord, bytes: start } = state.end;
    let sql = "INSERT INTO lines (ord, start, room, seq, last, count, time, marks, bytes)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    transaction.prepare_cached(sql)?.execute(params![
        ord,
        start,
        room,
        lines.seq().cast_signed(),
        lines.last().cast_signed(),
        count,
        millis(lines.time()).cast_signed(),
        marks,
        lines.bytes(),
    ])?;
    let size = i64::try_from(lines.bytes().len() + marks.len()).unwrap_or(i64::MAX);
    state.end = Position { lines: ord + count, bytes: start + size + ROW };
    if !lines.have_labels() {
        return Ok(());
    }
    for SaidLine { msgid, session, label, .. } in lines.iter() {
        let (Some(session), Some(label)) = (session, label) else { continue };
        labels.entry(session).or_default().push((msgid.cast_signed(), room, label));
    }
    Ok(())
}

/// Adds the last labels of a session, and deletes old ones now and then.
fn add_labels(
    transaction: &Transaction<'_>,
    state: &mut State,
    session: u32,
    labels: &[Labelled<'_>],
) -> Result<()> {
    let most = state.most_labels;
    let sql = "INSERT OR REPLACE INTO labels (session, msgid, room, label) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = transaction.prepare_cached(sql)?;
    for (msgid, room, label) in &labels[labels.len().saturating_sub(most)..] {
        insert.execute(params![session, msgid, room, label])?;
    }
    let count = state.labels.entry(session).or_default();
    *count += labels.len();
    if *count > most {
        *count = 0;
        trim_labels(transaction, session, most)?;
    }
    Ok(())
}

/// Deletes all labels of a session but the last ones.
pub(super) fn trim_labels(transaction: &Transaction<'_>, session: u32, most: usize) -> Result<()> {
    let sql = "DELETE FROM labels WHERE session = ?1 AND msgid <= (
                   SELECT msgid FROM labels WHERE session = ?1
                   ORDER BY msgid DESC LIMIT 1 OFFSET ?2)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    transaction.prepare_cached(sql)?.execute(params![session, most])?;
    Ok(())
}

fn put_session(transaction: &Transaction<'_>, session: &SavedSession) -> Result<()> {
    let SavedSession { id, token, since, former, name, rooms } = session;
    // No name has a space or a slash in it.
    let room = |room: &SavedRoom| format!("{}/{}", room.name, room.since);
    let rooms: Vec<String> = rooms.iter().map(room).collect();
    let sql =
        "INSERT OR REPLACE INTO sessions (id, token, since, former, former_since, name, rooms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    transaction.prepare_cached(sql)?.execute(params![
        id,
        token.as_bytes(),
        since.cast_signed(),
        former.as_ref().map(|(token, _)| token.as_bytes()),
        former.map(|(_, since)| since.cast_signed()),
        name.as_deref(),
        rooms.join(" "),
    ])?;
    let sql = "UPDATE log SET last_session = ?1 WHERE last_session < ?1";
    transaction.prepare_cached(sql)?.execute([id])?;
    Ok(())
}

/// The number of a room in the file: a new one if it has none.
fn room_id(transaction: &Transaction<'_>, state: &mut State, room: &RoomName) -> Result<i64> {
    if let Some(id) = state.rooms.get(room) {
        return Ok(*id);
    }
    let known = find_room(transaction, room)?;
    let id = known.map_or_else(|| add_room(transaction, room), Ok)?;
    // If it was there for its topic alone, it is not any more.
    let sql = "UPDATE rooms SET quiet = NULL WHERE id = ?1 AND quiet IS NOT NULL";
    transaction.prepare_cached(sql)?.execute([id])?;
    if state.rooms.len() >= ROOMS {
        state.rooms.clear();
    }
    state.rooms.insert(room.clone(), id);
    Ok(id)
}

fn add_room(transaction: &Transaction<'_>, room: &RoomName) -> Result<i64> {
    let sql = "INSERT INTO rooms (name) VALUES (?1)";
    let id = transaction.prepare_cached(sql)?.insert([&**room])?;
    let sql = "INSERT OR IGNORE INTO looks (look, room) VALUES (?1, ?2)";
    let mut insert = transaction.prepare_cached(sql)?;
    for look in room.looks().iter() {
        insert.execute(params![look, id])?;
    }
    Ok(id)
}

/// The number of a room in the file, if it has one: the room of this name, or one that looks like it, as
/// for those who talk there.
pub(super) fn find_room(connection: &Connection, room: &RoomName) -> Result<Option<i64>> {
    let find = |sql, what: &str| {
        let found = connection.prepare_cached(sql)?.query_row([what], |row| row.get(0));
        found.optional()
    };
    if let Some(id) = find("SELECT id FROM rooms WHERE name = ?1", room)? {
        return Ok(Some(id));
    }
    for look in room.looks().iter() {
        if let Some(id) = find("SELECT room FROM looks WHERE look = ?1", look)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
