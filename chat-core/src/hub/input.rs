//! Everything that can happen to the hub.

use std::fmt;
use std::net::SocketAddr;

use super::output::Stored;
use crate::change::Change;
use crate::error::HandleError;
use crate::event::{ClientInfo, CloseReason, RoomInfo};
use crate::give::Give;
use crate::ids::ConnId;
use crate::store::SearchResults;
use crate::wire::{Context, Messages, Name, Request, RoomName, Text};

/// Everything that can happen to the hub.
#[derive(Debug)]
pub(crate) enum Input {
    /// A client is there.
    Connected { conn: ConnId, addr: SocketAddr },
    /// A client says something.
    Said { conn: ConnId, messages: Messages },
    /// A client says something, and its tags say something of that.
    Tagged { conn: ConnId, text: Text, context: Box<Context> },
    /// A client asks for something.
    Asked { conn: ConnId, request: Request, context: Option<Box<Context>> },
    /// The program that embeds the server has answered a client: what is told, or why it is refused.
    Answered { conn: ConnId, answer: Result<Option<Text>, Text>, context: Option<Box<Context>> },
    /// Something was made durable that was to be kept, or could not be.
    Stored(Stored),
    /// A client has looked for something in a room, and this was found.
    Found {
        conn: ConnId,
        room: RoomName,
        found: Result<SearchResults, String>,
        context: Option<Box<Context>>,
    },
    /// A client talks too fast, and is read more slowly from now on.
    Flooding { conn: ConnId },
    /// A client was too far behind, and has missed so many lines.
    Skipped { conn: ConnId, lines: u64 },
    /// A client is gone; its connection is closing or closed.
    Left { conn: ConnId, reason: CloseReason },
    /// An I/O thread has taken in all that it ever will, since it was told to.
    Quiet,
    /// An I/O thread has ended before it was told to.
    Lost,
    /// The program that embeds the server wants something.
    Command(Command),
}

impl Input {
    /// The most orders for one I/O thread that follow from a [small](Input::is_small) input: one who
    /// connects may be kept away, which is to attach it, to tell it, to close it, and to publish
    /// what is told of it, plain and with tags.
    pub(crate) const MOST_ORDERS: usize = 8;

    /// Whether few orders follow from it, [`Input::MOST_ORDERS`] for one I/O thread: what a client or
    /// the program asks for may be about many.
    pub(crate) fn is_small(&self) -> bool {
        match self {
            Input::Asked { .. }
            | Input::Stored(_)
            | Input::Found { .. }
            | Input::Command(_)
            | Input::Quiet
            | Input::Lost => false,
            Input::Connected { .. }
            | Input::Said { .. }
            | Input::Tagged { .. }
            | Input::Answered { .. }
            | Input::Flooding { .. }
            | Input::Skipped { .. }
            | Input::Left { .. } => true,
        }
    }

    /// How much memory it takes beside its place in the inbox.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Input::Said { messages, .. } => messages.bytes(),
            Input::Tagged { text, .. }
            | Input::Answered { answer: Ok(Some(text)) | Err(text), .. } => text.len(),
            Input::Connected { .. }
            | Input::Asked { .. }
            | Input::Answered { answer: Ok(None), .. }
            | Input::Stored(_)
            | Input::Found { .. }
            | Input::Flooding { .. }
            | Input::Skipped { .. }
            | Input::Left { .. }
            | Input::Quiet
            | Input::Lost
            | Input::Command(_) => 0,
        }
    }
}

/// Where the answer to a command goes. It must not wait for anything.
pub(crate) type Reply<T> = Box<dyn FnOnce(T) + Send>;

/// What a program may ask of the hub.
pub(crate) enum Command {
    /// Say something to everybody, as the server.
    Broadcast(Text),
    /// Say something to one client, as the server. The answer is whether it is here.
    SendTo { conn: ConnId, text: Text, reply: Reply<bool> },
    /// Remove a client, and tell it why. The answer is whether it was here.
    Kick { conn: ConnId, reason: Option<Text>, reply: Reply<bool> },
    /// Make a client an operator. The answer is whether it is here.
    MakeOperator { conn: ConnId, reply: Reply<bool> },
    /// Make something different for one client. The answer is whether it is here.
    Adjust { conn: ConnId, change: Change, reply: Reply<bool> },
    /// List who is here or in a room, each I/O thread those that it has.
    Clients { room: Option<RoomName>, give: Give<Vec<ClientInfo>> },
    /// Bring a client into a room.
    Join { conn: ConnId, room: RoomName, reply: Reply<Result<(), HandleError>> },
    /// Take a client out of a room.
    Leave { conn: ConnId, room: RoomName, reply: Reply<Result<(), HandleError>> },
    /// Give a client a name.
    Rename { conn: ConnId, name: Name, reply: Reply<Result<(), HandleError>> },
    /// List the rooms.
    Rooms { reply: Reply<Vec<RoomInfo>> },
    /// Say something in a room, as the server.
    SayIn { room: RoomName, text: Text, reply: Reply<Result<(), HandleError>> },
    /// Bring the chat to its end.
    Stop,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Broadcast(text) => f.debug_tuple("Broadcast").field(text).finish(),
            Command::SendTo { conn, text, .. } => {
                f.debug_struct("SendTo").field("conn", conn).field("text", text).finish()
            }
            Command::Kick { conn, reason, .. } => {
                f.debug_struct("Kick").field("conn", conn).field("reason", reason).finish()
            }
            Command::MakeOperator { conn, .. } => {
                f.debug_struct("MakeOperator").field("conn", conn).finish()
            }
            Command::Adjust { conn, change, .. } => {
                f.debug_struct("Adjust").field("conn", conn).field("change", change).finish()
            }
            Command::Clients { room, .. } => f.debug_struct("Clients").field("room", room).finish(),
            Command::Join { conn, room, .. } => {
                f.debug_struct("Join").field("conn", conn).field("room", room).finish()
            }
            Command::Leave { conn, room, .. } => {
                f.debug_struct("Leave").field("conn", conn).field("room", room).finish()
            }
            Command::Rename { conn, name, .. } => {
                f.debug_struct("Rename").field("conn", conn).field("name", name).finish()
            }
            Command::Rooms { .. } => f.write_str("Rooms"),
            Command::SayIn { room, text, .. } => {
                f.debug_struct("SayIn").field("room", room).field("text", text).finish()
            }
            Command::Stop => f.write_str("Stop"),
        }
    }
}
