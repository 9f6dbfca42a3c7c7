//! What one participant of a test has said so far, and waiting for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use chat_core::testing::Deadline;

/// What one participant has said so far, in bytes.
#[derive(Debug)]
pub(crate) struct Transcript {
    name: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Transcript {
    /// An empty transcript.
    pub(crate) fn new(name: &str) -> Arc<Transcript> {
        let (name, state, changed) = (name.to_owned(), Mutex::default(), Condvar::new());
        Arc::new(Transcript { name, state, changed })
    }

    /// Adds what was said.
    pub(crate) fn add(&self, bytes: &[u8]) {
        self.state().bytes.extend_from_slice(bytes);
        self.changed.notify_all();
    }

    /// Notes that nothing more will be said.
    pub(crate) fn end(&self) {
        self.state().is_over = true;
        self.changed.notify_all();
    }

    /// What has been said so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.state().bytes).into_owned()
    }

    /// Waits until the answer can be given. It fails if the answer cannot come any more.
    #[track_caller]
    pub(crate) fn wait<T>(&self, what: &str, mut answer: impl FnMut(&str) -> Option<T>) -> T {
        let deadline = Deadline::new();
        let mut state = self.state();
        loop {
            if let Some(answer) = answer(&String::from_utf8_lossy(&state.bytes)) {
                return answer;
            }
            let Some(left) = deadline.left().filter(|_| !state.is_over) else {
                let how = if state.is_over { "has ended" } else { "is silent" };
                drop(state);
                panic!("{} {how}, without {what}", self.name);
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until so many lines have been said of a whole that is known. It fails as soon as
    /// something else is said.
    #[track_caller]
    pub(crate) fn wait_along(&self, whole: &str, lines: usize) {
        let due: usize = whole.split_inclusive('\n').take(lines).map(str::len).sum();
        let is_right = self.wait(&format!("having said {lines} lines of:\n{whole}"), |text| {
            let is_right = whole.starts_with(text);
            (!is_right || text.len() >= due).then_some(is_right)
        });
        assert!(is_right, "{} should have said:\n{whole}", self.name);
    }

    /// Waits until exactly this has been said. It fails as soon as something else is said.
    #[track_caller]
    pub(crate) fn wait_for_all(&self, whole: &str) {
        self.wait_along(whole, usize::MAX);
    }

    /// Waits until nothing more can be said.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) {
        let deadline = Deadline::new();
        let mut state = self.state();
        while !state.is_over {
            let Some(left) = deadline.left() else {
                drop(state);
                panic!("{} does not end", self.name);
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Prints what has been said so far, for a test that has failed.
    #[allow(clippy::print_stderr, reason = "it belongs to what the test harness shows of a test")]
    pub(crate) fn show(&self) {
        let state = self.state();
        let end = if state.is_over { "its end" } else { "no end yet" };
        let text = shorten(&String::from_utf8_lossy(&state.bytes));
        eprintln!("--- {}\n{text}--- ({end})", self.name);
    }

    /// A test that has failed elsewhere may still be shown what was said.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Long transcripts are shown by their beginning and their end.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 30;
    let lines: Vec<&str> = text.lines().collect();
    let (head, tail) = match lines.len() {
        0..=60 => (&lines[..], &[][..]),
        count => (&lines[..SHOWN], &lines[count - SHOWN..]),
    };
    let left_out = lines.len() - head.len() - tail.len();
    let mut shown = super::lines(head);
    if left_out > 0 {
        shown += &super::lines([format!("... {left_out} lines ...")]);
    }
    shown + &super::lines(tail)
}
