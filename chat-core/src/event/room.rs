//! What a program can know of a room.

use crate::wire::{RoomName, Text};

/// One room of a server, as [`ServerHandle::rooms`](crate::ServerHandle::rooms) lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomInfo {
    /// What it is called.
    pub name: RoomName,
    /// Its topic, if it has one.
    pub topic: Option<Text>,
    /// How many clients are in it.
    pub members: usize,
}

impl RoomInfo {
    pub(crate) fn new(name: RoomName, topic: Option<Text>, members: usize) -> RoomInfo {
        RoomInfo { name, topic, members }
    }
}
