//! The end of a server: who asked for it, until when, and what came of it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
    report: Option<Report>,
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

    /// Tells those who wait what came of it, and gives the report with the time it took.
    pub(super) fn finish(&self, report: Report) -> Report {
        let mut state = self.state();
        let took = state.asked.map_or(Duration::ZERO, |(began, _)| began.elapsed());
        let report = *state.report.get_or_insert(Report { took, ..report });
        drop(state);
        self.changed.notify_all();
        report
    }

    /// Waits for the report.
    pub(super) fn wait(&self) -> Report {
        let mut state = self.state();
        loop {
            match state.report {
                Some(report) => return report,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// The state. Nothing can panic while it is locked, so that it is never poisoned.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
