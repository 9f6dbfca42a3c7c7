//! A clock that stands still until a test moves it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

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
    /// The time of day.
    wall: SystemTime,
    /// What is to happen whenever the clock is moved.
    wakers: Vec<Box<dyn Fn() + Send>>,
}

impl ManualClock {
    /// A clock that nobody has moved yet.
    pub fn new() -> ManualClock {
        // A billion seconds after the epoch: a time that is easily told from the real one.
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let state = State { now: Instant::now(), wall, wakers: Vec::new() };
        ManualClock { state: Arc::new(Mutex::new(state)) }
    }

    /// Moves the clock, and wakes the servers that look at it.
    ///
    /// # Panics
    ///
    /// If so much time is more than the system's clock can hold.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.now += by;
        state.wall += by;
        for wake in &state.wakers {
            wake();
        }
    }

    /// The time, as something to compare with itself later.
    pub fn now(&self) -> Instant {
        self.state().now
    }

    /// The time of day: 2001-09-09T01:46:40Z, and as much later as the clock was moved.
    pub fn wall(&self) -> SystemTime {
        self.state().wall
    }

    /// Does this whenever the clock is moved.
    pub(crate) fn on_advance(&self, wake: impl Fn() + Send + 'static) {
        self.state().wakers.push(Box::new(wake));
    }

    fn state(&self) -> MutexGuard<'_, State> {
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
