//! What can go wrong, and whose fault it is.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;

use crate::config::RateError;
use crate::store::StoreError;
use crate::wire::{NameError, Text, TextError};

/// Why a server or a client could not start, or could not go on.
///
/// Each variant says who has to act: the caller who gave a wrong value, the peer who is not there,
/// or the operating system that refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's fault: a field of a config has a value that cannot work.
    #[error("invalid configuration: {field} {problem}")]
    Config {
        /// The field, as it is written in the config struct; `on_command` for a command that was added.
        field: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// The caller's fault: the address is no `HOST:PORT`, or the host has no address.
    #[error("cannot resolve {addr}")]
    Resolve {
        /// The address as it was given.
        addr: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The system refused to listen there: in use, not ours, or not permitted.
    #[error("cannot listen on {addr}")]
    Bind {
        /// The address as it was given.
        addr: String,
        /// What the system said.
        source: io::Error,
    },
    /// The peer's fault: nobody has accepted the connection.
    #[error("cannot connect to {addr}")]
    Connect {
        /// The address that was tried last.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// What was kept of the chat cannot be had, or nothing can be kept there.
    #[error("cannot use the store")]
    Store(
        /// What the store said.
        #[source]
        StoreError,
    ),
    /// The system refused something that the chat cannot do without.
    #[error("cannot {action}")]
    System {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Our fault: one of the library's threads panicked. Everything that ran has been stopped.
    #[error("the thread {thread} panicked")]
    Panicked {
        /// The name of the thread.
        thread: String,
    },
}

impl Error {
    /// Makes a `map_err` argument out of the action that failed.
    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::System { action, source }
    }
}

/// Why a [`ServerHandle`](crate::ServerHandle) could not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The server does not run yet, or has ended.
    #[error("the server is not running")]
    NotRunning,
    /// No such client: it has left since its identifier was learnt.
    #[error("the client has left")]
    NoSuchClient,
    /// The caller's fault: this cannot be a line of the chat.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The caller's fault: the server waits for `on_connect`, `on_message` and `on_command`, so that they
    /// cannot wait for the server. What their answers cannot say they can leave to another thread.
    #[error("on_connect, on_message and on_command cannot wait for the server")]
    Deciding,
    /// No such room: one is there for as long as somebody is in it, and the lobby always is.
    #[error("there is no such room")]
    NoSuchRoom,
    /// The client is not in that room.
    #[error("the client is not in that room")]
    NotInRoom,
    /// The client is in the lobby and nowhere else, and cannot leave it.
    #[error("the client is in the lobby alone")]
    InLobby,
    /// The client is in as many rooms as a client may be.
    #[error("the client is in too many rooms already")]
    TooManyRooms,
    /// Somebody has that name, or one that looks like it.
    #[error("the name is taken, or looks like one that is")]
    NameTaken,
    /// Nobody may have that name, or one that looks like it:
    /// [`ServerConfig::reserved_names`](crate::ServerConfig::reserved_names).
    #[error("the name is reserved, or looks like one that is")]
    NameReserved,
    /// The caller's fault: this cannot be the name of a client, or of a room.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The caller's fault: nothing could ever happen at this rate.
    #[error(transparent)]
    Rate(#[from] RateError),
}

/// Why a [`Client`](crate::Client) did not take a line to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The queue of unsent lines is full: the server takes them more slowly than they come.
    /// The line was not taken; it may be sent again later.
    #[error("the queue of unsent lines is full ({limit} lines)")]
    Full {
        /// The queue's bound: [`ClientConfig::send_queue`](crate::ClientConfig::send_queue).
        limit: usize,
    },
    /// The connection is closed or closing.
    #[error("the connection is closed")]
    Closed,
    /// The caller's fault: the queue of unsent lines is full, and the client's event handler cannot
    /// wait for room in it, since the thread that calls it is the one that sends; nor can a server's
    /// `on_connect`, `on_message` and `on_command`, for which that server waits. The line was not
    /// taken.
    #[error("an event handler cannot wait for room in the queue of unsent lines")]
    InHandler,
    /// The caller's fault: this cannot be a line of the chat.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Why a request of a [`Client`](crate::Client) has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The caller's fault: a plain client cannot tell which line answers it. It is to be connected
    /// with [`ClientConfig::tags`](crate::ClientConfig::tags).
    #[error("a client without tags has no requests")]
    Untagged,
    /// The server refused it, in these words.
    #[error("the server refused: {0}")]
    Refused(
        /// What the server says, without its star.
        Text,
    ),
    /// The server has answered, and the answer lacks what was asked for.
    #[error("the server's answer was not understood: {0}")]
    CommandError(
        /// The answer, without its tags.
        Text,
    ),
    /// The server has not answered in the given time. It may still do so.
    #[error("the server has not answered in time")]
    TimedOut,
    /// The connection was lost after the request was sent, and came back without a session in which
    /// the server would know of the request: it may have been done, or not.
    #[error("the connection was lost, and nobody knows whether it was done")]
    Unknown,
    /// The connection is closed or closing, and no answer will come.
    #[error("the connection is closed")]
    Closed,
    /// Too many lines wait to be sent, or too many requests wait for an answer. The request was not
    /// sent.
    #[error("the queue of unsent lines, or that of unanswered requests, is full ({limit})")]
    Full {
        /// The bound of both: [`ClientConfig::send_queue`](crate::ClientConfig::send_queue).
        limit: usize,
    },
    /// The caller's fault: this cannot be a line of the chat.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The caller's fault: the client's event handler cannot wait for an answer, since the thread
    /// that calls it is the one that reads; nor can a server's `on_connect`, `on_message` and
    /// `on_command`, for which that server waits. They can keep the [`Pending`](crate::Pending), and
    /// look for the answer later.
    #[error("an event handler cannot wait for an answer")]
    InHandler,
}

impl From<SendError> for RequestError {
    fn from(error: SendError) -> RequestError {
        match error {
            SendError::Full { limit } => RequestError::Full { limit },
            SendError::Closed => RequestError::Closed,
            SendError::InHandler => RequestError::InHandler,
            SendError::Text(error) => RequestError::Text(error),
        }
    }
}

/// An error with all that led to it, in one line: people read "cannot connect to 127.0.0.1:12345:
/// Connection refused".
///
/// ```
/// use chat_core::{Client, with_causes};
///
/// let error = Client::connect("no port", |_| ()).unwrap_err();
/// assert!(with_causes(&error).starts_with("cannot resolve no port: "));
/// ```
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
