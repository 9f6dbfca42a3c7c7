//! What searches cost, while nothing else is done and while commits go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chat_core::store::{Record, SearchResults, Searcher, SqliteStore, Store};
use chat_core::wire::RoomName;

use crate::lines::Talk;
use crate::timing::{median, timed};
use crate::{BATCH, Result};

/// How many searches of each kind are timed.
const SEARCHES: usize = 40;
/// How long that may take before it is cut short.
const PATIENCE: Duration = Duration::from_secs(4);
/// How many lines a search asks for.
const MOST: usize = 20;

pub(crate) fn while_committing(
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
                longest = longest.max(timed(commit).map_err(|error| error.to_string())?.0);
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

pub(crate) fn searches(searcher: &mut dyn Searcher, when: &str) -> Result<()> {
    println!("  searches, {when}: median, longest, lines found");
    let room = RoomName::new("lobby")?;
    for (name, words) in [
        ("a rare word", "zanzibar"),
        ("a word of every line", "chat"),
        ("two words", "chat w17"),
        ("two words, seldom together", "w900 w901"),
        ("two words, never together", "odd even"),
        (
            "sixteen words, never together",
            "odd even chat w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13",
        ),
        ("no word of any line", "xyzzy"),
    ] {
        let (mut times, mut last) = (Vec::new(), SearchResults::default());
        while times.len() < SEARCHES && times.iter().sum::<Duration>() < PATIENCE {
            let (took, findings) = timed(|| Ok(searcher.search(&room, words, MOST)?))?;
            times.push(took);
            last = findings;
        }
        let longest = times.iter().max().copied().unwrap_or_default();
        let (median, found) = (median(times), last.lines.len());
        let cut = if last.is_cut_short { ", cut short" } else { "" };
        println!("    {name:<28} {median:>9.2?} {longest:>9.2?} {found:>4}{cut}");
    }
    Ok(())
}
