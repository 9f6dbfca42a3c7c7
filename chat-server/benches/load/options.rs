//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum as _};

use crate::baseline::Baseline;
use crate::scenarios::{ROOMS, Scenario};

/// Measures a chat server under load and prints a table.
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Options {
    /// What to measure; everything when nothing is named.
    #[arg(value_enum, value_name = "SCENARIO")]
    named: Vec<Scenario>,

    /// How long each timed figure is measured, in seconds: 5 if not given, 14 in
    /// `fair`, and 60 in `hostile`.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: Option<u32>,

    /// How many rooms of 10 clients there are in `rooms` and `resting`.
    #[arg(long, value_name = "N", default_value_t = ROOMS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rooms: u32,

    /// End with a failure when a bar is missed or a scenario had to be skipped.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Start this chat-server program instead of the one just built.
    #[arg(long, value_name = "PATH", conflicts_with = "connect")]
    pub(crate) server: Option<PathBuf>,

    /// Start the server with these further arguments, separated by spaces, instead of those that the
    /// scenario wants: `--server-args=` for none.
    #[arg(long, value_name = "ARGS", conflicts_with = "connect")]
    server_args: Option<String>,

    /// Measure a line-based server that already runs, on this machine.
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    pub(crate) connect: Option<SocketAddr>,

    /// The process whose CPU time and memory are read together with `--connect`.
    #[arg(long, requires = "connect")]
    pub(crate) pid: Option<u32>,

    /// Be the loop to compare with: how this program starts itself.
    #[arg(long, value_enum, hide = true, requires = "clients")]
    pub(crate) baseline: Option<Baseline>,

    /// How many clients the loop to compare with waits for.
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) clients: usize,

    /// What `cargo bench` adds to the arguments of every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// The scenarios to run, in the order in which they were named.
    pub(crate) fn scenarios(&self) -> &[Scenario] {
        if self.named.is_empty() { Scenario::value_variants() } else { &self.named }
    }

    /// What to start the server with, unless the scenario may decide.
    pub(crate) fn server_args(&self) -> Option<Vec<String>> {
        let options = self.server_args.as_deref()?;
        Some(options.split_whitespace().map(str::to_owned).collect())
    }

    /// True when neither a person nor `cargo bench` asked for a measurement.
    pub(crate) fn asked_for_nothing(&self) -> bool {
        self.named.is_empty() && !self.bench
    }
}

/// Parses an address of this machine. The rest of the network is not ours to load, and figures
/// that include it would say nothing about the server.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|error| format!("{error}"))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only a loopback address can be measured".to_owned())
    }
}
