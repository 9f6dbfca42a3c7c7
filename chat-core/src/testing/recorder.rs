//! Events, kept in order for whoever waits for one.

use std::fmt::Debug;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::patience::{Deadline, PATIENCE};

/// Keeps all events in order, and lets tests wait for one of them. Clones share the record.
///
/// It records the events of a server or of a client, whichever its [`handler`](Recorder::handler)
/// is given to; [`TestServer`](super::TestServer) has one already.
///
/// ```
/// use chat_core::testing::{Recorder, TestServer};
/// use chat_core::{Client, ClientEvent};
///
/// let server = TestServer::start();
/// let events = Recorder::new();
/// let client = Client::connect(server.addr(), events.handler())?;
/// server.wait_for(client.local_addr());
/// server.handle().broadcast("dinner is ready")?;
/// let line = events.wait("a line", |events| match events.first() {
///     Some(ClientEvent::Line(line)) => Some(line.to_string()),
///     _ => None,
/// });
/// assert_eq!(line, "* dinner is ready");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recorder<E> {
    shared: Arc<Shared<E>>,
}

#[derive(Debug)]
struct Shared<E> {
    events: Mutex<Vec<E>>,
    changed: Condvar,
}

impl<E> Clone for Recorder<E> {
    fn clone(&self) -> Recorder<E> {
        Recorder { shared: Arc::clone(&self.shared) }
    }
}

impl<E> Default for Recorder<E> {
    fn default() -> Recorder<E> {
        let shared = Shared { events: Mutex::default(), changed: Condvar::new() };
        Recorder { shared: Arc::new(shared) }
    }
}

impl<E: Clone + Debug + Send + 'static> Recorder<E> {
    /// An empty record.
    pub fn new() -> Recorder<E> {
        Recorder::default()
    }

    /// Adds an event.
    pub fn add(&self, event: E) {
        self.events().push(event);
        self.shared.changed.notify_all();
    }

    /// A handler that does nothing but record.
    pub fn handler(&self) -> impl FnMut(E) + Send + use<E> {
        let recorder = self.clone();
        move |event| recorder.add(event)
    }

    /// All events so far.
    pub fn all(&self) -> Vec<E> {
        self.events().clone()
    }

    /// How many events there are so far.
    pub fn count(&self) -> usize {
        self.events().len()
    }

    /// Waits until `look` finds something in the events so far, and gives it.
    ///
    /// # Panics
    ///
    /// After [`PATIENCE`] in vain, with `what` was waited for and the last events that came.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, mut look: impl FnMut(&[E]) -> Option<T>) -> T {
        let deadline = Deadline::new();
        let mut events = self.events();
        loop {
            if let Some(found) = look(&events) {
                return found;
            }
            let Some(left) = deadline.left() else {
                let from = events.len().saturating_sub(20);
                let (count, last) = (events.len(), &events[from..]);
                panic!(
                    "waited {PATIENCE:?} in vain for: {what}\n{count} events came, the last: {last:#?}"
                );
            };
            let waited = self.shared.changed.wait_timeout(events, left);
            events = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn events(&self) -> MutexGuard<'_, Vec<E>> {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
