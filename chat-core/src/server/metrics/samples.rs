//! The statistics as a list of named numbers.

use metrics::Unit;

use crate::server::stats::Stats;
use crate::server::stored::StoreStats;

/// One number, with all that is published of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) label: Option<(&'static str, &'static str)>,
    pub(super) unit: Unit,
    pub(super) about: &'static str,
    pub(super) value: Value,
}

/// A number, and of what kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// It is as of now: a gauge.
    Now(f64),
    /// It only grows: a counter.
    Total(u64),
}

impl Value {
    /// What has been counted, of what only grows.
    pub(super) fn total(self) -> u64 {
        match self {
            Value::Now(_) => 0,
            Value::Total(total) => total,
        }
    }
}

/// All numbers, always in the same order.
pub(super) fn samples(stats: &Stats) -> Vec<Sample> {
    // Every field is named, so that none can be forgotten.
    let Stats {
        clients,
        max_clients,
        slowest,
        accepted,
        refused,
        accept_errors,
        closed,
        lines_in,
        bytes_in,
        lines_out,
        bytes_out,
        lines_refused,
        lines_rejected,
        lines_dropped,
        lines_skipped,
        flooding,
        backlog_high_water,
        events_missed,
        handler_panics,
        budget_used,
        budget,
        store,
    } = *stats;
    let StoreStats {
        commits,
        lines: stored_lines,
        bytes: stored_bytes,
        failures,
        lines_lost,
        last_commit,
        is_failing,
        waiting,
    } = store;
    let micros = u64::try_from(last_commit.as_micros()).unwrap_or(u64::MAX);
    let slowest = slowest.map_or(0, |slowest| slowest.backlog);
    let (budget_used, budget) = (budget_used as u64, budget as u64);
    let count = Unit::Count;
    let bytes = Unit::Bytes;
    let mut samples = vec![
        now("chat_clients", count, clients as u64, "Clients that are here"),
        now("chat_max_clients", count, max_clients as u64, "The most clients at a time"),
        now("chat_slowest_backlog_bytes", bytes, slowest, "How far the slowest client is behind"),
        now("chat_backlog_high_water_bytes", bytes, backlog_high_water, "The furthest ever behind"),
        now("chat_budget_used_bytes", bytes, budget_used, "Memory in use for all that waits"),
        now("chat_budget_bytes", bytes, budget, "Memory that all that waits may take"),
        now(
            "chat_store_commit_micros",
            Unit::Microseconds,
            micros,
            "How long the last commit took",
        ),
        now("chat_store_failing", count, u64::from(is_failing), "Whether the store fails"),
        now("chat_store_waiting_bytes", bytes, waiting, "Bytes that the store has in hand"),
        total("chat_store_commits_total", count, commits, "Commits of the store"),
        total("chat_store_lines_total", count, stored_lines, "Lines that became durable"),
        total("chat_store_bytes_total", bytes, stored_bytes, "Bytes of those"),
        total("chat_store_failures_total", count, failures, "Commits that failed"),
        total("chat_store_lines_lost_total", count, lines_lost, "Lines that are not stored"),
        total("chat_accepted_total", count, accepted, "Connections that became clients"),
        total("chat_accept_errors_total", count, accept_errors, "Accepts that failed"),
        total("chat_lines_in_total", count, lines_in, "Messages and commands that clients sent"),
        total("chat_bytes_in_total", bytes, bytes_in, "Bytes that clients sent"),
        total("chat_lines_out_total", count, lines_out, "Lines written, for each client"),
        total("chat_bytes_out_total", bytes, bytes_out, "Bytes written"),
        total(
            "chat_lines_refused_total",
            count,
            lines_refused,
            "Lines refused: too long, or no memory",
        ),
        total(
            "chat_lines_rejected_total",
            count,
            lines_rejected,
            "Messages that on_message refused",
        ),
        total("chat_lines_dropped_total", count, lines_dropped, "Lines due to clients that left"),
        total("chat_lines_skipped_total", count, lines_skipped, "Lines that slow clients missed"),
        total("chat_flooding_total", count, flooding, "Clients that talked too fast"),
        total(
            "chat_events_missed_total",
            count,
            events_missed,
            "Events the handler was too slow for",
        ),
        total("chat_handler_panics_total", count, handler_panics, "Panics of handlers"),
    ];
    let about = "Connections that were turned away";
    samples.extend(refused.by_cause().map(|(cause, value)| Sample {
        label: Some(("cause", cause)),
        ..total("chat_refused_total", count, value, about)
    }));
    let about = "Clients that have left";
    samples.extend(closed.by_reason().map(|(reason, value)| Sample {
        label: Some(("reason", reason)),
        ..total("chat_closed_total", count, value, about)
    }));
    samples
}

#[allow(clippy::cast_precision_loss, reason = "gauges are floats, exact up to 2^53")]
fn now(name: &'static str, unit: Unit, value: u64, about: &'static str) -> Sample {
    Sample { name, label: None, unit, about, value: Value::Now(value as f64) }
}

fn total(name: &'static str, unit: Unit, value: u64, about: &'static str) -> Sample {
    Sample { name, label: None, unit, about, value: Value::Total(value) }
}
