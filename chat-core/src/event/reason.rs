//! Why a connection is over, as both sides see it.

use std::fmt;
use std::io;

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client said `exit`, or this side closed the connection in good order.
    Exit,
    /// The peer ended the stream without a word.
    EndOfStream,
    /// The peer broke the connection off.
    Reset,
    /// The peer no longer answers.
    TimedOut,
    /// The program that embeds the server, or an operator, removed the client. A client with tags ends
    /// with this reason, too, when it was banned or rejected: it cannot tell these apart.
    Kicked,
    /// An operator has banned the client (`/ban`).
    Banned,
    /// The client did not read what was sent to it: it was [`Limits::backlog`] or
    /// [`Limits::direct`] behind.
    ///
    /// [`Limits::backlog`]: crate::Limits::backlog
    /// [`Limits::direct`]: crate::Limits::direct
    TooSlow,
    /// The client took nothing of what was due to it for [`Limits::write_timeout`].
    ///
    /// [`Limits::write_timeout`]: crate::Limits::write_timeout
    Stalled,
    /// The client said nothing for [`Limits::idle`].
    ///
    /// [`Limits::idle`]: crate::Limits::idle
    Idle,
    /// The program that embeds the server answered a message with
    /// [`Verdict::Close`](crate::Verdict::Close).
    Rejected,
    /// The client sent more bytes without a line end than [`Limits::endless_line`] allows.
    ///
    /// [`Limits::endless_line`]: crate::Limits::endless_line
    EndlessLine,
    /// The client speaks another protocol, such as TLS.
    OtherProtocol,
    /// The client has come back by another connection, which takes the place of this one.
    Replaced,
    /// The server is stopping.
    Shutdown,
    /// The system reported another error on the socket.
    Failed(
        /// Its kind.
        io::ErrorKind,
    ),
}

impl CloseReason {
    /// The reason that an error on a socket is.
    pub(crate) fn of_error(error: &io::Error) -> CloseReason {
        match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected => CloseReason::Reset,
            io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => CloseReason::TimedOut,
            kind => CloseReason::Failed(kind),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Exit => "exit",
            CloseReason::EndOfStream => "end of stream",
            CloseReason::Reset => "connection reset",
            CloseReason::TimedOut => "no answer",
            CloseReason::Kicked => "kicked",
            CloseReason::Banned => "banned",
            CloseReason::TooSlow => "too slow",
            CloseReason::Stalled => "stalled",
            CloseReason::Idle => "idle",
            CloseReason::Rejected => "rejected",
            CloseReason::EndlessLine => "endless line",
            CloseReason::OtherProtocol => "other protocol",
            CloseReason::Replaced => "replaced",
            CloseReason::Shutdown => "shutdown",
            CloseReason::Failed(kind) => return write!(f, "failed: {kind}"),
        })
    }
}
