//! What a program can know of its server.

use std::fmt;

use crate::ids::ConnId;
use crate::net::Tally;

use super::closed::ClosedBy;
use super::stored::StoreStats;

/// What a server has counted since it started. Only [`clients`](Stats::clients),
/// [`max_clients`](Stats::max_clients), [`slowest`](Stats::slowest),
/// [`budget_used`](Stats::budget_used) and [`budget`](Stats::budget) say what is so now.
///
/// The numbers are read one after another while the server goes on: each of them is right, and they
/// may be of slightly different moments. The `Display` form is one readable line.
///
/// # As metrics
///
/// With the feature `metrics`, a running server publishes the same through the facade of the crate
/// `metrics`, once a second and once more when it has ended, from a thread of its own. Which exporter
/// takes it is the program's choice: it installs a recorder before the server runs.
///
/// Each has the label `server`, the address that the server listens on. The counters of servers that
/// run there one after another add up.
///
/// | metric | kind | field |
/// | --- | --- | --- |
/// | `chat_clients` | gauge | [`clients`](Stats::clients) |
/// | `chat_max_clients` | gauge | [`max_clients`](Stats::max_clients) |
/// | `chat_slowest_backlog_bytes` | gauge | [`slowest`](Stats::slowest), 0 if there is none |
/// | `chat_backlog_high_water_bytes` | gauge | [`backlog_high_water`](Stats::backlog_high_water) |
/// | `chat_budget_used_bytes` | gauge | [`budget_used`](Stats::budget_used) |
/// | `chat_budget_bytes` | gauge | [`budget`](Stats::budget) |
/// | `chat_accepted_total` | counter | [`accepted`](Stats::accepted) |
/// | `chat_accept_errors_total` | counter | [`accept_errors`](Stats::accept_errors) |
/// | `chat_refused_total{cause}` | counter | [`refused`](Stats::refused), a cause for each of its fields |
/// | `chat_closed_total{reason}` | counter | [`closed`](Stats::closed), a reason for each of its fields |
/// | `chat_lines_in_total` | counter | [`lines_in`](Stats::lines_in) |
/// | `chat_bytes_in_total` | counter | [`bytes_in`](Stats::bytes_in) |
/// | `chat_lines_out_total` | counter | [`lines_out`](Stats::lines_out) |
/// | `chat_bytes_out_total` | counter | [`bytes_out`](Stats::bytes_out) |
/// | `chat_lines_refused_total` | counter | [`lines_refused`](Stats::lines_refused) |
/// | `chat_lines_rejected_total` | counter | [`lines_rejected`](Stats::lines_rejected) |
/// | `chat_lines_dropped_total` | counter | [`lines_dropped`](Stats::lines_dropped) |
/// | `chat_lines_skipped_total` | counter | [`lines_skipped`](Stats::lines_skipped) |
/// | `chat_flooding_total` | counter | [`flooding`](Stats::flooding) |
/// | `chat_events_missed_total` | counter | [`events_missed`](Stats::events_missed) |
/// | `chat_handler_panics_total` | counter | [`handler_panics`](Stats::handler_panics) |
/// | `chat_store_commits_total` | counter | [`store.commits`](StoreStats::commits) |
/// | `chat_store_lines_total` | counter | [`store.lines`](StoreStats::lines) |
/// | `chat_store_bytes_total` | counter | [`store.bytes`](StoreStats::bytes) |
/// | `chat_store_failures_total` | counter | [`store.failures`](StoreStats::failures) |
/// | `chat_store_lines_lost_total` | counter | [`store.lines_lost`](StoreStats::lines_lost) |
/// | `chat_store_commit_micros` | gauge | [`store.last_commit`](StoreStats::last_commit), in microseconds |
/// | `chat_store_failing` | gauge | [`store.is_failing`](StoreStats::is_failing), 1 or 0 |
/// | `chat_store_waiting_bytes` | gauge | [`store.waiting`](StoreStats::waiting) |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Clients that are here now.
    pub clients: usize,
    /// The most clients at a time: [`Limits::clients`](crate::Limits::clients), or fewer if the
    /// process may not open as many files.
    pub max_clients: usize,
    /// The client that is the furthest behind now, of those that take nothing; looked for once a
    /// second.
    pub slowest: Option<Slowest>,
    /// Connections that became clients.
    pub accepted: u64,
    /// Connections that were turned away, by the cause.
    pub refused: RefusedBy,
    /// Accepts that failed, as for want of file descriptors; they are tried again.
    pub accept_errors: u64,
    /// Clients that have left, by the reason.
    pub closed: ClosedBy,
    /// Messages and commands that clients sent.
    pub lines_in: u64,
    /// Bytes that clients sent, of whatever kind.
    pub bytes_in: u64,
    /// Lines that were written, counted once for each client that one went to.
    pub lines_out: u64,
    /// Bytes that were written.
    pub bytes_out: u64,
    /// Lines that were refused, since they were longer than [`Limits::line`], had wrong tags, or found
    /// no memory ([`Limits::budget`]).
    ///
    /// [`Limits::line`]: crate::Limits::line
    /// [`Limits::budget`]: crate::Limits::budget
    pub lines_refused: u64,
    /// Texts that [`Server::on_message`](crate::Server::on_message) refused, by
    /// [`Verdict::Refuse`](crate::Verdict::Refuse) or [`Verdict::Close`](crate::Verdict::Close).
    pub lines_rejected: u64,
    /// Lines that were due to clients that left, or were closed, before they took them.
    pub lines_dropped: u64,
    /// Lines that clients missed since they were too far behind, where
    /// [`WhenBehind::Skip`](crate::WhenBehind::Skip) lets them go on.
    pub lines_skipped: u64,
    /// Clients that talked faster than [`Limits::flood`](crate::Limits::flood) allows.
    pub flooding: u64,
    /// The furthest that any client has ever been behind, in bytes as of [`Limits::backlog`].
    ///
    /// [`Limits::backlog`]: crate::Limits::backlog
    pub backlog_high_water: u64,
    /// Events that the handler was too slow for.
    pub events_missed: u64,
    /// Calls of the event handler, of `on_connect`, `on_message` and `on_command` that panicked.
    pub handler_panics: u64,
    /// How many bytes of [`Limits::budget`](crate::Limits::budget) are in use.
    pub budget_used: usize,
    /// [`Limits::budget`](crate::Limits::budget).
    pub budget: usize,
    /// What the [store](crate::Server::store) has done.
    pub store: StoreStats,
}

/// The client that is the furthest behind: see [`Stats::slowest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slowest {
    /// The client.
    pub conn: ConnId,
    /// How far it is behind, in bytes as of [`Limits::backlog`](crate::Limits::backlog).
    pub backlog: u64,
}

/// How many connections were turned away for which cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RefusedBy {
    /// There were [`Limits::clients`](crate::Limits::clients) already.
    pub full: u64,
    /// Their address had [`Limits::clients_per_ip`](crate::Limits::clients_per_ip) already.
    pub per_ip: u64,
    /// Their address came more often than
    /// [`Limits::connects_per_ip`](crate::Limits::connects_per_ip) allows.
    pub too_often: u64,
    /// [`Server::on_connect`](crate::Server::on_connect) refused them.
    pub by_guard: u64,
    /// The process, or the system, had no file descriptor left.
    pub no_files: u64,
    /// The server was stopping.
    pub stopping: u64,
}

impl RefusedBy {
    /// All of them together.
    pub fn total(&self) -> u64 {
        self.by_cause().map(|(_, count)| count).sum()
    }

    /// Each of them with the name of its field.
    pub fn by_cause(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let RefusedBy { full, per_ip, too_often, by_guard, no_files, stopping } = *self;
        let counts = [
            ("full", full),
            ("per_ip", per_ip),
            ("too_often", too_often),
            ("by_guard", by_guard),
            ("no_files", no_files),
            ("stopping", stopping),
        ];
        counts.into_iter()
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "clients {} of {}, accepted {}, refused {}, closed {}; lines in {} out {} refused {} \
             rejected {} dropped {} skipped {}; bytes in {} out {}; flooding {}, backlog at most \
             {} bytes, slowest {} bytes behind; events missed {}, panics {}; memory {} of {} bytes",
            self.clients,
            self.max_clients,
            self.accepted,
            self.refused.total(),
            self.closed.total(),
            self.lines_in,
            self.lines_out,
            self.lines_refused,
            self.lines_rejected,
            self.lines_dropped,
            self.lines_skipped,
            self.bytes_in,
            self.bytes_out,
            self.flooding,
            self.backlog_high_water,
            self.slowest.map_or(0, |slowest| slowest.backlog),
            self.events_missed,
            self.handler_panics,
            self.budget_used,
            self.budget,
        )?;
        // Most servers have none.
        if self.store == StoreStats::default() { Ok(()) } else { write!(f, "; {}", self.store) }
    }
}

impl Stats {
    /// Adds what one I/O thread has counted.
    pub(super) fn add(&mut self, net: Tally) {
        self.accepted += net.accepted;
        self.refused.full += net.refused_full;
        self.refused.per_ip += net.refused_per_ip;
        self.refused.too_often += net.refused_too_often;
        self.refused.by_guard += net.refused_by_guard;
        self.refused.no_files += net.refused_no_files;
        self.refused.stopping += net.refused_stopping;
        self.accept_errors += net.accept_errors;
        self.lines_in += net.lines_in;
        self.bytes_in += net.bytes_in;
        self.lines_out += net.lines_out;
        self.bytes_out += net.bytes_out;
        self.lines_refused += net.lines_refused;
        self.lines_rejected += net.lines_rejected;
        self.lines_dropped += net.lines_dropped;
        self.lines_skipped += net.lines_skipped;
        self.flooding += net.flooding;
        self.backlog_high_water = self.backlog_high_water.max(net.backlog_high_water);
        let backlog = net.slowest_backlog;
        if let Some(conn) = ConnId::from_raw(net.slowest)
            && self.slowest.is_none_or(|slowest| slowest.backlog < backlog)
        {
            self.slowest = Some(Slowest { conn, backlog });
        }
    }
}
