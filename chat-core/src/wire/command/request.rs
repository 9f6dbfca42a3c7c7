//! What clients ask for, as values.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use super::{CommandHelp, Ticket};
use crate::wire::name::{Name, NameError, RoomName};
use crate::wire::text::Text;

/// What a client asks for, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Lists the commands, or explains one.
    Help(
        /// Which one.
        Option<&'static CommandHelp>,
    ),
    /// Takes a name.
    Nick(
        /// The name.
        Name,
    ),
    /// Lists who is in a room.
    Who(
        /// Which; `None`: where the client is.
        Option<RoomName>,
    ),
    /// Lists the rooms.
    Rooms,
    /// Goes into a room.
    Join(
        /// Which.
        RoomName,
    ),
    /// Leaves a room, for the lobby if the client is in no other one.
    Leave(
        /// Out of which room; `None`: where the client is.
        Option<RoomName>,
    ),
    /// Says something to one client alone.
    Msg {
        /// To whom.
        to: Who,
        /// What.
        text: Text,
    },
    /// Says what the client does.
    Me(
        /// What.
        Text,
    ),
    /// Tells the topic of the room, or sets it.
    Topic(
        /// The new one; `None`: it is asked for.
        Option<Text>,
    ),
    /// Reads again what was said last in the room.
    History(
        /// How many lines; `None`: as many as are kept.
        Option<usize>,
    ),
    /// Finds what was said in the room.
    Search(
        /// By these words.
        Text,
    ),
    /// Reads no more of what a client says.
    Ignore(
        /// Which.
        Who,
    ),
    /// Reads it again.
    Unignore(
        /// Which.
        Who,
    ),
    /// Wants tags before each line, and puts them before its own.
    Tags,
    /// Begins a session, to which it may come back when its connection was lost; or comes back to one.
    Resume(
        /// The session to which it comes back; `None`: it begins one.
        Option<Ticket>,
    ),
    /// Leaves.
    Quit,
    /// Becomes an operator by a secret, or makes another client an operator: only the server can tell
    /// which of the two it is.
    Op(
        /// The secret, or the name.
        Secret,
    ),
    /// Removes a client.
    Kick {
        /// Which.
        who: Who,
        /// Why.
        reason: Option<Text>,
    },
    /// Keeps a client away.
    Ban {
        /// Which.
        who: Banned,
        /// For how long.
        time: Duration,
    },
    /// Lets it in again.
    Unban(
        /// Which.
        Banned,
    ),
    /// Lets nobody read a client.
    Mute {
        /// Which.
        who: Who,
        /// For how long; zero ends it.
        time: Duration,
    },
    /// Says something to everybody, as the server.
    Notice(
        /// What.
        Text,
    ),
}

/// A client, as another one calls it.
///
/// ```
/// use chat_core::wire::Who;
///
/// assert_eq!("51839".parse(), Ok(Who::Port(51839)));
/// assert_eq!("Ada".parse::<Who>()?.to_string(), "Ada");
/// # Ok::<(), chat_core::wire::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Who {
    /// By its name.
    Name(
        /// The name.
        Name,
    ),
    /// By the port of its connection, for it has no name.
    Port(
        /// The port.
        u16,
    ),
}

/// Whom a ban is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Banned {
    /// A client: its name, and its address if it is here.
    Client(
        /// The client.
        Who,
    ),
    /// An address.
    Address(
        /// The address.
        IpAddr,
    ),
}

/// A word that is not to be shown to anybody.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A word that is not to be shown to anybody.
    pub fn new(word: &str) -> Secret {
        Secret(word.to_owned())
    }

    /// The client that the word names, if it is not a secret but a name.
    pub(crate) fn as_who(&self) -> Option<Who> {
        self.0.parse().ok()
    }
}

/// A comparison takes as long whatever the words have in common, so that whoever guesses learns nothing
/// from the time that it takes.
impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        let differing = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
        one.len() == other.len() && differing == 0
    }
}

impl Eq for Secret {}

/// A client by what it is called.
impl FromStr for Who {
    type Err = NameError;
    fn from_str(word: &str) -> Result<Who, NameError> {
        match word.parse() {
            Ok(port) => Ok(Who::Port(port)),
            Err(_) => Name::new(word).map(Who::Name),
        }
    }
}

/// What the client is called.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Name(name) => name.fmt(f),
            Who::Port(port) => port.fmt(f),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a command was not understood. Its `Display` form is what the client reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no such command.
    #[error("there is no command /{0}; /help lists them, and // at the start sends a slash")]
    Unknown(
        /// The word after the slash.
        String,
    ),
    /// Something is missing, or something is too much.
    #[error("usage: {usage}")]
    Usage {
        /// How the command is typed.
        usage: String,
    },
    /// What should be a name is none.
    #[error("{0}; usage: {1}")]
    Name(
        /// What is wrong with it.
        NameError,
        /// How the command is typed.
        String,
    ),
}

impl Request {
    /// What others are to read of it, if it is for them.
    pub(crate) fn text_mut(&mut self) -> Option<&mut Text> {
        match self {
            Request::Msg { text, .. } | Request::Me(text) | Request::Topic(Some(text)) => {
                Some(text)
            }
            _ => None,
        }
    }
}
