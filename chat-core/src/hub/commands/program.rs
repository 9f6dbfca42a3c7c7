//! What the embedding program asks for that clients can ask for themselves. They are told of it as if
//! they had asked, and the program gets the errors.

use crate::error::HandleError;
use crate::event::RoomInfo;
use crate::hub::names::Refused;
use crate::hub::room::{Line, Room};
use crate::hub::{Hub, Output};
use crate::ids::ConnId;
use crate::wire::{Kind, Name, RoomName, Text};

impl Hub {
    /// Brings a client into a room.
    pub(in crate::hub) fn put_in(
        &mut self,
        conn: ConnId,
        room: &RoomName,
        out: &mut impl Output,
    ) -> Result<(), HandleError> {
        self.check_here(conn, out)?;
        if self.enter_room(conn, room, out) { Ok(()) } else { Err(HandleError::TooManyRooms) }
    }

    /// Takes a client out of a room.
    pub(in crate::hub) fn take_out(
        &mut self,
        conn: ConnId,
        room: &RoomName,
        out: &mut impl Output,
    ) -> Result<(), HandleError> {
        self.check_here(conn, out)?;
        let from = self.own_room(conn, room).ok_or(HandleError::NotInRoom)?;
        if self.leave_from(conn, from, out) { Ok(()) } else { Err(HandleError::InLobby) }
    }

    /// Gives a client a name.
    pub(in crate::hub) fn rename(
        &mut self,
        conn: ConnId,
        name: &Name,
        out: &mut impl Output,
    ) -> Result<(), HandleError> {
        self.check_here(conn, out)?;
        self.take_name(conn, name, out).map_err(|refused| match refused {
            Refused::Taken => HandleError::NameTaken,
            Refused::Reserved => HandleError::NameReserved,
        })
    }

    /// Says something in a room, as the server.
    pub(in crate::hub) fn say_in(
        &mut self,
        room: &RoomName,
        text: &Text,
    ) -> Result<(), HandleError> {
        let room = self.rooms.find(room).ok_or(HandleError::NoSuchRoom)?;
        let (kind, author, from, extra) = (Kind::Notice, None, None, None);
        self.write(room, &Line { kind, author, from, prefix: "* ", text, extra });
        Ok(())
    }

    /// All rooms.
    pub(in crate::hub) fn room_infos(&self) -> Vec<RoomInfo> {
        let info = |room: &Room| RoomInfo::new(room.name.clone(), room.topic.clone(), room.members);
        self.rooms.iter().map(info).collect()
    }

    /// Checks that a client is here. What was said before comes before what it is told.
    fn check_here(&mut self, conn: ConnId, out: &mut impl Output) -> Result<(), HandleError> {
        self.roster.get(conn).ok_or(HandleError::NoSuchClient)?;
        self.publish(out);
        Ok(())
    }
}
