//! What clients can ask for themselves, asked for them by the program: rooms and names.

use super::ServerHandle;
use crate::error::HandleError;
use crate::event::{ClientInfo, RoomInfo};
use crate::hub::{Command, Reply};
use crate::ids::ConnId;
use crate::wire::{Name, RoomName, Text};

impl ServerHandle {
    /// Brings a client into a room, which is made if it is not there, as `/join` does: the client is
    /// told where it is. A client with tags stays in its other rooms too, and talks in this one from
    /// now on; one without tags leaves the room in which it was.
    ///
    /// ```
    /// use chat_core::{Client, Server, ServerEvent};
    /// use std::sync::mpsc;
    ///
    /// let (happened, happens) = mpsc::channel();
    /// let server = Server::bind("127.0.0.1:0")?
    ///     .on_event(move |event| drop(happened.send(event)))
    ///     .spawn()?;
    /// let client = Client::connect(server.local_addr(), |_| ())?;
    /// let conn = loop {
    ///     if let ServerEvent::Connected { conn, .. } = happens.recv()? {
    ///         break conn;
    ///     }
    /// };
    /// let handle = server.handle();
    /// handle.join(conn, "tea")?;
    /// handle.rename(conn, "Ada")?;
    /// assert_eq!(handle.who("tea")?[0].name.as_deref(), Some("Ada"));
    /// handle.leave(conn, "tea")?;
    /// assert!(handle.who("tea")?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::Name`] if no room can be called so, [`HandleError::NoSuchClient`],
    /// [`HandleError::TooManyRooms`], [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn join(&self, conn: ConnId, room: &str) -> Result<(), HandleError> {
        let room = RoomName::new(room)?;
        self.ask(|reply| Command::Join { conn, room, reply })?
    }

    /// Takes a client out of a room, as `/leave` does: the client is told. If it is in no other one,
    /// it goes back to the lobby.
    ///
    /// # Errors
    ///
    /// [`HandleError::Name`] if no room can be called so, [`HandleError::NoSuchClient`],
    /// [`HandleError::NotInRoom`], [`HandleError::InLobby`] if it is the lobby, and the client is in
    /// no other room, [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn leave(&self, conn: ConnId, room: &str) -> Result<(), HandleError> {
        let room = RoomName::new(room)?;
        self.ask(|reply| Command::Leave { conn, room, reply })?
    }

    /// Gives a client a name, as `/nick` does: the client is told.
    ///
    /// # Errors
    ///
    /// [`HandleError::Name`] if nobody can be called so, [`HandleError::NameTaken`],
    /// [`HandleError::NameReserved`], [`HandleError::NoSuchClient`], [`HandleError::NotRunning`],
    /// [`HandleError::Deciding`].
    pub fn rename(&self, conn: ConnId, name: &str) -> Result<(), HandleError> {
        let name = Name::new(name)?;
        self.ask(|reply| Command::Rename { conn, name, reply })?
    }

    /// The clients that are in a room now, in no particular order, as [`ServerHandle::clients`] lists
    /// them. If there is no such room, the list is empty.
    ///
    /// # Errors
    ///
    /// [`HandleError::Name`] if no room can be called so, [`HandleError::NotRunning`],
    /// [`HandleError::Deciding`].
    pub fn who(&self, room: &str) -> Result<Vec<ClientInfo>, HandleError> {
        self.census(Some(RoomName::new(room)?))
    }

    /// The rooms that there are now, in no particular order: the lobby, and those in which somebody
    /// is.
    ///
    /// ```
    /// let server = chat_core::Server::bind("127.0.0.1:0")?.spawn()?;
    /// let rooms = server.handle().rooms()?;
    /// assert_eq!((&*rooms[0].name, rooms[0].members), ("lobby", 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn rooms(&self) -> Result<Vec<RoomInfo>, HandleError> {
        self.ask(|reply| Command::Rooms { reply })
    }

    /// Says something to all who are in a room, as the server: they read `* text`.
    ///
    /// ```
    /// use chat_core::{HandleError, Server};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.spawn()?;
    /// server.handle().say_in("lobby", "tea is ready")?;
    /// let nobody = server.handle().say_in("tea", "it is");
    /// assert_eq!(nobody, Err(HandleError::NoSuchRoom));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::Text`] if it cannot be a line, [`HandleError::Name`] if no room can be called
    /// so, [`HandleError::NoSuchRoom`], [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn say_in(&self, room: &str, text: &str) -> Result<(), HandleError> {
        let (room, text) = (RoomName::new(room)?, Text::new(text)?);
        self.ask(|reply: Reply<_>| Command::SayIn { room, text, reply })?
    }
}
