//! What a client with tags can ask for.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Client;
use super::pending::Pending;
use super::requests::{Asked, Outgoing, Place, Reply, Waiter};
use super::tagged::Answer;
use crate::error::RequestError;
use crate::event::Meta;
use crate::wire::{Name, RoomName, Who};

/// What the handle of a client with tags needs to ask.
#[derive(Debug)]
pub(super) struct Asking {
    /// How many requests wait for their answers.
    waiting: Arc<AtomicUsize>,
    /// Tells when the connection is over.
    over: Receiver<Infallible>,
}

impl Asking {
    /// Nothing is asked for yet. The first part is for the client's thread: it drops it when no more
    /// answers come.
    pub(super) fn new() -> (Sender<Infallible>, Asking) {
        let (lives, over) = bounded(0);
        (lives, Asking { waiting: Arc::default(), over })
    }
}

/// Who is in a room, as [`Client::who`] is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Present {
    /// The room.
    pub room: RoomName,
    /// What they are called; of a large room, some of them.
    pub names: Vec<Who>,
    /// How many they are in all.
    pub count: u64,
}

/// Requests: they return at once, and what the server answers is in the [`Pending`].
///
/// They need [`ClientConfig::tags`](crate::ClientConfig::tags). They are sent in the order in which
/// they are made, together with what [`Client::send`] sends, and wait in the same queue until the
/// server has switched tags on. At most [`ClientConfig::send_queue`](crate::ClientConfig::send_queue)
/// of them may be without an answer: with a server that answers none, that many can be made.
///
/// A connection that is lost and comes back does not end them, as long as the server gives sessions:
/// [`ClientConfig::reconnect`](crate::ClientConfig::reconnect).
///
/// # Errors
///
/// What goes wrong is in the [`Pending`] as well. At once it has [`RequestError::Untagged`] if the client
/// is a plain one, [`RequestError::Text`] if this cannot be a line, [`RequestError::Full`], or
/// [`RequestError::Closed`]. Later it has [`RequestError::Refused`] with what the server says, of which
/// each request names the usual reasons; [`RequestError::CommandError`];
/// [`RequestError::Unknown`] if the connection was lost and came back without a session; or
/// [`RequestError::Closed`] if it did not come back. To wait for it can fail with
/// [`RequestError::TimedOut`] and [`RequestError::InHandler`].
impl Client {
    /// Joins one more room. From then on what is sent goes to that room. The answer is the room.
    ///
    /// The server refuses it if the client is in 50 rooms already.
    ///
    /// ```no_run
    /// # use chat_core::{Client, ClientConfig};
    /// # use std::time::Duration;
    /// # let mut config = ClientConfig::default();
    /// # config.tags = true;
    /// # let client = Client::connect_with("127.0.0.1:12345", config, |_| ())?;
    /// client.join_room(&"tea".parse()?).wait(Duration::from_secs(5))?;
    /// client.send("milk?")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_room(&self, room: &RoomName) -> Pending<RoomName> {
        self.ask(None, &format!("/join {room}"), |answer| answer.meta.room)
    }

    /// Leaves a room; with `None`, the one to which what is sent goes. The answer is the room to which it
    /// goes now: the lobby, if the client is in no other one.
    ///
    /// The server refuses it if the client is not in that room, or is in the lobby and nowhere else.
    ///
    /// ```no_run
    /// # use chat_core::{Client, ClientConfig};
    /// # use std::time::Duration;
    /// # let mut config = ClientConfig::default();
    /// # config.tags = true;
    /// # let client = Client::connect_with("127.0.0.1:12345", config, |_| ())?;
    /// let room = client.leave_room(Some(&"tea".parse()?)).wait(Duration::from_secs(5))?;
    /// println!("now in {room}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn leave_room(&self, room: Option<&RoomName>) -> Pending<RoomName> {
        self.ask(None, &command("/leave", room), |answer| answer.meta.room)
    }

    /// Takes a name. The answer is the name.
    ///
    /// The server refuses it if the name is reserved, or if somebody else has it or one that looks like it.
    ///
    /// ```no_run
    /// # use chat_core::{Client, ClientConfig, RequestError};
    /// # use std::time::Duration;
    /// # let mut config = ClientConfig::default();
    /// # config.tags = true;
    /// # let client = Client::connect_with("127.0.0.1:12345", config, |_| ())?;
    /// match client.take_name(&"Ada".parse()?).wait(Duration::from_secs(5)) {
    ///     Err(RequestError::Refused(why)) => println!("{why}"),
    ///     other => println!("called {}", other?),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_name(&self, name: &Name) -> Pending<Name> {
        self.ask(None, &format!("/nick {name}"), |answer| answer.name)
    }

    /// Asks who is in a room; with `None`, in the one to which what is sent goes.
    ///
    /// The server refuses it if there is no such room.
    ///
    /// ```no_run
    /// # use chat_core::{Client, ClientConfig};
    /// # use std::time::Duration;
    /// # let mut config = ClientConfig::default();
    /// # config.tags = true;
    /// # let client = Client::connect_with("127.0.0.1:12345", config, |_| ())?;
    /// let here = client.who(None).wait(Duration::from_secs(5))?;
    /// assert!(here.names.len() as u64 <= here.count);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn who(&self, room: Option<&RoomName>) -> Pending<Present> {
        self.ask(None, &command("/who", room), |Answer { meta, names, count, .. }| {
            Some(Present { room: meta.room?, names: names?, count: count? })
        })
    }

    /// Says something to one client alone. The answer has the number of the message, and says that it
    /// was passed on.
    ///
    /// The server refuses it if nobody of that name is here, if that one ignores this client, if this
    /// client is muted, or if [`Server::on_message`](crate::Server::on_message) does not let the text pass.
    ///
    /// ```no_run
    /// # use chat_core::{Client, ClientConfig};
    /// # use std::time::Duration;
    /// # let mut config = ClientConfig::default();
    /// # config.tags = true;
    /// # let client = Client::connect_with("127.0.0.1:12345", config, |_| ())?;
    /// client.message_to(&"Ada".parse()?, "psst").wait(Duration::from_secs(5))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn message_to(&self, who: &Who, text: &str) -> Pending<Meta> {
        self.ask(None, &format!("/msg {who} {text}"), |answer| Some(answer.meta))
    }

    /// Says something in one of the rooms in which the client is. The answer has the number and the
    /// time of the message.
    ///
    /// A text that begins with a slash is said as it is, and not taken for a command. Spaces at the
    /// beginning are not kept, and `exit` leaves the chat, as it does with [`Client::send`].
    ///
    /// The server refuses it if the client is not in that room, if it is muted, or if
    /// [`Server::on_message`](crate::Server::on_message) does not let the text pass.
    ///
    /// ```no_run
    /// # use chat_core::{Client, ClientConfig};
    /// # use std::time::Duration;
    /// # let mut config = ClientConfig::default();
    /// # config.tags = true;
    /// # let client = Client::connect_with("127.0.0.1:12345", config, |_| ())?;
    /// let said = client.say_in(&"tea".parse()?, "milk?").wait(Duration::from_secs(5))?;
    /// println!("said as number {:?}", said.msgid);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn say_in(&self, room: &RoomName, text: &str) -> Pending<Meta> {
        // Two slashes send one.
        let slash = if text.trim_start_matches(' ').starts_with('/') { "/" } else { "" };
        let line = format!("{slash}{}", text.trim_start_matches(' '));
        self.ask(Some(room), &line, |answer| Some(answer.meta))
    }

    fn ask<T>(
        &self,
        room: Option<&RoomName>,
        line: &str,
        read: fn(Answer) -> Option<T>,
    ) -> Pending<T> {
        let Some(asking) = &self.asking else {
            return Pending::failed(RequestError::Untagged, read);
        };
        match self.try_ask(asking, room, line) {
            Ok(receiver) => Pending::new(receiver, asking.over.clone(), self.hearer(), read),
            Err(error) => Pending::failed(error, read),
        }
    }

    fn try_ask(
        &self,
        asking: &Asking,
        room: Option<&RoomName>,
        line: &str,
    ) -> Result<Receiver<Reply>, RequestError> {
        let line = self.check(line)?;
        let place = Place::take(&asking.waiting, self.send_queue);
        let place = place.ok_or(RequestError::Full { limit: self.send_queue })?;
        let (sender, receiver) = bounded(1);
        let waiter = Waiter { sender, _place: place };
        self.give(Outgoing::Request(Asked { room: room.cloned(), line, waiter }))?;
        Ok(receiver)
    }
}

/// A command that may be about one room.
fn command(command: &str, room: Option<&RoomName>) -> String {
    room.map_or_else(|| command.to_owned(), |room| format!("{command} {room}"))
}
