//! What happens, as the programs that embed the chat see it.

mod client;
mod notification;
mod reason;
mod report;
mod room;

pub use client::{ClientEvent, Meta};
pub(crate) use notification::{Moment, Notification};
pub use reason::CloseReason;
pub use report::Report;
pub use room::RoomInfo;

use std::net::SocketAddr;

use crate::ids::ConnId;
use crate::wire::{Name, RoomName, Text};

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
