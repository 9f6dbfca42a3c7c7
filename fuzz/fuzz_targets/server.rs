//! A whole server in memory, to which anything happens in any order, does what a simple model says.

#![no_main]

// The model, and what plays a script to both, is that of the test with random scripts.
#[path = "../../tests/integration/state/play/mod.rs"]
mod play;

use libfuzzer_sys::fuzz_target;
use play::{Act, Setup, play};

/// More acts only make a run slower.
const MOST_ACTS: usize = 200;

fuzz_target!(|input: ([u8; Setup::BYTES], Vec<[u8; Act::BYTES]>)| {
    let (setup, acts) = input;
    let acts: Vec<Act> = acts.into_iter().take(MOST_ACTS).map(Act::of).collect();
    play(&Setup::of(setup), &acts);
});
