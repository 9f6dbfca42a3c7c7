//! How a server behaves.

use std::thread;
use std::time::Duration;

use super::history::History;
use super::limits::Limits;
use super::resume::Resume;
use crate::error::Error;
use crate::ids::ConnId;
use crate::wire::{Framing, Name, RoomName, Secret};

/// How a [`Server`](crate::Server) behaves. Where a field says nothing of its values, all of them work.
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
    /// The hub needs a core too, and so do clients on the same machine: on two cores a second
    /// I/O thread makes everything slower.
    pub io_threads: usize,
    /// Whether each relayed message is reported as a
    /// [`ServerEvent::Message`](crate::ServerEvent::Message). Default: true. A program that has no use
    /// for these events saves the work with `false`.
    pub message_events: bool,
    /// How long [`run`](crate::Server::run) may go on delivering what was accepted once it is told
    /// to stop without a deadline of its own. Default: 5 s.
    pub stop_timeout: Duration,
    /// Whether a line that starts with a slash is a command. Default: true. If not, every line but
    /// `exit` is a message.
    pub commands: bool,
    /// The room in which everybody starts. Default: `lobby`.
    pub lobby: RoomName,
    /// Names that nobody may take, nor any that looks like one of them. Default: those that read as
    /// the server's own: `server`, `system`, `admin`, `operator` and the like.
    pub reserved_names: Vec<Name>,
    /// A word by which a client becomes an operator: `/op WORD`. Default: none.
    pub operator_secret: Option<Secret>,
    /// Whether the rooms are told who comes, who goes, and who takes a name. When many come or go at once,
    /// they are told how many. Default: false.
    pub announce: bool,
    /// What rooms keep of what was said, for those who come later. Default: nothing.
    pub history: History,
    /// How long clients whose connection was lost may take to come back. Default: 2 minutes.
    pub resume: Resume,
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
            commands: true,
            lobby: RoomName::lobby(),
            reserved_names: Name::reserved(),
            operator_secret: None,
            announce: false,
            history: History::default(),
            resume: Resume::default(),
            limits: Limits::default(),
        }
    }
}

impl ServerConfig {
    /// Tells the first field that cannot work, as [`Server::run`](crate::Server::run) does before
    /// anything else.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] names the field, and says what is wrong with its value.
    pub fn check(&self) -> Result<(), Error> {
        let max = ConnId::MAX_IO_THREADS;
        if !(1..=max).contains(&self.io_threads) {
            let problem = format!("is {}; it must be 1 to {max}", self.io_threads);
            return Err(Error::Config { field: "io_threads", problem });
        }
        self.limits.check()?;
        self.history.check(&self.limits)
    }
}
