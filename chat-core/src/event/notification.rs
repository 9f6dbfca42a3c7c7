//! What the hub tells of, on its way to be told as events.

use std::net::SocketAddr;

use super::CloseReason;
use crate::ids::ConnId;
use crate::wire::{Messages, Name, RoomName, Text};

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
