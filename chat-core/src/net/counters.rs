//! What an I/O thread counts, for anybody to read.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

macro_rules! tallied {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The numbers of one I/O thread. It alone writes them, once a turn; anybody may read them.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $($name: AtomicU64,)* }

        /// The same numbers as the I/O thread itself adds them up.
        #[derive(Debug, Default, Clone, Copy)]
        pub(crate) struct Tally { $($(#[$doc])* pub(crate) $name: u64,)* }

        impl Tally {
            /// Lets everybody see the numbers as they are now.
            pub(super) fn publish(&self, counters: &Counters) {
                $(counters.$name.store(self.$name, Ordering::Relaxed);)*
            }
        }

        impl Counters {
            /// The numbers as they were last published.
            pub(crate) fn read(&self) -> Tally {
                Tally { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }
    };
}

tallied! {
    bytes_in,
    lines_in,
    bytes_out,
    lines_out,
    /// Lines that were longer than allowed, or for which there was no memory.
    lines_refused,
    /// Lines that the embedding program did not let pass.
    lines_rejected,
    /// Lines that were due to connections that were closed before they took them.
    lines_dropped,
    /// Lines that connections have missed because they were too far behind.
    lines_skipped,
    /// Connections that were found to talk too fast.
    flooding,
    /// Connections that became clients.
    accepted,
    /// Connections that were refused because the server was full.
    refused_full,
    /// Connections that were refused because their address had enough.
    refused_per_ip,
    /// Connections that were refused because their address came too often.
    refused_too_often,
    /// Connections that the embedding program refused.
    refused_by_guard,
    /// Connections that were refused because there was no file descriptor left.
    refused_no_files,
    /// Connections that were refused because the server was stopping.
    refused_stopping,
    /// Accepts that failed, for want of descriptors or otherwise.
    accept_errors,
    /// The furthest that a connection has ever been behind its room, in bytes.
    backlog_high_water,
    /// The connection that is the furthest behind, as a raw identifier; 0 for none.
    slowest,
    /// How far that one is behind, in bytes.
    slowest_backlog,
}

/// The most connections that are kept for no more than to read why they were refused: half of the
/// descriptors that are left for other things than clients, so that refusing cannot use them up.
const MAX_TURNED_AWAY: usize = 32;

/// How many connections all the I/O threads have between them, and how many they may have.
#[derive(Debug)]
pub(crate) struct Gauge {
    open: AtomicUsize,
    limit: usize,
    turned_away: AtomicUsize,
}

impl Gauge {
    pub(crate) fn new(limit: usize) -> Gauge {
        Gauge { open: AtomicUsize::new(0), limit, turned_away: AtomicUsize::new(0) }
    }

    /// How many connections there are.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// The most connections at a time.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Counts one more connection, unless that would be too many.
    pub(super) fn enter(&self) -> bool {
        enter(&self.open, self.limit)
    }

    /// Counts one connection less.
    pub(super) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether one more may be kept until it has read why it was refused.
    pub(super) fn can_keep(&self) -> bool {
        self.turned_away.load(Ordering::Relaxed) < MAX_TURNED_AWAY
    }

    /// Counts one more that is kept, unless that would be too many.
    pub(super) fn keep(&self) -> bool {
        enter(&self.turned_away, MAX_TURNED_AWAY)
    }

    /// Counts one less of those.
    pub(super) fn let_go(&self) {
        self.turned_away.fetch_sub(1, Ordering::Relaxed);
    }
}

fn enter(count: &AtomicUsize, limit: usize) -> bool {
    let enter = |count: usize| (count < limit).then_some(count + 1);
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).is_ok()
}
