//! The file: whose it is, how it comes to be, and that nobody else uses it.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::error::failed;
use crate::store::StoreError;

/// By what such files are known: "chat".
const APPLICATION: i32 = 0x6368_6174;
/// The format that is written and understood.
const FORMAT: u32 = 2;
/// How long somebody may take to give up a file before it counts as in use, and how often to look.
const GIVING_UP: Duration = Duration::from_millis(500);
const NEXT_TRY: Duration = Duration::from_millis(10);

/// `rooms`: `quiet` is where in the log the last line of a room was deleted that is there for its topic alone.
///
/// `looks`: what the names of rooms look like, all that they do. Rooms that look alike are one room.
///
/// `lines`: the log. `ord` and `start` are how many lines and bytes are before it, in all rooms; `last`
/// is the highest number of its lines, `time` when the last was said, in milliseconds since 1970.
///
/// `log`: what there is to know of the log that its rows do not say, since they may be deleted: where
/// its last deleted row ends and what numbers had been used by then, the highest number that a session
/// has had, and how far it is indexed.
///
/// `sessions`: `rooms` are names with a space between them, each with a slash behind it and the `seq` of the
/// last row before its client came there.
///
/// `parts`: the parts of the index, and where in the log each begins; `index` says more.
const SCHEMA: &str = "
    CREATE TABLE rooms (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, topic TEXT, quiet INTEGER
    );
    CREATE INDEX quiet_rooms ON rooms (quiet) WHERE quiet IS NOT NULL;
    CREATE TABLE looks (look TEXT PRIMARY KEY, room INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX looks_of_room ON looks (room);
    CREATE TABLE lines (
        ord INTEGER PRIMARY KEY, start INTEGER NOT NULL, room INTEGER NOT NULL, seq INTEGER NOT NULL,
        last INTEGER NOT NULL, count INTEGER NOT NULL, time INTEGER NOT NULL,
        marks BLOB NOT NULL, bytes BLOB NOT NULL
    );
    CREATE INDEX lines_of_room ON lines (room);
    CREATE TABLE log (
        ord INTEGER NOT NULL, start INTEGER NOT NULL, seq INTEGER NOT NULL, last INTEGER NOT NULL,
        indexed_ord INTEGER NOT NULL, indexed_start INTEGER NOT NULL, last_session INTEGER NOT NULL
    );
    INSERT INTO log VALUES (0, 0, 0, 0, 0, 0, 0);
    CREATE TABLE parts (number INTEGER PRIMARY KEY, ord INTEGER NOT NULL, start INTEGER NOT NULL);
    CREATE TABLE labels (
        session INTEGER NOT NULL, msgid INTEGER NOT NULL, room INTEGER NOT NULL, label TEXT NOT NULL,
        PRIMARY KEY (session, msgid)
    ) WITHOUT ROWID;
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, token BLOB NOT NULL, since INTEGER NOT NULL, former BLOB,
        former_since INTEGER, name TEXT, rooms TEXT NOT NULL
    );
    CREATE TABLE bans (ip TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE epochs (number INTEGER PRIMARY KEY, last INTEGER);
";

/// Keeps other stores away from the file, for as long as it lives: the system ends it with the process,
/// however that ends. It is on a file of its own, since SQLite has its own locks on the other.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// A store's file.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) lock: Lock,
}

/// Opens the file, and creates it if there is none.
pub(super) fn open(path: &Path) -> Result<Opened, StoreError> {
    let path = absolute(path)?;
    // What another store of this process has open must not be touched, and what is not ours gets no
    // file beside it.
    let known = beside(&path, "-lock").exists().then(|| lock(&path)).transpose()?;
    let mut is_there = is_ours(&path)?;
    let lock = known.map_or_else(|| lock(&path), Ok)?;
    if !is_there {
        // Another store may have been there first, and be gone again.
        is_there = is_ours(&path)?;
    }
    if !is_there {
        create(&path)?;
    }
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // SQLite is content to read it alone.
    if connection.is_readonly("main").map_err(failed("cannot open it"))? {
        return Err(system("cannot write to it")(ErrorKind::PermissionDenied.into()));
    }
    set_up(&connection).map_err(failed("cannot open it"))?;
    Ok(Opened { connection, path, lock })
}

/// Connects to a file that is there.
pub(super) fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed("cannot open it"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    let _mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "full")?;
    // Checkpoints are made when nothing waits; this is for when that never is so.
    let pages: i64 =
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 8192, |row| row.get(0))?;
    debug_assert_eq!(pages, 8192);
    let _limit: i64 =
        connection
            .pragma_update_and_check(None, "journal_size_limit", 64 << 20, |row| row.get(0))?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // It is the first to read the file.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(())
}

/// The path of the file itself, whatever links lead to it.
fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        found => return found.map_err(system("cannot find it")),
    }
    let name = path.file_name().ok_or_else(|| {
        system("cannot create it")(io::Error::new(ErrorKind::InvalidInput, "it has no file name"))
    })?;
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = parent.unwrap_or(Path::new(".")).canonicalize();
    Ok(directory.map_err(system("cannot find the directory for it"))?.join(name))
}

/// Whether there is a store of ours in the file, as far as its first bytes tell; false if there is
/// nothing in it.
///
/// Source: "Database File Format" of SQLite, 1.3, <https://www.sqlite.org/fileformat.html>.
fn is_ours(path: &Path) -> Result<bool, StoreError> {
    let mut header = Vec::new();
    // Never while this process has it open: to close it here would give up SQLite's locks on it.
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        file => file.map_err(system("cannot open it"))?,
    };
    file.take(100).read_to_end(&mut header).map_err(system("cannot read it"))?;
    if header.is_empty() {
        return Ok(false);
    }
    let number = |at: usize| {
        let bytes = header.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    if !header.starts_with(b"SQLite format 3\0") || number(68) != APPLICATION.cast_unsigned() {
        return Err(StoreError::Foreign);
    }
    match number(60) {
        FORMAT => Ok(true),
        found if found > FORMAT => Err(StoreError::Newer { found, known: FORMAT }),
        0 => Err(StoreError::Foreign),
        found => Err(StoreError::Older { found, oldest: FORMAT }),
    }
}

/// Waits a moment for whoever is just giving the file up: a server that ends while the next one starts,
/// or another program that this process is starting, which has all its descriptors until it runs.
fn lock(path: &Path) -> Result<Lock, StoreError> {
    let file =
        private().create(true).open(beside(path, "-lock")).map_err(system("cannot lock it"))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if started.elapsed() < GIVING_UP => {
                thread::sleep(NEXT_TRY);
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => return Err(system("cannot lock it")(error)),
        }
    }
}

/// Creates the file as a whole or not at all.
fn create(path: &Path) -> Result<(), StoreError> {
    let new = beside(path, "-new");
    // What an earlier try has left, and what belongs to a file that somebody has deleted.
    for end in ["-new", "-new-journal", "-wal", "-shm", "-journal"] {
        match fs::remove_file(beside(path, end)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            result => result.map_err(system("cannot create it"))?,
        }
    }
    private().create_new(true).open(&new).map_err(system("cannot create it"))?;
    let connection = connect(&new, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    fill(&connection).map_err(failed("cannot create it"))?;
    connection.close().map_err(|(_, error)| failed("cannot create it")(error))?;
    fs::rename(&new, path).map_err(system("cannot create it"))?;
    sync_directory(path).map_err(system("cannot create it"))
}

fn fill(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "auto_vacuum", "incremental")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; {SCHEMA} COMMIT;"
    ))
}

/// How a file is opened that nobody else is to read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the file's name durable.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// On other systems a directory cannot be synced.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The path of a file beside another.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or(OsStr::new("")).to_owned();
    name.push(end);
    path.with_file_name(name)
}

/// Makes a `map_err` argument out of the action that failed.
fn system(action: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Failed { action, source: source.into() }
}
