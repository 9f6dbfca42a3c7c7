//! The bounds that keep one client from hurting the others.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use super::{MAX_QUEUE, Rate, check_range};
use crate::error::Error;

/// The longest silence, in seconds, that all systems can be told to wait for.
const MAX_KEEPALIVE: u64 = 32_767;

/// The bounds of a [`ServerConfig`](super::ServerConfig). Each field says which values it takes, and
/// what happens when the bound is reached. A value that cannot work is an [`Error::Config`] before the
/// server starts.
///
/// ```
/// use std::time::Duration;
/// use chat_core::{Server, ServerConfig, WhenBehind};
///
/// let mut config = ServerConfig::default();
/// config.limits.clients = 500;
/// config.limits.when_behind = WhenBehind::Skip;
/// config.limits.idle = Some(Duration::from_mins(30));
/// config.check()?;
///
/// config.limits.clients = 0;
/// let error = Server::bind("127.0.0.1:0")?.config(config).spawn().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid configuration: limits.clients is 0; it must be 1 or more",
/// );
/// # Ok::<(), chat_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest line, in bytes without its end, 1 or more. Default: 8 KiB. A longer one is refused
    /// with a notice, and the rest of it is skipped.
    pub line: usize,
    /// How many bytes may come without a line end before the connection is closed with a notice,
    /// [`Limits::line`] or more. Default: 64 KiB.
    pub endless_line: usize,
    /// How far a client may be behind its room's log, in bytes of the memory that is kept for it, 1 or
    /// more: the lines, and about 200 bytes for each time that the log grew. Default: 4 MiB.
    /// [`Limits::when_behind`] says what happens to a client that takes nothing and is further
    /// behind.
    pub backlog: usize,
    /// What happens to a client that is more than [`Limits::backlog`] behind. Default:
    /// [`WhenBehind::Close`]. [`ServerHandle::set_when_behind`] changes it for one client.
    ///
    /// [`ServerHandle::set_when_behind`]: crate::ServerHandle::set_when_behind
    pub when_behind: WhenBehind,
    /// How many bytes of notices and other lines for one client alone may wait, 1 or more. Default:
    /// 64 KiB. A client that does not take them is closed:
    /// [`CloseReason::TooSlow`](crate::CloseReason::TooSlow). Only what waits counts: a client that
    /// takes everything at once may be sent a single line that is longer.
    pub direct: usize,
    /// How long a client may take nothing at all of what is due to it, 1 ms or more. Default: 10 s.
    /// Then it is closed: [`CloseReason::Stalled`](crate::CloseReason::Stalled). `None` waits for as
    /// long as the backlog allows. What has left the server counts as taken, though up to some hundred
    /// kilobytes of it may still lie in the systems' buffers.
    pub write_timeout: Option<Duration>,
    /// How fast a client may talk; no number in it may be 0. Default: [`Flood::default`]. A client that
    /// talks faster is read more slowly, and is told so once. Nothing that it sent is lost, but chunks
    /// that wait together become one message. `None` reads everybody as fast as possible.
    /// [`ServerHandle::set_flood`] changes it for one client.
    ///
    /// [`ServerHandle::set_flood`]: crate::ServerHandle::set_flood
    pub flood: Option<Flood>,
    /// The most clients at a time, 1 or more. Default: 16,384. Further ones read why and are closed; they are
    /// counted in [`Stats::refused`](crate::Stats::refused). If the process may not open as many
    /// files, the server starts with fewer and logs a warning;
    /// [`Stats::max_clients`](crate::Stats::max_clients) tells how many.
    pub clients: usize,
    /// The most clients at a time of one IP address, or of one /64 network of IPv6, 1 or more. Default:
    /// 64. Further ones read why and are closed. With `None` only [`Limits::clients`] bounds them.
    pub clients_per_ip: Option<usize>,
    /// How often one IP address, or one /64 network of IPv6, may connect; neither number may be 0.
    /// Default: 8 times a second after 64 at once. Whoever comes sooner reads why and is closed. `None`
    /// sets no bound.
    pub connects_per_ip: Option<Rate>,
    /// Whether clients on the same machine (127.0.0.0/8, `::1`) are free of [`Limits::flood`],
    /// [`Limits::clients_per_ip`] and [`Limits::connects_per_ip`]. Default: true. Behind a proxy on the
    /// same machine that is everybody.
    pub exempt_loopback: bool,
    /// How long a client may say nothing, 1 ms or more. Default: `None`, for ever. A client that is
    /// silent for longer reads a notice and is closed:
    /// [`CloseReason::Idle`](crate::CloseReason::Idle).
    pub idle: Option<Duration>,
    /// How long a connection may be silent before the system probes whether the peer still lives.
    /// 1 s to 32,767 s, in whole seconds. Default: 60 s. `None` leaves the probes off.
    pub keepalive: Option<Duration>,
    /// How much memory, in bytes, all that waits may take: the logs of all rooms, unfinished lines,
    /// lines for single clients, and the inbox of the hub, 1 or more. Default: 256 MiB. From
    /// seven eighths of it on, the server reads everybody more slowly. When it is reached, clients
    /// that hold more than their share and take nothing are dealt with as if they had reached their
    /// own bound, and unfinished lines are refused with a notice. A client's share is an eighth of
    /// [`Limits::backlog`], or of the budget if that is less; and of lines for it alone and of an
    /// unfinished line, an eighth of their own bounds, or of the budget divided by all clients if that
    /// is less.
    /// [`Stats::budget_used`](crate::Stats::budget_used) shows what is in use.
    pub budget: usize,
    /// Inputs that may wait for the hub, each what one read of a socket brought, 1 to 1,048,576.
    /// Default: 512. When there are that many, the server stops reading: senders are slowed, and
    /// nothing is lost.
    pub inbox: usize,
    /// Outputs that may wait for one I/O thread, 1 to 1,048,576. Default: 128. When there are that many,
    /// the hub waits, which fills the inbox, which slows the senders.
    pub feed: usize,
    /// Bytes of events that may wait for the event handler, the texts of messages included, 1 or more.
    /// Default: 4 MiB. What comes beyond is left out, counted and told:
    /// [`ServerEvent::Missed`](crate::ServerEvent::Missed).
    pub events: usize,
}

/// What happens to a client that is more than [`Limits::backlog`] behind and takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenBehind {
    /// It is closed: [`CloseReason::TooSlow`](crate::CloseReason::TooSlow).
    #[default]
    Close,
    /// It goes on with what is said from now on. It reads a notice of how many lines it missed,
    /// and so does the event handler:
    /// [`ServerEvent::Skipped`](crate::ServerEvent::Skipped).
    Skip,
}

/// The word for it: `close` or `skip`.
impl fmt::Display for WhenBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            WhenBehind::Close => "close",
            WhenBehind::Skip => "skip",
        })
    }
}

/// A word that stands for no [`WhenBehind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client that is behind is dealt with by close or skip")]
pub struct WhenBehindError;

impl FromStr for WhenBehind {
    type Err = WhenBehindError;

    fn from_str(word: &str) -> Result<WhenBehind, WhenBehindError> {
        let all = [WhenBehind::Close, WhenBehind::Skip];
        all.into_iter().find(|what| what.to_string() == word).ok_or(WhenBehindError)
    }
}

/// How fast one client may talk. Both rates hold at the same time.
///
/// ```
/// use chat_core::{Flood, Limits, Rate};
///
/// let mut limits = Limits::default();
/// // Four lines a second after ten at once, and a kilobyte a second after four at once.
/// limits.flood = Some(Flood::new(Rate::new(4, 10), Rate::new(1024, 4096)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flood {
    /// In lines. Default: 16 a second after 32 at once.
    pub lines: Rate,
    /// In bytes, line ends included. Default: 16 KiB a second after 64 KiB at once.
    pub bytes: Rate,
}

impl Flood {
    /// So many lines, and so many bytes. A rate with a 0 in it is refused where it is used.
    pub const fn new(lines: Rate, bytes: Rate) -> Flood {
        Flood { lines, bytes }
    }

    /// Whether anything can ever be said at these rates.
    pub(crate) fn is_possible(&self) -> bool {
        self.lines.is_possible() && self.bytes.is_possible()
    }
}

impl Default for Flood {
    fn default() -> Self {
        Flood {
            lines: Rate { per_second: 16, burst: 32 },
            bytes: Rate { per_second: 16 * 1024, burst: 64 * 1024 },
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 8 * 1024,
            endless_line: 64 * 1024,
            backlog: 4 * 1024 * 1024,
            when_behind: WhenBehind::Close,
            direct: 64 * 1024,
            write_timeout: Some(Duration::from_secs(10)),
            flood: Some(Flood::default()),
            clients: 16_384,
            clients_per_ip: Some(64),
            connects_per_ip: Some(Rate { per_second: 8, burst: 64 }),
            exempt_loopback: true,
            idle: None,
            keepalive: Some(Duration::from_mins(1)),
            budget: 256 * 1024 * 1024,
            inbox: 512,
            feed: 128,
            events: 4 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// How fast a client of this address may talk.
    pub(crate) fn flood_of(&self, ip: IpAddr) -> Option<Flood> {
        let is_free = self.exempt_loopback && ip.is_loopback();
        self.flood.filter(|_| !is_free)
    }

    /// How many clients of this address there may be.
    pub(crate) fn clients_of(&self, ip: IpAddr) -> Option<usize> {
        let is_free = self.exempt_loopback && ip.is_loopback();
        self.clients_per_ip.filter(|_| !is_free)
    }

    /// Tells the first field that cannot work.
    pub(super) fn check(&self) -> Result<(), Error> {
        for (field, value, most) in [
            ("limits.line", self.line, usize::MAX),
            ("limits.backlog", self.backlog, usize::MAX),
            ("limits.direct", self.direct, usize::MAX),
            ("limits.clients", self.clients, usize::MAX),
            ("limits.clients_per_ip", self.clients_per_ip.unwrap_or(1), usize::MAX),
            ("limits.budget", self.budget, usize::MAX),
            ("limits.inbox", self.inbox, MAX_QUEUE),
            ("limits.feed", self.feed, MAX_QUEUE),
            ("limits.events", self.events, usize::MAX),
        ] {
            check_range(field, value, most)?;
        }
        self.check_times()?;
        for (field, rate) in [
            ("limits.flood.lines", self.flood.map(|flood| flood.lines)),
            ("limits.flood.bytes", self.flood.map(|flood| flood.bytes)),
            ("limits.connects_per_ip", self.connects_per_ip),
        ] {
            if let Some(rate) = rate.filter(|rate| !rate.is_possible()) {
                let problem = format!("is {rate}; both numbers must be 1 or more");
                return Err(Error::Config { field, problem });
            }
        }
        if self.endless_line < self.line {
            let problem =
                format!("is {}, less than limits.line ({})", self.endless_line, self.line);
            return Err(Error::Config { field: "limits.endless_line", problem });
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), Error> {
        let seconds = self.keepalive.map_or(1, |silence| silence.as_secs());
        if !(1..=MAX_KEEPALIVE).contains(&seconds) {
            let problem = format!("is {seconds} s; it must be 1 to {MAX_KEEPALIVE} s");
            return Err(Error::Config { field: "limits.keepalive", problem });
        }
        for (field, time) in
            [("limits.idle", self.idle), ("limits.write_timeout", self.write_timeout)]
        {
            if let Some(time) = time.filter(|time| time.as_millis() == 0) {
                let problem = format!("is {time:?}; it must be 1 ms or more");
                return Err(Error::Config { field, problem });
            }
        }
        Ok(())
    }
}
