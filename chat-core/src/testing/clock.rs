//! A clock that stands still until a test moves it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A clock that stands still until a test moves it: for every limit of a server that has to do with
/// time, so that a minute takes no time and nothing comes too early.
///
/// It is given to [`Server::clock`](crate::Server::clock). Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use chat_core::testing::{ManualClock, TestServer};
/// use chat_core::{Server, ServerConfig};
///
/// let mut config = ServerConfig::default();
/// config.limits.idle = Some(Duration::from_secs(60));
/// let clock = ManualClock::new();
/// let server = Server::bind("127.0.0.1:0")?.config(config).clock(&clock);
/// let server = TestServer::run(server);
/// let mut peer = server.join();
/// clock.advance(Duration::from_secs(60));
/// peer.expect("* closed: nothing came for 60s");
/// # Ok::<(), chat_core::Error>(())
/// ```
///
/// What has to do with a server's end is in real time: whoever stops it waits for it.
#[derive(Clone)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

struct State {
    now: Instant,
    /// What is to happen whenever the clock is moved.
    wakers: Vec<Box<dyn Fn() + Send>>,
}

impl ManualClock {
    /// A clock that nobody has moved yet.
    pub fn new() -> ManualClock {
        let state = State { now: Instant::now(), wakers: Vec::new() };
        ManualClock { state: Arc::new(Mutex::new(state)) }
    }

    /// Moves the clock, and wakes the servers that look at it.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.now += by;
        for wake in &state.wakers {
            wake();
        }
    }

    /// The time, as something to compare with itself later.
    pub fn now(&self) -> Instant {
        self.state().now
    }

    /// Does this whenever the clock is moved.
    pub(crate) fn on_advance(&self, wake: impl Fn() + Send + 'static) {
        self.state().wakers.push(Box::new(wake));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).finish_non_exhaustive()
    }
}
