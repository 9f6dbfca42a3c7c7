//! What the parts of a server count, put together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::closed::Closed;
use super::stats::Stats;
use super::store_thread::StoreCounters;
use crate::budget::Budget;
use crate::config::ServerConfig;
use crate::event::Notification;
use crate::handler::HandlerCounters;
use crate::net;

/// All counters of a server.
#[derive(Debug)]
pub(super) struct Counters {
    clients: AtomicUsize,
    closed: Closed,
    /// One for each I/O thread.
    pub(super) net: Vec<Arc<net::Counters>>,
    pub(super) handler: Arc<HandlerCounters>,
    pub(super) budget: Budget,
    pub(super) store: StoreCounters,
    /// The bounds that are shown beside what is counted.
    pub(super) max_clients: usize,
    max_budget: usize,
}

impl Counters {
    /// Counters for a server with this config, of which this many clients are possible.
    pub(super) fn new(config: &ServerConfig, max_clients: usize) -> Counters {
        let max_budget = config.limits.budget;
        Counters {
            clients: AtomicUsize::new(0),
            closed: Closed::default(),
            net: (0..config.io_threads).map(|_| Arc::default()).collect(),
            handler: Arc::default(),
            budget: Budget::new(max_budget),
            store: StoreCounters::default(),
            max_clients,
            max_budget,
        }
    }

    /// Counts what the hub tells of.
    pub(super) fn count(&self, notification: &Notification) {
        match notification {
            Notification::Connected { .. } => {
                self.clients.fetch_add(1, Ordering::Relaxed);
            }
            Notification::Said { .. }
            | Notification::Action { .. }
            | Notification::Private { .. }
            | Notification::Renamed { .. }
            | Notification::Joined { .. }
            | Notification::Parted { .. }
            | Notification::Flooding { .. }
            | Notification::Skipped { .. } => {}
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
            max_clients: self.max_clients,
            closed: self.closed.read(),
            events_missed: self.handler.missed.load(Ordering::Relaxed),
            handler_panics: self.handler.panics.load(Ordering::Relaxed),
            budget_used: self.budget.used(),
            budget: self.max_budget,
            store: self.store.read(),
            ..Stats::default()
        };
        for net in &self.net {
            stats.add(net.read());
        }
        stats
    }
}
