//! What time it is: the system's, or one that a test moves by hand.

#[cfg(feature = "testing")]
mod manual;

use std::time::{Duration, Instant, SystemTime};

#[cfg(feature = "testing")]
pub use manual::ManualClock;

/// Where the limits that have to do with time take the time from.
///
/// The end of a server is another matter: whoever stops it waits in the system's time.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clock {
    /// The system's monotonic clock.
    #[default]
    System,
    /// One that stands still until a test moves it.
    #[cfg(feature = "testing")]
    Manual(ManualClock),
}

impl Clock {
    /// The time.
    pub(crate) fn now(&self) -> Instant {
        match self {
            Clock::System => Instant::now(),
            #[cfg(feature = "testing")]
            Clock::Manual(clock) => clock.now(),
        }
    }

    /// The time of day, for people and programs elsewhere.
    pub(crate) fn wall(&self) -> SystemTime {
        match self {
            Clock::System => SystemTime::now(),
            #[cfg(feature = "testing")]
            Clock::Manual(clock) => clock.wall(),
        }
    }

    /// How long it is until then, `None` if it does not come by itself.
    pub(crate) fn time_until(&self, at: Instant) -> Option<Duration> {
        let left = at.saturating_duration_since(self.now());
        (self.runs() || left.is_zero()).then_some(left)
    }

    /// Does this whenever the time jumps, which the system's never does.
    pub(crate) fn on_jump(&self, wake: impl Fn() + Send + 'static) {
        match self {
            Clock::System => drop(wake),
            #[cfg(feature = "testing")]
            Clock::Manual(clock) => clock.on_advance(wake),
        }
    }

    /// Whether time goes by without anybody's doing, so that it can be waited for.
    fn runs(&self) -> bool {
        match self {
            Clock::System => true,
            #[cfg(feature = "testing")]
            Clock::Manual(_) => false,
        }
    }
}
