//! The load generator: how fast is the chat server, and what does it cost?
//!
//! ```text
//! cargo bench -p chat-server --bench load [-- OPTIONS] [SCENARIO]...
//! ```
//!
//! The server runs as a program of its own and is reached over plain TCP on the loopback device, so
//! that what is measured is what a user gets: parsing, the room, the threads and the kernel. One
//! thread here plays all the clients, and in `hostile` a second one those that mean harm.
//!
//! Absolute figures say more about a machine than about a program. Where a scenario can, it measures
//! the server next to a minimal loop of system calls ([`baseline`]) by turns in the same run, and
//! prints the ratio. Every line that was sent is accounted for at every client: a lost, doubled or
//! reordered one is a failure, whatever the figures are.
//!
//! In reading order:
//!
//! - [`options`]: the command line;
//! - [`scenarios`]: what is measured, one small function each;
//! - [`room`]: a server and its clients; lets a window of lines through and times it. Built from
//!   [`dial`] and [`peers`] (the sockets), [`greeting`] (the first lines), [`numbered`] (the text of
//!   the others) and [`tally`] (who has how much);
//! - [`chatter`]: many rooms at once, into which their clients go by [`joining`];
//! - [`hostile`]: a room with hostile clients in it;
//! - [`server`]: the server as a process, from [`program`] (start and stop it) and [`usage`] (its
//!   CPU time and memory);
//! - [`baseline`]: the loops to compare with;
//! - [`cores`]: which thread runs where, and which comes first where there are too few of them;
//! - [`paired`] and [`report`]: medians of ratios, and the table.

#![allow(clippy::print_stdout, reason = "the table on stdout is what this program is for")]
#![allow(clippy::print_stderr, reason = "and stderr is where it says why there is none")]

mod baseline;
mod chatter;
mod cores;
mod dial;
mod greeting;
mod hostile;
mod joining;
mod numbered;
mod options;
mod paired;
mod peers;
mod program;
mod report;
mod room;
mod scenarios;
mod server;
mod tally;
mod usage;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;

use crate::options::Options;
use crate::report::Report;
use crate::scenarios::Bench;

/// Nothing here recovers from an error, it is only told: so it is its message.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.baseline {
        Some(kind) => baseline::run(kind, options.clients).map(|()| true),
        None if options.asked_for_nothing() => Ok(explain()),
        None => measure(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the scenarios; tells whether the run counts as a success.
fn measure(options: &Options) -> Result<bool> {
    let bench = Bench::new(options)?;
    let mut report = Report::new();
    for scenario in options.scenarios() {
        if let Err(error) = scenario.run(&bench, &mut report) {
            report.fail(scenario.name(), &*error);
        }
    }
    Ok(report.finish(options.strict))
}

/// `cargo test --all-targets` runs benches too, with no argument at all. A measurement is not a
/// test, and an unoptimised build is not worth measuring.
fn explain() -> bool {
    println!("load: nothing was measured; run `cargo bench -p chat-server --bench load`");
    true
}
