//! How a client behaves.

use std::time::Duration;

use super::{MAX_QUEUE, Reconnect, check_range};
use crate::error::Error;
use crate::wire::{Framing, Name, RoomName, Text};

/// How a [`Client`](crate::Client) behaves. Where a field says nothing of its values, all of them work;
/// a value that cannot work is an [`Error::Config`] before the client connects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// How long an address may take to accept the connection, each time that it is tried; and how long
    /// the server may then take to answer a tagged client that comes back. More than 0. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long the client, once told to close, goes on while nothing of what was queued can be
    /// sent, and then waits for the server to close. Default: 5 s.
    pub close_timeout: Duration,
    /// How the bytes of the connection are cut into lines, and whether what is sent ends with a
    /// newline. Default: [`Framing::Auto`], lines until the server has shown that it speaks chunks.
    pub framing: Framing,
    /// Lines that may wait to be sent, 1 to 1,048,576. Default: 1,024. When there are that many,
    /// [`Client::send`](crate::Client::send) takes no more and says so.
    pub send_queue: usize,
    /// The longest line that is taken from the server, in bytes, 1 or more. Default: 64 KiB. A longer
    /// one is skipped, and the handler is told: [`ClientEvent::Skipped`](crate::ClientEvent::Skipped).
    pub line: usize,
    /// Whether the client asks the server to say what its lines are. Default: false.
    ///
    /// A plain client works with any server of this kind, and never sends a line that it was not
    /// given to send. A tagged one begins with the command `/tags`. A server that knows the command
    /// answers, which is told as [`ClientEvent::Ready`](crate::ClientEvent::Ready), and from then on
    /// there are typed events, and requests ([`Client::join_room`](crate::Client::join_room) and its
    /// like). **A server that knows no commands relays `/tags` to all the others as a message.** Nobody
    /// reads more than that: everything else waits in the queue until the server has answered.
    pub tags: bool,
    /// The name that a tagged client asks for as soon as the server has switched tags on; only with
    /// [`tags`](ClientConfig::tags). Whether it got the name is told as
    /// [`ClientEvent::Answer`](crate::ClientEvent::Answer) or
    /// [`Refused`](crate::ClientEvent::Refused). Default: none: it is called by its port number.
    pub name: Option<Name>,
    /// The rooms into which a tagged client goes then, in this order; only with
    /// [`tags`](ClientConfig::tags). What came of it is told in the same way. What is sent without naming
    /// a room is said in the last of them. Default: none: it stays in the lobby.
    pub rooms: Vec<RoomName>,
    /// Lines that a plain client sends first on each connection, before all that it is given to send:
    /// `/nick Ada`, say. Default: none. It must be empty with [`tags`](ClientConfig::tags): such a client
    /// has `name` and `rooms` for that.
    pub greeting: Vec<Text>,
    /// How the client comes back after its connection was lost. With `None` it does not, and the loss is
    /// its end. Default: `Some`, with the defaults of [`Reconnect`].
    ///
    /// What is sent meanwhile waits in the queue. A tagged client asks the server for a session, in
    /// which each line that it sends has a label. Such a line loses the spaces at its beginning, and
    /// must be a few bytes shorter than the server's limit; one that is too long for its label is told
    /// as [`ClientEvent::Refused`](crate::ClientEvent::Refused).
    ///
    /// With a session the client gets all that it has missed, and what it sent is said exactly once.
    /// Without one, as for a plain client, nobody can tell what was missed. [`ClientEvent::Recovered`] and
    /// [`ClientEvent::Lost`] say which it was.
    ///
    /// If the server was given as a string, `HOST:PORT`, its host is looked up again while the client
    /// waits before each attempt, since it may have moved. What is known last counts if that fails, or
    /// takes longer than the wait; addresses of all other types stay what they were.
    ///
    /// An error of the first connection is returned, and not tried again. A client does not come back
    /// if it has left (`exit`, `/quit`, [`close`](crate::Client::close)), if the peer speaks another
    /// protocol, or if it was removed and has tags
    /// ([`CloseReason::Kicked`](crate::CloseReason::Kicked)). A plain client that was removed cannot
    /// tell, and comes back.
    ///
    /// [`ClientEvent::Recovered`]: crate::ClientEvent::Recovered
    /// [`ClientEvent::Lost`]: crate::ClientEvent::Lost
    pub reconnect: Option<Reconnect>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        ClientConfig {
            connect_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            framing: Framing::Auto,
            send_queue: 1024,
            line: 64 * 1024,
            tags: false,
            name: None,
            rooms: Vec::new(),
            greeting: Vec::new(),
            reconnect: Some(Reconnect::default()),
        }
    }
}

impl ClientConfig {
    /// Tells the first field that cannot work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_range("send_queue", self.send_queue, MAX_QUEUE)?;
        check_range("line", self.line, usize::MAX)?;
        if self.connect_timeout.is_zero() {
            let problem = "is 0; it must be longer".into();
            return Err(Error::Config { field: "connect_timeout", problem });
        }
        let needs_tags = [("name", self.name.is_some()), ("rooms", !self.rooms.is_empty())];
        if let Some(&(field, _)) = needs_tags.iter().find(|(_, is_set)| *is_set && !self.tags) {
            let problem =
                "is for a client with tags; a plain one sends /nick and /join itself".into();
            return Err(Error::Config { field, problem });
        }
        if self.tags && !self.greeting.is_empty() {
            let problem = "is for a plain client; one with tags has a name and rooms".into();
            return Err(Error::Config { field: "greeting", problem });
        }
        self.reconnect.as_ref().map_or(Ok(()), Reconnect::check)
    }
}
