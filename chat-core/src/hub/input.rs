//! Everything that can happen to the hub.

use std::fmt;
use std::net::SocketAddr;

use crate::event::{ClientInfo, CloseReason};
use crate::ids::ConnId;
use crate::wire::{Messages, Text};

/// Everything that can happen to the hub.
#[derive(Debug)]
pub(crate) enum Input {
    /// A client is there.
    Connected { conn: ConnId, addr: SocketAddr },
    /// A client says something.
    Said { conn: ConnId, messages: Messages },
    /// A client is gone; its connection is closing or closed.
    Left { conn: ConnId, reason: CloseReason },
    /// An I/O thread has taken in all that it ever will, since it was told to.
    Quiet,
    /// An I/O thread has ended before it was told to.
    Lost,
    /// The program that embeds the server wants something.
    Command(Command),
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
    /// List who is here.
    Clients { reply: Reply<Vec<ClientInfo>> },
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
            Command::Clients { .. } => f.write_str("Clients"),
            Command::Stop => f.write_str("Stop"),
        }
    }
}
