//! The cast of a test: everybody who takes part, and what each has said so far.
//!
//! A test that waits in vain has to show what everybody did, not only the one that it waited for.
//! Each test runs on its own thread, so that a list for each thread is a list for each test.

use std::cell::RefCell;
use std::fmt::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that is bound to happen. It is generous since it is only ever
/// reached by a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How often to look at what cannot be waited for.
const GLANCE: Duration = Duration::from_millis(2);

thread_local! {
    static CAST: RefCell<Vec<Weak<Transcript>>> = const { RefCell::new(Vec::new()) };
}

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
    /// An empty transcript that is shown when the test of this thread fails.
    pub(crate) fn new(name: &str) -> Arc<Transcript> {
        let transcript = Arc::new(Transcript {
            name: name.to_owned(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        CAST.with_borrow_mut(|cast| {
            cast.retain(|one| one.strong_count() > 0);
            cast.push(Arc::downgrade(&transcript));
        });
        transcript
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
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if let Some(answer) = answer(&String::from_utf8_lossy(&state.bytes)) {
                return answer;
            }
            let left = until.saturating_duration_since(Instant::now());
            if state.is_over || left.is_zero() {
                let how = if state.is_over { "has ended" } else { "is silent" };
                drop(state);
                fail(&format!("{} {how}, without {what}", self.name));
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
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
        if !is_right {
            fail(&format!("{} should have said:\n{whole}", self.name));
        }
    }

    /// Waits until exactly this has been said. It fails as soon as something else is said.
    #[track_caller]
    pub(crate) fn wait_for_all(&self, whole: &str) {
        self.wait_along(whole, usize::MAX);
    }

    /// Waits until nothing more can be said.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        while !state.is_over {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(state);
                fail(&format!("{} does not end", self.name));
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// A test that has failed elsewhere may still be shown what was said.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the test with all that was said in it.
#[track_caller]
pub(crate) fn fail(message: &str) -> ! {
    let mut report = format!("{message}\n");
    CAST.with_borrow(|cast| {
        for transcript in cast.iter().filter_map(Weak::upgrade) {
            let state = transcript.state();
            let end = if state.is_over { "its end" } else { "no end yet" };
            let text = shorten(&String::from_utf8_lossy(&state.bytes));
            let _ = writeln!(report, "--- {}\n{text}--- ({end})", transcript.name);
        }
    });
    panic!("{report}");
}

/// Waits for something that tells nobody when it happens.
#[track_caller]
pub(crate) fn poll<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        if Instant::now() > until {
            fail(&format!("waited in vain for {what}"));
        }
        thread::sleep(GLANCE);
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
