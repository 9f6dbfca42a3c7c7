//! What happens, as the programs that embed the chat see it.

mod client;
mod report;
mod room;

pub use client::{ClientEvent, Meta};
pub use report::Report;
pub use room::RoomInfo;

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::ids::ConnId;
use crate::wire::{Messages, Name, RoomName, Text};

/// Something that happened on a server.
///
/// Each `Connected` is followed by exactly one `Disconnected` of the same client, with its messages
/// between them. Events were left out only where [`Missed`](ServerEvent::Missed) stands. If that was a
/// client's `Connected`, nothing further is told of that client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A client is in: from here on it gets what the others say.
    Connected {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
    },
    /// A client said something, and it was relayed to all the others in its room.
    Message {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// Its name, if it has taken one: until then it is called by the port of its address.
        name: Option<Name>,
        /// What it said, as it was relayed.
        text: Text,
    },
    /// A client is out.
    Disconnected {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// Why.
        reason: CloseReason,
    },
    /// A client said what it does (`/me`), and its room was told.
    Action {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// What it said.
        text: Text,
    },
    /// A client said something to one other client alone (`/msg`): the program reads that too.
    Private {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// To whom it was said.
        to: ConnId,
        /// What it said.
        text: Text,
    },
    /// A client has taken a name (`/nick`).
    Renamed {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// Its name from now on.
        name: Name,
    },
    /// A client has gone into another room (`/join`, `/leave`).
    Joined {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// The room in which it is now.
        room: RoomName,
    },
    /// A client has left one of several rooms (`/leave`), and is still in the others.
    Parted {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// The room that it has left.
        room: RoomName,
    },
    /// A client talks faster than [`Limits::flood`](crate::Limits::flood) allows: from here on it
    /// is read more slowly. Reported once for each client.
    Flooding {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
    },
    /// A client was too far behind and goes on further ahead:
    /// [`WhenBehind::Skip`](crate::WhenBehind::Skip).
    Skipped {
        /// The client.
        conn: ConnId,
        /// Its address.
        addr: SocketAddr,
        /// How many lines it missed by that.
        lines: u64,
    },
    /// The handler was slower than the chat: this many events were left out here, since they did not
    /// fit into [`Limits::events`](crate::Limits::events).
    Missed {
        /// How many.
        count: u64,
    },
}

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

/// One client of a server, as [`ServerHandle::clients`](crate::ServerHandle::clients) lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// The client.
    pub conn: ConnId,
    /// Its address.
    pub addr: SocketAddr,
    /// Its name, if it has taken one.
    pub name: Option<Name>,
    /// The room in which it is; of several, the one that it joined last.
    pub room: Option<RoomName>,
    /// All rooms in which it is: only a client with tags may be in several.
    pub rooms: Vec<RoomName>,
    /// Whether it is an operator.
    pub is_operator: bool,
    /// Messages and commands that it sent.
    pub lines_in: u64,
    /// Bytes that it sent, of whatever kind.
    pub bytes_in: u64,
    /// Lines that were written to it.
    pub lines_out: u64,
    /// Bytes that were written to it.
    pub bytes_out: u64,
    /// How far it is behind, in bytes as of [`Limits::backlog`](crate::Limits::backlog).
    pub backlog: u64,
    /// Whether it is being read more slowly than it talks, for
    /// [`Limits::flood`](crate::Limits::flood) or [`Limits::budget`](crate::Limits::budget).
    pub is_slowed: bool,
}

impl ClientInfo {
    /// A client of which nothing is known yet but its address.
    pub(crate) fn new(conn: ConnId, addr: SocketAddr) -> ClientInfo {
        ClientInfo {
            conn,
            addr,
            name: None,
            room: None,
            rooms: Vec::new(),
            is_operator: false,
            lines_in: 0,
            bytes_in: 0,
            lines_out: 0,
            bytes_out: 0,
            backlog: 0,
            is_slowed: false,
        }
    }
}

/// What the hub tells of, before it is made into events: nothing is copied for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notification {
    Connected { conn: ConnId, addr: SocketAddr },
    Said { conn: ConnId, addr: SocketAddr, name: Option<Name>, messages: Messages },
    Action { conn: ConnId, addr: SocketAddr, text: Text },
    Private { conn: ConnId, addr: SocketAddr, to: ConnId, text: Text },
    Renamed { conn: ConnId, addr: SocketAddr, name: Name },
    Joined { conn: ConnId, addr: SocketAddr, room: RoomName },
    Parted { conn: ConnId, addr: SocketAddr, room: RoomName },
    Flooding { conn: ConnId, addr: SocketAddr },
    Skipped { conn: ConnId, addr: SocketAddr, lines: u64 },
    Disconnected { conn: ConnId, addr: SocketAddr, reason: CloseReason },
}

/// What a notification is in a client's stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Its beginning.
    Beginning,
    /// Something between, which is so many events.
    Between(u64),
    /// Its end.
    End,
}

impl Notification {
    /// Which client it is about, and what it is in that client's stay.
    pub(crate) fn moment(&self) -> (ConnId, Moment) {
        match self {
            Notification::Connected { conn, .. } => (*conn, Moment::Beginning),
            Notification::Said { conn, messages, .. } => {
                (*conn, Moment::Between(messages.len() as u64))
            }
            Notification::Action { conn, .. }
            | Notification::Private { conn, .. }
            | Notification::Renamed { conn, .. }
            | Notification::Joined { conn, .. }
            | Notification::Parted { conn, .. }
            | Notification::Flooding { conn, .. }
            | Notification::Skipped { conn, .. } => (*conn, Moment::Between(1)),
            Notification::Disconnected { conn, .. } => (*conn, Moment::End),
        }
    }
}
