//! The limits, each an option: every bound of the library has one, with the same default.

use std::time::Duration;

use chat_core::{Flood, Limits, Rate, WhenBehind};
use clap::Args;

use super::or_off::OrOff;

/// What keeps one client from hurting the others.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// The most clients at a time
    #[arg(long, value_name = "N", default_value_t = Limits::default().clients)]
    max_clients: usize,

    /// The most clients at a time of one address (of IPv6: of one /64 network), or off
    #[arg(long, value_name = "N", default_value_t = Limits::default().clients_per_ip.into())]
    max_per_ip: OrOff<usize>,

    /// How often one address may connect: times a second, and at once before that; or off
    #[arg(long, value_name = "PER_SECOND:BURST", default_value_t = Limits::default().connects_per_ip.into())]
    connect_rate: OrOff<Rate>,

    /// How fast a client may talk: lines a second, and at once before that; whoever is faster is read
    /// more slowly; or off
    #[arg(long, value_name = "PER_SECOND:BURST", default_value_t = Limits::default().flood.map(|flood| flood.lines).into())]
    flood: OrOff<Rate>,

    /// The same in bytes, unless --flood is off
    #[arg(long, value_name = "PER_SECOND:BURST", default_value_t = Flood::default().bytes)]
    flood_bytes: Rate,

    /// Limit the clients on this machine like all others, by --max-per-ip, --connect-rate and --flood
    #[arg(long)]
    no_loopback_exemption: bool,

    /// The longest line, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().line)]
    max_line: usize,

    /// How many bytes may come without a line end before the client is closed, --max-line at least
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().endless_line)]
    max_endless_line: usize,

    /// How far a client may be behind the others, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().backlog)]
    backlog: usize,

    /// What happens to a client that is further behind: close, or skip (it misses lines, is told how
    /// many, and goes on)
    #[arg(long, value_name = "WHAT", default_value_t = WhenBehind::Close)]
    when_behind: WhenBehind,

    /// How many bytes of notices and the like may wait for one client before it is closed
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().direct)]
    direct: usize,

    /// How long a client may take nothing of what it is sent before it is closed, or off
    #[arg(long, value_name = "SECONDS", default_value_t = seconds(Limits::default().write_timeout))]
    write_timeout: OrOff<u64>,

    /// How long a client may say nothing before it is closed, or off
    #[arg(long, value_name = "SECONDS", default_value_t = seconds(Limits::default().idle))]
    idle: OrOff<u64>,

    /// How long a connection may be silent before the system probes whether the client still lives,
    /// or off
    #[arg(long, value_name = "SECONDS", default_value_t = seconds(Limits::default().keepalive))]
    keepalive: OrOff<u64>,

    /// How much memory everything that waits may take, in bytes; near it the server slows its senders
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().budget)]
    budget: usize,

    /// How many inputs may wait for the hub
    #[arg(long, value_name = "N", default_value_t = Limits::default().inbox)]
    inbox: usize,

    /// How many outputs may wait for each I/O thread
    #[arg(long, value_name = "N", default_value_t = Limits::default().feed)]
    feed: usize,

    /// How many bytes of events may wait to be printed
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().events)]
    events: usize,
}

impl LimitArgs {
    /// The limits that were chosen.
    pub(super) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.clients = self.max_clients;
        limits.clients_per_ip = self.max_per_ip.into();
        limits.connects_per_ip = self.connect_rate.into();
        let lines: Option<Rate> = self.flood.into();
        limits.flood = lines.map(|lines| Flood::new(lines, self.flood_bytes));
        limits.exempt_loopback = !self.no_loopback_exemption;
        limits.line = self.max_line;
        limits.endless_line = self.max_endless_line.max(self.max_line);
        limits.backlog = self.backlog;
        limits.when_behind = self.when_behind;
        limits.direct = self.direct;
        limits.write_timeout = duration(self.write_timeout);
        limits.idle = duration(self.idle);
        limits.keepalive = duration(self.keepalive);
        limits.budget = self.budget;
        limits.inbox = self.inbox;
        limits.feed = self.feed;
        limits.events = self.events;
        limits
    }
}

fn seconds(time: Option<Duration>) -> OrOff<u64> {
    time.map(|time| time.as_secs()).into()
}

fn duration(seconds: OrOff<u64>) -> Option<Duration> {
    Option::from(seconds).map(Duration::from_secs)
}
