//! What can be different for one client than for all.

use crate::config::{Flood, WhenBehind};

/// A limit that is to be another one for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// How fast it may talk; `None`: as fast as it likes.
    Flood(Option<Flood>),
    /// What happens when it is far behind.
    WhenBehind(WhenBehind),
}
