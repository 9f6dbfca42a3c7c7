//! The end of a server: who asked for it, until when, and what came of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::deadline::{Deadline, after};
use crate::event::Report;

/// Where those who want the server to stop meet those who see to it.
#[derive(Debug)]
pub(super) struct Stop {
    /// By when the server is to have stopped, once somebody has asked for it.
    pub(super) deadline: Arc<Deadline>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// When somebody asked for the first time.
    began: Option<Instant>,
    /// How many parts of the server have not ended yet.
    missing: usize,
    /// The reports of those that have.
    report: Report,
}

impl Stop {
    pub(super) fn new() -> Stop {
        let deadline = Arc::new(Deadline::unset());
        Stop { deadline, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Asks for a stop within this time. Of several deadlines the earliest counts.
    pub(super) fn ask(&self, within: Duration) {
        let now = Instant::now();
        self.state().began.get_or_insert(now);
        self.deadline.bring_forward(after(now, within));
    }

    /// Whether somebody has asked.
    pub(super) fn is_asked(&self) -> bool {
        self.deadline.get().is_some()
    }

    /// A part of the server has ended. With the last one, those who wait are told.
    fn end_part(&self, part: Report) {
        let mut state = self.state();
        let took = state.began.map_or(Duration::ZERO, |began| began.elapsed());
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

/// Sees to it that the end of a part of the server is known, even if it panicked.
#[derive(Debug)]
pub(super) struct Part {
    shared: Arc<Shared>,
    report: Option<Report>,
}

impl Part {
    /// The parts of a server that is about to start.
    pub(super) fn all(shared: &Arc<Shared>, count: usize) -> Vec<Part> {
        shared.stop.state().missing = count;
        (0..count).map(|_| Part { shared: Arc::clone(shared), report: None }).collect()
    }

    /// Ends the part in good order, with its report.
    pub(super) fn end(mut self, report: Report) {
        self.report = Some(report);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.report.is_none() {
            self.shared.lost();
        }
        self.shared.stop.end_part(self.report.unwrap_or_default());
    }
}
