//! The command line, and the configuration that it stands for.

mod history;
mod limits;
mod or_off;
mod resume;
mod store;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::store::SqliteStore;
use chat_core::wire::{Framing, Secret};
use clap::Parser;

use crate::networks::{Network, Networks};
use history::HistoryArgs;
use limits::LimitArgs;
use resume::ResumeArgs;
use store::StoreArgs;

/// A chat server: what one client says goes to all the others.
///
/// Clients are `chat-client`, `nc`, `telnet`, or any program that sends lines of text over TCP.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The address to listen on, as HOST:PORT; port 0 takes a free one
    #[arg(default_value = "127.0.0.1:12345")]
    pub(crate) addr: String,

    /// Do not print the messages that are relayed
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// How messages are told apart: auto (found for each client), lines, or chunks (what comes at
    /// once is a message)
    #[arg(long, default_value_t = Framing::Auto)]
    framing: Framing,

    /// Threads that own the sockets
    #[arg(long, value_name = "N", default_value_t = ServerConfig::default().io_threads)]
    io_threads: usize,

    /// How long to go on delivering, once told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = ServerConfig::default().stop_timeout.as_secs())]
    stop_timeout: u64,

    /// Log what was counted every so many seconds; on Unix, SIGUSR1 prints it at any time
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    stats: Option<u64>,

    /// Let only these addresses or networks in; may be given several times
    #[arg(long, value_name = "NETWORK")]
    allow: Vec<Network>,

    /// Keep these addresses or networks out, whether --allow names them or not; may be given several
    /// times
    #[arg(long, value_name = "NETWORK")]
    deny: Vec<Network>,

    /// Take a line that starts with a slash for a message, like any other line
    #[arg(long)]
    no_commands: bool,

    /// Tell the rooms who comes, who goes, and who takes a name; of a crowd, how many
    #[arg(long)]
    announce: bool,

    /// File whose first word is the operators' secret: /op SECRET
    #[arg(long, value_name = "FILE")]
    operators: Option<PathBuf>,

    #[command(flatten)]
    history: HistoryArgs,

    #[command(flatten)]
    resume: ResumeArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

const AFTER_HELP: &str = "\
What happens is printed on standard output; diagnostics go to standard error, as RUST_LOG asks for \
(default: info). SIGINT and SIGTERM stop the server in good order, a second one at once.";

impl Args {
    /// What the server is to be like.
    pub(crate) fn config(&self) -> Result<ServerConfig, Box<dyn Error>> {
        let mut config = ServerConfig::default();
        config.framing = self.framing;
        config.io_threads = self.io_threads;
        config.message_events = !self.quiet;
        config.stop_timeout = self.stop_timeout();
        config.limits = self.limits.limits();
        config.commands = !self.no_commands;
        config.announce = self.announce;
        config.history = self.history.history();
        config.resume = self.resume.resume();
        config.operator_secret = self.operators.as_deref().map(read_secret).transpose()?;
        Ok(config)
    }

    /// Where what is said is kept, if anywhere.
    pub(crate) fn store(&self) -> Result<Option<SqliteStore>, Box<dyn Error>> {
        self.store.open()
    }

    /// Says of an error which store it is about, if it is about one.
    pub(crate) fn explain(&self, error: chat_core::Error) -> Box<dyn Error> {
        match error {
            chat_core::Error::Store(error) => self.store.explain(&error),
            error => error.into(),
        }
    }

    /// Who may connect.
    pub(crate) fn networks(&self) -> Networks {
        Networks { allowed: self.allow.clone(), denied: self.deny.clone() }
    }

    /// How often to log what was counted, if at all.
    pub(crate) fn stats(&self) -> Option<Duration> {
        self.stats.map(Duration::from_secs)
    }

    /// How long the server may take to stop.
    pub(crate) fn stop_timeout(&self) -> Duration {
        Duration::from_secs(self.stop_timeout)
    }
}

/// The first word of a file.
fn read_secret(path: &Path) -> Result<Secret, Box<dyn Error>> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let word = text.split_whitespace().next();
    Ok(Secret::new(word.ok_or_else(|| format!("there is no word in {name}"))?))
}
