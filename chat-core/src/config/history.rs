//! What rooms keep of what was said.

use std::time::Duration;

use super::Limits;
use crate::error::Error;

/// How much of what was said in a room is kept for those who come later. Default: nothing.
///
/// It is kept as it was written, and shared: to show it to a thousand clients takes no more memory than
/// to show it to one. It counts towards [`Limits::budget`](crate::Limits::budget), and is given up when
/// that is nearly used up.
///
/// ```
/// use std::time::Duration;
/// use chat_core::ServerConfig;
///
/// let mut config = ServerConfig::default();
/// // The last 200 lines of the last day are there for `/history`; whoever comes reads 20 of them.
/// config.history.lines = 200;
/// config.history.on_join = 20;
/// config.history.age = Some(Duration::from_hours(24));
/// config.check()?;
/// # Ok::<(), chat_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// How many lines of what was said before are shown to whoever comes into a room: no more than
    /// [`lines`](History::lines), or it is an [`Error::Config`]. Default: 0.
    pub on_join: usize,
    /// How many lines each room keeps, for [`on_join`](History::on_join) and for `/history`; a few more
    /// may be kept, and fewer if [`bytes`](History::bytes) does not allow as many. Default: 0, none.
    pub lines: usize,
    /// How many bytes each room keeps at most, with what it takes to keep them. Default: 256 KiB. If
    /// lines are kept at all, it is at most half of [`Limits::backlog`](crate::Limits::backlog), or it
    /// is an [`Error::Config`].
    pub bytes: usize,
    /// For how long a line is kept at most. Default: `None`, for as long as the room is there.
    pub age: Option<Duration>,
}

impl Default for History {
    fn default() -> History {
        History { on_join: 0, lines: 0, bytes: 256 * 1024, age: None }
    }
}

impl History {
    /// Tells the first field that cannot work.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), Error> {
        if self.on_join > self.lines {
            let problem = format!("is {}; a room keeps only {} lines", self.on_join, self.lines);
            return Err(Error::Config { field: "history.on_join", problem });
        }
        let most = limits.backlog / 2;
        if self.lines > 0 && self.bytes > most {
            let problem =
                format!("is {}; it must be at most half of limits.backlog, {most}", self.bytes);
            return Err(Error::Config { field: "history.bytes", problem });
        }
        Ok(())
    }
}
