//! The end of a server: who asked for it, until when, and what came of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::handle::Shared;
use crate::event::Report;

/// Where those who want the server to stop meet the one who sees to it.
#[derive(Debug, Default)]
pub(super) struct Stop {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// When the stop began, and by when it is to be over.
    asked: Option<(Instant, Instant)>,
    /// How many parts of the server have not ended yet.
    missing: usize,
    /// The reports of those that have.
    report: Report,
}

impl Stop {
    /// Asks for a stop by then. Of several deadlines the earliest counts.
    pub(super) fn ask(&self, within: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        let (began, deadline) = state.asked.unwrap_or((now, now + within));
        state.asked = Some((began, deadline.min(now + within)));
    }

    /// By when the server is to have stopped, if somebody has asked for it.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.state().asked.map(|(_, deadline)| deadline)
    }

    /// A part of the server has ended. With the last one, those who wait are told.
    fn end_part(&self, part: Report) {
        let mut state = self.state();
        let took = state.asked.map_or(Duration::ZERO, |(began, _)| began.elapsed());
        state.report = Report { took, ..state.report.and(part) };
        state.missing -= 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for the report.
    pub(super) fn wait(&self) -> Report {
        let mut state = self.state();
        while state.missing > 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.report
    }

    /// The state. Nothing can panic while it is locked, so that it is never poisoned.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to it that a part of the server is known to have ended, even if it panicked.
#[derive(Debug)]
pub(super) struct Part {
    shared: Arc<Shared>,
    report: Report,
}

impl Part {
    /// The parts of a server that is about to start.
    pub(super) fn all(shared: &Arc<Shared>, count: usize) -> Vec<Part> {
        shared.stop.state().missing = count;
        let part = |_| Part { shared: Arc::clone(shared), report: Report::default() };
        (0..count).map(part).collect()
    }

    /// Ends the part with its report.
    pub(super) fn end(mut self, report: Report) {
        self.report = report;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.shared.stop.end_part(self.report);
    }
}
