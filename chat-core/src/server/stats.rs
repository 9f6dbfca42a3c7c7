//! What the server counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::event::{CloseReason, Notification};
use crate::handler::HandlerCounters;
use crate::net;

/// What a server has counted since it started, but for `clients`, which is as of now.
///
/// The numbers are read one after another while the server goes on: each is right, and they may be
/// of slightly different moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Clients that are here now.
    pub clients: usize,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were turned away since there were [`Limits::clients`] already.
    ///
    /// [`Limits::clients`]: crate::Limits::clients
    pub refused: u64,
    /// Accepts that failed, as for want of file descriptors; they are tried again.
    pub accept_errors: u64,
    /// Clients that have left, by the reason.
    pub closed: ClosedBy,
    /// Messages that clients sent.
    pub lines_in: u64,
    /// Bytes that clients sent, of whatever kind.
    pub bytes_in: u64,
    /// Lines that were written, counted once for each client that one went to.
    pub lines_out: u64,
    /// Bytes that were written.
    pub bytes_out: u64,
    /// Messages that were refused since they were longer than [`Limits::line`].
    ///
    /// [`Limits::line`]: crate::Limits::line
    pub lines_refused: u64,
    /// Lines that were due to clients that left, or were closed, before they took them.
    pub lines_dropped: u64,
    /// The furthest that any client has ever been behind, in bytes as of [`Limits::backlog`].
    ///
    /// [`Limits::backlog`]: crate::Limits::backlog
    pub backlog_high_water: u64,
    /// Events that the handler was too slow for.
    pub events_missed: u64,
    /// Calls of the handler that panicked.
    pub handler_panics: u64,
}

macro_rules! closed_by {
    ($($(#[$doc:meta])* $field:ident: $reason:pat,)*) => {
        /// How many clients have left for which [`CloseReason`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct ClosedBy { $($(#[$doc])* pub $field: u64,)* }

        /// The same, while it is being counted.
        #[derive(Debug, Default)]
        struct Closed { $($field: AtomicU64,)* }

        impl Closed {
            fn count(&self, reason: CloseReason) {
                let counter = match reason { $($reason => &self.$field,)* };
                counter.fetch_add(1, Ordering::Relaxed);
            }

            fn read(&self) -> ClosedBy {
                ClosedBy { $($field: self.$field.load(Ordering::Relaxed),)* }
            }
        }
    };
}

closed_by! {
    /// Said `exit`.
    exit: CloseReason::Exit,
    /// Ended the stream.
    end_of_stream: CloseReason::EndOfStream,
    /// Broke the connection off.
    reset: CloseReason::Reset,
    /// Did not answer any more.
    timed_out: CloseReason::TimedOut,
    /// Were removed by the embedding program.
    kicked: CloseReason::Kicked,
    /// Did not read what was sent to them.
    too_slow: CloseReason::TooSlow,
    /// Sent too much without a line end.
    endless_line: CloseReason::EndlessLine,
    /// Spoke another protocol.
    other_protocol: CloseReason::OtherProtocol,
    /// Were there when the server stopped.
    shutdown: CloseReason::Shutdown,
    /// Failed otherwise.
    failed: CloseReason::Failed(_),
}

impl ClosedBy {
    /// All of them together.
    pub fn total(&self) -> u64 {
        let ClosedBy { exit, end_of_stream, reset, timed_out, kicked, .. } = self;
        let ClosedBy { too_slow, endless_line, other_protocol, shutdown, failed, .. } = self;
        [exit, end_of_stream, reset, timed_out, kicked]
            .into_iter()
            .chain([too_slow, endless_line, other_protocol, shutdown, failed])
            .sum()
    }
}

/// All counters of a server.
#[derive(Debug, Default)]
pub(super) struct Counters {
    clients: AtomicUsize,
    closed: Closed,
    /// One for each I/O thread.
    pub(super) net: Vec<Arc<net::Counters>>,
    pub(super) handler: Arc<HandlerCounters>,
}

impl Counters {
    /// Counters for this many I/O threads.
    pub(super) fn new(io_threads: usize) -> Counters {
        let net = (0..io_threads).map(|_| Arc::default()).collect();
        Counters { net, ..Counters::default() }
    }

    /// Counts what the hub tells of.
    pub(super) fn count(&self, notification: &Notification) {
        match notification {
            Notification::Connected { .. } => {
                self.clients.fetch_add(1, Ordering::Relaxed);
            }
            Notification::Said { .. } => {}
            Notification::Disconnected { reason, .. } => {
                self.clients.fetch_sub(1, Ordering::Relaxed);
                self.closed.count(*reason);
            }
        }
    }

    /// The numbers as they are now.
    pub(super) fn read(&self) -> Stats {
        let mut stats = Stats {
            clients: self.clients.load(Ordering::Relaxed),
            closed: self.closed.read(),
            events_missed: self.handler.missed.load(Ordering::Relaxed),
            handler_panics: self.handler.panics.load(Ordering::Relaxed),
            ..Stats::default()
        };
        for net in &self.net {
            let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            stats.accepted += read(&net.accepted);
            stats.refused += read(&net.refused);
            stats.accept_errors += read(&net.accept_errors);
            stats.lines_in += read(&net.lines_in);
            stats.bytes_in += read(&net.bytes_in);
            stats.lines_out += read(&net.lines_out);
            stats.bytes_out += read(&net.bytes_out);
            stats.lines_refused += read(&net.lines_refused);
            stats.lines_dropped += read(&net.lines_dropped);
            stats.backlog_high_water = stats.backlog_high_water.max(read(&net.backlog_high_water));
        }
        stats
    }
}
