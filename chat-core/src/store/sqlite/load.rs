//! What is told at the start, of what is in the file.

mod rooms;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use super::commit::trim_labels;
use super::error::{damaged, failed};
use super::{Position, SqliteStore};
use crate::store::mark::{millis, time};
use crate::store::{
    Ban, Kept, Lines, SavedLabel, SavedRoom, SavedSession, StoreError, Token, Wanted,
};
use crate::wire::{Name, RoomName};

/// How many starts are remembered.
const EPOCHS: i64 = 1000;

/// Begins a new epoch, and reads what is wanted.
pub(super) fn load(store: &mut SqliteStore, wanted: &Wanted) -> Result<Kept, StoreError> {
    let connection = &mut store.connection;
    store.chores.be_durable(connection).map_err(failed("cannot read it"))?;
    let behavior = TransactionBehavior::Immediate;
    let begun = connection.transaction_with_behavior(behavior);
    let transaction = begun.map_err(failed("cannot read it"))?;
    // Which rooms are of use, and how much of them, is known by those who may come back to them.
    let mut kept = Kept { sessions: sessions(&transaction)?, ..Kept::default() };
    kept.rooms = rooms::load(&transaction, &kept.sessions, wanted)?;
    let log = log(&transaction).map_err(failed("cannot read the log"))?;
    (kept.last, kept.seq, kept.last_session) = (log.last, log.seq, log.last_session);
    begin_epoch(&transaction, &mut kept).map_err(failed("cannot begin an epoch"))?;
    kept.bans = bans(&transaction, wanted)?;
    kept.labels = labels(&transaction, &kept.sessions, wanted)?;
    transaction.commit().map_err(failed("cannot begin an epoch"))?;
    store.state.end = log.end;
    store.state.most_labels = wanted.labels;
    store.chores.begin(log.indexed);
    Ok(kept)
}

/// What is known of the log as a whole.
struct Log {
    end: Position,
    indexed: Position,
    last: u64,
    seq: u64,
    last_session: u32,
}

fn log(connection: &Connection) -> rusqlite::Result<Log> {
    let sql = "SELECT ord, start, seq, last, indexed_ord, indexed_start, last_session FROM log";
    let mut log = connection.query_row(sql, [], |row| {
        Ok(Log {
            end: Position { lines: row.get(0)?, bytes: row.get(1)? },
            indexed: Position { lines: row.get(4)?, bytes: row.get(5)? },
            seq: row.get::<_, i64>(2)?.cast_unsigned(),
            last: row.get::<_, i64>(3)?.cast_unsigned(),
            last_session: row.get(6)?,
        })
    })?;
    let sql = "SELECT ord + count, start + length(bytes) + length(marks) + ?1, seq
               FROM lines ORDER BY ord DESC LIMIT 1";
    let row = connection.query_row(sql, [super::commit::ROW], |row| {
        let end = Position { lines: row.get(0)?, bytes: row.get(1)? };
        Ok((end, row.get::<_, i64>(2)?.cast_unsigned()))
    });
    if let Some((end, seq)) = row.optional()? {
        (log.end, log.seq) = (end, log.seq.max(seq));
    }
    // Numbers grow within a room; those of several rooms may lie between each other.
    let sql =
        "SELECT max((SELECT last FROM lines WHERE room = id ORDER BY ord DESC LIMIT 1)) FROM rooms";
    let last: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    log.last = log.last.max(last.unwrap_or(0).cast_unsigned());
    Ok(log)
}

fn begin_epoch(transaction: &Transaction<'_>, kept: &mut Kept) -> rusqlite::Result<()> {
    let sql = "UPDATE epochs SET last = ?1 WHERE last IS NULL";
    transaction.execute(sql, [kept.last.cast_signed()])?;
    let sql = "SELECT number, last FROM epochs ORDER BY number";
    let mut statement = transaction.prepare(sql)?;
    let epochs = statement.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    kept.epochs = epochs.collect::<rusqlite::Result<_>>()?;
    kept.epoch = kept.epochs.last().map_or(1, |(number, _)| number + 1);
    let epoch = kept.epoch.cast_signed();
    transaction.execute("INSERT INTO epochs (number) VALUES (?1)", [epoch])?;
    transaction.execute("DELETE FROM epochs WHERE number < ?1", [epoch - EPOCHS])?;
    Ok(())
}

/// Puts lines together, of the columns where the sequence number is, and the marks with the bytes
/// behind them.
pub(super) fn read_lines(
    row: &Row<'_>,
    seq: usize,
    marks: usize,
    room: &RoomName,
) -> Result<Lines, StoreError> {
    let action = "cannot read what was said";
    let number: i64 = row.get(seq).map_err(failed(action))?;
    let blob = |at| {
        let value = row.get_ref(at).map_err(failed(action))?;
        value.as_blob().map_err(|_| damaged("what was said"))
    };
    Lines::read(number.cast_unsigned(), room.clone(), blob(marks)?, blob(marks + 1)?)
        .ok_or_else(|| damaged("what was said"))
}

fn bans(transaction: &Transaction<'_>, wanted: &Wanted) -> Result<Vec<Ban>, StoreError> {
    let action = "cannot read the bans";
    let now = millis(wanted.now).cast_signed();
    transaction.execute("DELETE FROM bans WHERE until <= ?1", [now]).map_err(failed(action))?;
    let mut bans = Vec::new();
    let mut statement =
        transaction.prepare("SELECT ip, until FROM bans").map_err(failed(action))?;
    let mut rows = statement.query([]).map_err(failed(action))?;
    while let Some(row) = rows.next().map_err(failed(action))? {
        let ip: String = row.get(0).map_err(failed(action))?;
        let until: i64 = row.get(1).map_err(failed(action))?;
        let ip = ip.parse().map_err(|_| damaged("an address"))?;
        bans.push(Ban::new(ip, time(until.cast_unsigned())));
    }
    Ok(bans)
}

fn sessions(connection: &Connection) -> Result<Vec<SavedSession>, StoreError> {
    let action = "cannot read the sessions";
    let sql = "SELECT id, token, since, former, former_since, name, rooms FROM sessions";
    let mut statement = connection.prepare(sql).map_err(failed(action))?;
    let sessions = statement.query_map([], |row| {
        let token = Token::from_bytes(row.get(1)?);
        let since: i64 = row.get(2)?;
        let mut session = SavedSession::new(row.get(0)?, token, since.cast_unsigned());
        let former = row.get::<_, Option<[u8; 16]>>(3)?.map(Token::from_bytes);
        let former_since: Option<i64> = row.get(4)?;
        session.former = former.zip(former_since.map(i64::cast_unsigned));
        let name: Option<String> = row.get(5)?;
        // What a later version does not take for a name any more is none.
        session.name = name.and_then(|name| Name::new(&name).ok());
        let rooms: String = row.get(6)?;
        session.rooms = rooms.split_whitespace().filter_map(read_room).collect();
        Ok(session)
    });
    sessions.and_then(Iterator::collect).map_err(failed(action))
}

/// A room of a session, as it was written.
fn read_room(room: &str) -> Option<SavedRoom> {
    let (name, since) = room.split_once('/')?;
    Some(SavedRoom::new(name.parse().ok()?, since.parse().ok()?))
}

/// The last labels of each session. All others are deleted.
fn labels(
    transaction: &Transaction<'_>,
    sessions: &[SavedSession],
    wanted: &Wanted,
) -> Result<Vec<SavedLabel>, StoreError> {
    let action = "cannot read the labels";
    let sql = "DELETE FROM labels WHERE session NOT IN (SELECT id FROM sessions)";
    transaction.execute(sql, []).map_err(failed(action))?;
    for session in sessions {
        trim_labels(transaction, session.id, wanted.labels).map_err(failed(action))?;
    }
    let sql =
        "SELECT session, label, msgid, name FROM labels JOIN rooms ON id = room ORDER BY msgid";
    let mut statement = transaction.prepare(sql).map_err(failed(action))?;
    let mut rows = statement.query([]).map_err(failed(action))?;
    let mut labels = Vec::new();
    while let Some(row) = rows.next().map_err(failed(action))? {
        let (session, label, msgid, room) = read_label(row).map_err(failed(action))?;
        // It is told of the room when that is read.
        let Ok(room) = RoomName::new(&room) else { continue };
        labels.push(SavedLabel::new(session, label, msgid, room));
    }
    Ok(labels)
}

fn read_label(row: &Row<'_>) -> rusqlite::Result<(u32, String, u64, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.cast_unsigned(), row.get(3)?))
}
