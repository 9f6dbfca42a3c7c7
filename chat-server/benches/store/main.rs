//! What it costs to keep what is said: commits, bulk, the index, a start, searches.
//!
//! ```text
//! cargo bench -p chat-server --bench store -- [DIRECTORY]
//! ```
//!
//! Files are made in the directory, the system's for temporary files by default, and deleted. What
//! depends on the disk is told as a ratio to a bare write and sync on the same disk in the same run.

#![allow(clippy::print_stdout, reason = "it prints what it has measured")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "its numbers are small, and rounded where they are shown"
)]

mod lines;
mod searches;
mod timing;

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, process};

use chat_core::store::{
    Amount, Kept, Lines, Record, SavedRoom, SavedSession, SqliteStore, Store, Token, Wanted,
};
use chat_core::wire::RoomName;
use chat_core::{History, Limits, Resume};

use lines::Talk;
use searches::{searches, while_committing};
use timing::{cpu_seconds, median, ratio, timed};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many lines the large stores have.
const LINES: u64 = 1_000_000;
/// How large a batch of the server is under load.
const BATCH: usize = 64 << 10;

fn main() -> Result<()> {
    let directory = env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let directory = directory.map_or_else(env::temp_dir, PathBuf::from);
    let directory = directory.join(format!("chat-store-bench-{}", process::id()));
    fs::create_dir_all(&directory)?;
    let result = measure(&directory);
    fs::remove_dir_all(&directory)?;
    result
}

fn measure(directory: &Path) -> Result<()> {
    single(directory)?;
    bulk(&directory.join("batches.db"), "batches of 64 KiB", BATCH, 16)?;
    bulk(&directory.join("lines.db"), "one line in each batch", 1, 1000)?;
    labels(&directory.join("labels.db"))?;
    rooms(&directory.join("rooms.db"))
}

/// Commits of one line, each beside a bare write and sync of the same bytes.
fn single(directory: &Path) -> Result<()> {
    const ROUNDS: usize = 400;
    let mut store = SqliteStore::open(directory.join("single.db"))?;
    load(&mut store)?;
    let mut bare = File::create(directory.join("bare"))?;
    let mut write = |bytes: &[u8]| Ok(bare.write_all(bytes).and_then(|()| bare.sync_data())?);
    let mut talk = Talk::default();
    let (mut commits, mut writes, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let lines = talk.batch(1)?;
        let bytes = lines.bytes().to_vec();
        commits.push(timed(|| Ok(store.commit(&[Record::Lines(lines)])?))?.0);
        while store.tidy()? {}
        writes.push(timed(|| write(&bytes))?.0);
        pages.push(timed(|| write(&[1; 3 * 4096]))?.0);
    }
    let (commit, bare, three) = (median(commits), median(writes), median(pages));
    println!("one line at a time, median of {ROUNDS}:");
    println!("  write and sync of its bytes    {bare:>9.1?}");
    println!("  write and sync of three pages  {three:>9.1?}");
    println!(
        "  commit                         {commit:>9.1?}, {:.2} times the first",
        ratio(commit, bare)
    );
    Ok(())
}

/// Many lines in batches of this size, so many batches to a commit; then all that can be asked of them.
fn bulk(path: &Path, name: &str, batch: usize, group: usize) -> Result<()> {
    println!("{LINES} lines, {name}:");
    let mut store = SqliteStore::open(path)?.bytes(8 << 30);
    load(&mut store)?;
    let mut talk = Talk::default();
    write(&mut store, &mut talk, group, LINES, |talk| talk.batch(batch))?;
    let mut searcher = store.searcher()?.ok_or("there is no searcher")?;
    searches(&mut *searcher, "nothing indexed")?;
    let tidied = tidy(&mut store)?;
    println!("  indexed: {tidied}");
    searches(&mut *searcher, "indexed")?;
    while_committing(&mut store, &mut talk, &mut *searcher)?;
    let tidied = tidy(&mut store)?;
    println!("  and the rest: {tidied}");
    drop((store, searcher));
    let (file, bytes) = (fs::metadata(path)?.len() as f64, talk.bytes() as f64);
    println!("  file: {:.0} MB, {:.2} times the lines' bytes", file / 1e6, file / bytes);
    let (took, kept) = timed(|| load(&mut SqliteStore::open(path)?))?;
    println!("  opened and loaded: {took:.1?}, {}", told(&kept));
    let mut store = SqliteStore::open(path)?.bytes(talk.bytes() / 4);
    load(&mut store)?;
    let tidied = tidy(&mut store)?;
    drop(store);
    let left = fs::metadata(path)?.len() as f64 * 100.0 / file;
    println!("  most of it deleted: {tidied}; the file has {left:.0} % of its size");
    Ok(())
}

/// Commits lines, so many batches at a time, and tells what that costs.
fn write(
    store: &mut SqliteStore,
    talk: &mut Talk,
    group: usize,
    lines: u64,
    mut batch: impl FnMut(&mut Talk) -> Result<Lines>,
) -> Result<()> {
    let (mut took, mut cpu, mut commits) = (Duration::ZERO, 0.0, 0);
    while talk.said() < lines {
        let records = (0..group).map(|_| batch(talk).map(Record::Lines));
        let records: Vec<Record> = records.collect::<Result<_>>()?;
        let used = cpu_seconds();
        took += timed(|| Ok(store.commit(&records)?))?.0;
        cpu += cpu_seconds() - used;
        commits += 1;
    }
    let (lines, seconds) = (talk.said() as f64, took.as_secs_f64());
    println!(
        "  written: {:.0} lines/s, {:.1} MB/s, {commits} commits, {:.2} s of CPU for a million",
        lines / seconds,
        talk.bytes() as f64 / seconds / 1e6,
        cpu * 1e6 / lines
    );
    Ok(())
}

/// Lines with labels, of a thousand sessions that take turns.
fn labels(path: &Path) -> Result<()> {
    println!("{} lines with labels, of 1000 sessions:", LINES / 10);
    let mut store = SqliteStore::open(path)?;
    load(&mut store)?;
    for session in 1..=1000 {
        let session = SavedSession::new(session, Token::from_bytes([0; 16]), 0);
        store.commit(&[Record::Session(session)])?;
    }
    write(&mut store, &mut Talk::with_labels(), 1, LINES / 10, |talk| talk.batch(BATCH))?;
    drop(store);
    let (took, kept) = timed(|| load(&mut SqliteStore::open(path)?))?;
    println!("  opened and loaded: {took:.1?}, {} labels told", kept.labels.len());
    Ok(())
}

/// Lines in a thousand rooms, to one of which somebody may come back.
fn rooms(path: &Path) -> Result<()> {
    const ROOMS: u64 = 1000;
    println!("{LINES} lines in {ROOMS} rooms, about ten in each batch:");
    let mut store = SqliteStore::open(path)?.bytes(8 << 30);
    load(&mut store)?;
    let mut session = SavedSession::new(1, Token::from_bytes([0; 16]), 0);
    session.rooms.push(SavedRoom::new(RoomName::new("room0")?, 0));
    store.commit(&[Record::Session(session)])?;
    let mut next = 0..;
    let mut batch = |talk: &mut Talk| {
        let room = next.next().unwrap_or(0) % ROOMS;
        talk.batch_in(&RoomName::new(&format!("room{room}"))?, 600)
    };
    write(&mut store, &mut Talk::default(), 1000, LINES, &mut batch)?;
    tidy(&mut store)?;
    drop(store);
    let history = History::default().bytes;
    for (name, lines) in [("as by default", 0), ("with 100 lines of history", 100)] {
        let mut wanted = wanted();
        wanted.for_others = Amount::new(lines, history, None);
        let (took, kept) = timed(|| Ok(SqliteStore::open(path)?.load(&wanted)?))?;
        println!("  opened and loaded, {name}: {took:.1?}, {}", told(&kept));
    }
    Ok(())
}

/// Does all that can wait, and says what that costs.
fn tidy(store: &mut SqliteStore) -> Result<String> {
    let (used, start, mut slices) = (cpu_seconds(), Instant::now(), Vec::new());
    loop {
        let (took, has_more) = timed(|| Ok(store.tidy()?))?;
        slices.push(took);
        if !has_more {
            break;
        }
    }
    let (count, longest) = (slices.len(), slices.iter().max().copied().unwrap_or_default());
    let cpu = cpu_seconds() - used;
    let took = start.elapsed();
    let median = median(slices);
    Ok(format!(
        "{took:.1?}, {cpu:.2} s of CPU, {count} slices of {median:.1?}, the longest {longest:.1?}"
    ))
}

/// As a server does with its default settings.
fn load(store: &mut SqliteStore) -> Result<Kept> {
    Ok(store.load(&wanted())?)
}

/// What a server wants by default: what somebody may come back for, and nothing for others to read.
fn wanted() -> Wanted {
    let (resume, history) = (Resume::default(), History::default());
    let mut wanted = Wanted::new(resume.lines, resume.bytes, None, 64);
    wanted.for_others = Amount::new(history.lines, history.bytes, history.age);
    wanted.others = 1000;
    wanted.bytes = Limits::default().budget / 8;
    wanted
}

fn told(kept: &Kept) -> String {
    let lines = kept.rooms.iter().flat_map(|room| &room.lines).map(Lines::count);
    format!("{} rooms and {} lines told", kept.rooms.len(), lines.sum::<usize>())
}
