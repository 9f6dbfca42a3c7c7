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

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, process};

use chat_core::store::{Kept, Record, Searcher, SqliteStore, Store, Wanted};
use chat_core::wire::RoomName;
use rustix::time::{ClockId, clock_gettime};

use lines::Talk;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many lines the large stores have.
const LINES: u64 = 1_000_000;
/// How large a batch of the server is under load.
const BATCH: usize = 64 << 10;
/// How many searches of each kind are timed.
const SEARCHES: usize = 40;
/// How many lines a search asks for.
const MOST: usize = 20;

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
    bulk(&directory.join("lines.db"), "one line in each batch", 1, 1000)
}

/// Commits of one line, each beside a bare write and sync of the same bytes.
fn single(directory: &Path) -> Result<()> {
    const ROUNDS: usize = 400;
    let mut store = SqliteStore::open(directory.join("single.db"))?;
    load(&mut store)?;
    let mut bare = File::create(directory.join("bare"))?;
    let mut talk = Talk::default();
    let (mut commits, mut writes, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let lines = talk.batch(1)?;
        let bytes = lines.bytes().to_vec();
        commits.push(timed(|| Ok(store.commit(&[Record::Lines(lines)])?))?);
        while store.tidy()? {}
        writes.push(timed(|| Ok(bare.write_all(&bytes).and_then(|()| bare.sync_data())?))?);
        pages
            .push(timed(|| Ok(bare.write_all(&[1; 12 << 10]).and_then(|()| bare.sync_data())?))?);
    }
    let (commit, write, page) = (median(commits), median(writes), median(pages));
    println!("one line at a time, median of {ROUNDS}:");
    println!("  write and sync of its bytes      {write:>10.1?}");
    println!("  write and sync of three pages    {page:>10.1?}");
    println!(
        "  commit                           {commit:>10.1?}  {:.2} times a bare write",
        ratio(commit, write)
    );
    Ok(())
}

/// Many lines in batches of this size, so many batches to a commit; then all that can be asked of them.
fn bulk(path: &Path, name: &str, batch: usize, group: usize) -> Result<()> {
    println!("{LINES} lines, {name}:");
    let mut store = SqliteStore::open(path)?;
    load(&mut store)?;
    let mut talk = Talk::default();
    let (mut took, mut cpu, mut commits, mut bytes) = (Duration::ZERO, Duration::ZERO, 0, 0);
    while talk.said() < LINES {
        let records: Vec<Record> =
            (0..group).map(|_| talk.batch(batch).map(Record::Lines)).collect::<Result<_>>()?;
        bytes += records.iter().map(size).sum::<u64>();
        let used = cpu_time();
        took += timed(|| Ok(store.commit(&records)?))?;
        cpu += cpu_time() - used;
        commits += 1;
    }
    let rate = talk.said() as f64 / took.as_secs_f64();
    println!(
        "  written: {rate:.0} lines/s, {:.1} MB/s, {commits} commits, {:.2} s of CPU for a million",
        bytes as f64 / took.as_secs_f64() / 1e6,
        cpu.as_secs_f64() * 1e6 / talk.said() as f64
    );
    let mut searcher = store.searcher()?.ok_or("there is no searcher")?;
    searches(&mut *searcher, "nothing indexed")?;
    let (used, start, mut longest, mut slices) = (cpu_time(), Instant::now(), Duration::ZERO, 0);
    let mut has_more = true;
    while has_more {
        longest = longest.max(timed(|| Ok(has_more = store.tidy()?))?);
        slices += 1;
    }
    println!(
        "  indexed: {:.1?}, {:.2} s of CPU, {slices} slices, the longest {longest:.1?}",
        start.elapsed(),
        (cpu_time() - used).as_secs_f64()
    );
    searches(&mut *searcher, "indexed")?;
    while_committing(&mut store, &mut talk, &mut *searcher)?;
    drop((store, searcher));
    let file = fs::metadata(path)?.len();
    println!(
        "  file: {:.0} MB, {:.2} times the lines' bytes",
        file as f64 / 1e6,
        file as f64 / bytes as f64
    );
    let mut kept = Kept::default();
    let took = timed(|| {
        let mut store = SqliteStore::open(path)?;
        kept = load(&mut store)?;
        Ok(())
    })?;
    println!(
        "  opened and loaded: {took:.1?}, {} batches told",
        kept.rooms.iter().map(|room| room.lines.len()).sum::<usize>()
    );
    let small = path.with_extension("retained");
    fs::copy(path, &small)?;
    retention(&small)
}

/// Deletes three quarters of all lines.
fn retention(path: &Path) -> Result<()> {
    let before = fs::metadata(path)?.len();
    let mut store = SqliteStore::open(path)?.bytes(before / 8);
    load(&mut store)?;
    let (used, start, mut longest) = (cpu_time(), Instant::now(), Duration::ZERO);
    let mut has_more = true;
    while has_more {
        longest = longest.max(timed(|| Ok(has_more = store.tidy()?))?);
    }
    drop(store);
    println!(
        "  retention: {:.1?}, {:.2} s of CPU, the longest slice {longest:.1?}; the file has {:.0} % of its size",
        start.elapsed(),
        (cpu_time() - used).as_secs_f64(),
        fs::metadata(path)?.len() as f64 * 100.0 / before as f64
    );
    Ok(())
}

fn while_committing(
    store: &mut SqliteStore,
    talk: &mut Talk,
    searcher: &mut dyn Searcher,
) -> Result<()> {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !ends.load(Ordering::Relaxed) {
                let lines = talk.batch(BATCH).map_err(|error| error.to_string())?;
                let commit = || Ok(store.commit(&[Record::Lines(lines)])?);
                longest = longest.max(timed(commit).map_err(|error| error.to_string())?);
                store.tidy().map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(longest)
        });
        let result = searches(searcher, "while commits go on");
        ends.store(true, Ordering::Relaxed);
        let longest = writer.join().map_err(|_| "the writer panicked")??;
        println!("  the longest commit meanwhile: {longest:.1?}");
        result
    })
}

fn searches(searcher: &mut dyn Searcher, when: &str) -> Result<()> {
    println!("  searches, {when}: median, longest, lines found");
    let room = RoomName::new("lobby")?;
    for (name, words) in [
        ("a rare word", "zanzibar"),
        ("a word of every line", "chat"),
        ("two words", "chat w17"),
        ("two words, seldom together", "w900 w901"),
        ("two words, never together", "odd even"),
        ("no word of any line", "xyzzy"),
    ] {
        let (mut times, mut found) = (Vec::new(), 0);
        let mut is_cut_short = false;
        for _ in 0..SEARCHES {
            times.push(timed(|| {
                let findings = searcher.search(&room, words, MOST)?;
                (found, is_cut_short) = (findings.lines.len(), findings.is_cut_short);
                Ok(())
            })?);
            if times.iter().sum::<Duration>() > Duration::from_secs(4) {
                break;
            }
        }
        let longest = times.iter().max().copied().unwrap_or_default();
        let cut = if is_cut_short { ", cut short" } else { "" };
        println!("    {name:<28} {:>9.2?} {longest:>9.2?} {found:>4}{cut}", median(times));
    }
    Ok(())
}

/// As a server does with its default settings.
fn load(store: &mut SqliteStore) -> Result<Kept> {
    Ok(store.load(&Wanted::new(1000, 256 << 10, None, 64))?)
}

fn size(record: &Record) -> u64 {
    match record {
        Record::Lines(lines) => lines.bytes().len() as u64,
        _ => 0,
    }
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// The CPU time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
