//! Every number and choice that a program may set, each with its default.

use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::ids::ConnId;
use crate::wire::Framing;

/// How a [`Server`](crate::Server) behaves.
///
/// ```
/// let mut config = chat_core::ServerConfig::default();
/// config.limits.clients = 100;
/// let server = chat_core::Server::bind("127.0.0.1:0")?.config(config);
/// # Ok::<(), chat_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// How the bytes of a connection are cut into messages. Default: [`Framing::Auto`], found for
    /// each connection by itself.
    pub framing: Framing,
    /// Threads that own the sockets, 1 to 256. Default: half the cores, at least 1 and at most 4.
    /// The hub needs a core too, and so do clients on the same machine: on two cores, a second
    /// I/O thread made everything slower.
    pub io_threads: usize,
    /// Whether [`ServerEvent::Message`](crate::ServerEvent::Message) is reported for each relayed
    /// message. Default: true. A program that has no use for them saves the work by `false`.
    pub message_events: bool,
    /// How long [`run`](crate::Server::run) may go on delivering what was accepted once it is told
    /// to stop without a deadline of its own. Default: 5 s.
    pub stop_timeout: Duration,
    /// The bounds that keep one client from hurting the others.
    pub limits: Limits,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        ServerConfig {
            framing: Framing::Auto,
            io_threads: (cores / 2).clamp(1, 4),
            message_events: true,
            stop_timeout: Duration::from_secs(5),
            limits: Limits::default(),
        }
    }
}

impl ServerConfig {
    /// Tells the first field that cannot work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let max = ConnId::MAX_IO_THREADS;
        if !(1..=max).contains(&self.io_threads) {
            let problem = format!("is {}; it must be 1 to {max}", self.io_threads);
            return Err(Error::Config { field: "io_threads", problem });
        }
        self.limits.check()
    }
}

/// The most elements of a queue, whose memory is taken at the start.
const MAX_QUEUE: usize = 1 << 20;
/// The longest silence, in seconds, that all systems can be told to wait for.
const MAX_KEEPALIVE: u64 = 32_767;

/// The bounds of a [`ServerConfig`]. Each has one answer when it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest line, in bytes without its end. Default: 8 KiB. A longer one is refused with a
    /// notice, and the rest of it is skipped.
    pub line: usize,
    /// How many bytes may come without a line end before the connection is closed with a notice.
    /// Default: 64 KiB.
    pub endless_line: usize,
    /// How far a client may be behind its room's log, in bytes of the memory that is kept for it:
    /// the lines, and about 200 bytes for each time that the log grew. Default: 4 MiB. A client
    /// further behind is closed: [`CloseReason::TooSlow`](crate::CloseReason::TooSlow).
    pub backlog: usize,
    /// How many bytes of notices and other lines for one client alone may wait. Default: 64 KiB.
    /// A client that does not take them is closed:
    /// [`CloseReason::TooSlow`](crate::CloseReason::TooSlow).
    pub direct: usize,
    /// The most clients at a time. Default: 16,384. Further ones read why and are closed; they are
    /// counted in [`Stats::refused`](crate::Stats::refused).
    pub clients: usize,
    /// How long a connection may be silent before the system probes whether the peer still lives.
    /// 1 s to 32,767 s, in whole seconds. Default: 60 s. `None` leaves the probes off.
    pub keepalive: Option<Duration>,
    /// Inputs that may wait for the hub, each what one read of a socket brought, 1 to 1,048,576.
    /// Default: 512. When they are reached the server stops reading: senders are slowed, nothing is
    /// lost.
    pub inbox: usize,
    /// Outputs that may wait for one I/O thread, 1 to 1,048,576. Default: 128. When they are reached
    /// the hub waits, which fills the inbox, which slows the senders.
    pub feed: usize,
    /// Bytes of events that may wait for the event handler, the texts of messages included.
    /// Default: 4 MiB. What comes beyond is left out, counted and told:
    /// [`ServerEvent::Missed`](crate::ServerEvent::Missed).
    pub events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 8 * 1024,
            endless_line: 64 * 1024,
            backlog: 4 * 1024 * 1024,
            direct: 64 * 1024,
            clients: 16_384,
            keepalive: Some(Duration::from_mins(1)),
            inbox: 512,
            feed: 128,
            events: 4 * 1024 * 1024,
        }
    }
}

impl Limits {
    fn check(&self) -> Result<(), Error> {
        for (field, value, most) in [
            ("limits.line", self.line, usize::MAX),
            ("limits.backlog", self.backlog, usize::MAX),
            ("limits.direct", self.direct, usize::MAX),
            ("limits.clients", self.clients, usize::MAX),
            ("limits.inbox", self.inbox, MAX_QUEUE),
            ("limits.feed", self.feed, MAX_QUEUE),
            ("limits.events", self.events, usize::MAX),
        ] {
            check_range(field, value, most)?;
        }
        let seconds = self.keepalive.map_or(1, |silence| silence.as_secs());
        if !(1..=MAX_KEEPALIVE).contains(&seconds) {
            let problem = format!("is {seconds} s; it must be 1 to {MAX_KEEPALIVE} s");
            return Err(Error::Config { field: "limits.keepalive", problem });
        }
        if self.endless_line < self.line {
            let problem =
                format!("is {}, less than limits.line ({})", self.endless_line, self.line);
            return Err(Error::Config { field: "limits.endless_line", problem });
        }
        Ok(())
    }
}

/// How a [`Client`](crate::Client) behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// How long one address may take to accept the connection. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long the client, once told to close, goes on while nothing of what was queued can be
    /// sent, and then waits for the server to close. Default: 5 s.
    pub close_timeout: Duration,
    /// How the bytes of the connection are cut into lines, and whether what is sent ends with a
    /// newline. Default: [`Framing::Auto`], lines until the server has shown that it speaks chunks.
    pub framing: Framing,
    /// Lines that may wait to be sent, 1 to 1,048,576. Default: 1,024. When they are reached
    /// [`Client::send`](crate::Client::send) says so and takes no more.
    pub send_queue: usize,
    /// The longest line that is taken from the server, in bytes. Default: 64 KiB. A longer one is
    /// skipped and told: [`ClientEvent::Skipped`](crate::ClientEvent::Skipped).
    pub line: usize,
}

impl Default for ClientConfig {
    fn default() -> Self {
        ClientConfig {
            connect_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            framing: Framing::Auto,
            send_queue: 1024,
            line: 64 * 1024,
        }
    }
}

impl ClientConfig {
    /// Tells the first field that cannot work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_range("send_queue", self.send_queue, MAX_QUEUE)?;
        check_range("line", self.line, usize::MAX)?;
        if self.connect_timeout.is_zero() {
            let problem = "is 0; it must be longer".into();
            return Err(Error::Config { field: "connect_timeout", problem });
        }
        Ok(())
    }
}

/// Tells if a number that must be 1 at least, and not more than `most`, is out of its range.
fn check_range(field: &'static str, value: usize, most: usize) -> Result<(), Error> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    let range = if most == usize::MAX { "1 or more".into() } else { format!("1 to {most}") };
    Err(Error::Config { field, problem: format!("is {value}; it must be {range}") })
}
