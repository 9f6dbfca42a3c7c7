//! What the library logs.

use std::sync::{Mutex, Once, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What has been logged since this was made.
#[derive(Debug)]
pub(crate) struct Logged {
    from: usize,
}

struct Collector;

impl Logged {
    pub(crate) fn from_now_on() -> Logged {
        static BEGIN: Once = Once::new();
        BEGIN.call_once(|| {
            log::set_logger(&Collector).unwrap();
            log::set_max_level(LevelFilter::Info);
        });
        Logged { from: LINES.lock().unwrap_or_else(PoisonError::into_inner).len() }
    }

    /// How many lines have this in them.
    pub(crate) fn count(&self, what: &str) -> usize {
        let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines[self.from..].iter().filter(|line| line.contains(what)).count()
    }
}

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(record.args().to_string());
    }

    fn flush(&self) {}
}
