//! How a client comes back after its connection was lost.

use std::time::Duration;

use crate::error::Error;

/// How a [`Client`](crate::Client) comes back after its connection was lost:
/// [`ClientConfig::reconnect`](crate::ClientConfig::reconnect).
///
/// It waits before each attempt, twice as long as before the previous one. Each wait is shortened by a
/// random part, up to half of it, so that the clients of a server that was restarted do not all come
/// at the same moment.
///
/// ```
/// use chat_core::{ClientConfig, Reconnect};
/// use std::time::Duration;
///
/// let mut reconnect = Reconnect::default();
/// reconnect.most = Duration::from_secs(5);
/// reconnect.attempts = Some(10);
/// let mut config = ClientConfig::default();
/// config.reconnect = Some(reconnect);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnect {
    /// The longest that the client waits before the first attempt, more than 0. Default: 1 s.
    pub first: Duration,
    /// The longest that it waits before any attempt, `first` or more. Default: 30 s.
    pub most: Duration,
    /// After how many attempts in vain it gives up, 1 or more; `None`: never. Default: `None`.
    ///
    /// An attempt is not in vain if the server has answered `/tags`, or `/resume`, or if the connection
    /// then holds for `first`, whatever is said on it before. It is if the answer does not come within
    /// [`connect_timeout`](crate::ClientConfig::connect_timeout).
    pub attempts: Option<u32>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Reconnect { first: Duration::from_secs(1), most: Duration::from_secs(30), attempts: None }
    }
}

impl Reconnect {
    /// Tells the first field that cannot work.
    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |field, problem: &str| Err(Error::Config { field, problem: problem.into() });
        if self.first.is_zero() {
            return wrong("reconnect.first", "is 0; it must be longer");
        }
        if self.most < self.first {
            return wrong("reconnect.most", "is shorter than reconnect.first");
        }
        if self.attempts == Some(0) {
            return wrong("reconnect.attempts", "is 0; it must be 1 or more, or none for no limit");
        }
        Ok(())
    }
}
