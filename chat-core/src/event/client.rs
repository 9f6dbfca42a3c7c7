//! What happens on a client's connection, as the program that owns the client sees it.

use std::time::{Duration, SystemTime};

use super::CloseReason;
use crate::wire::{Line, Name, RoomName, Text, Who};

/// Something that happened on a client's connection.
///
/// A plain client is given the lines as they came: [`Line`](ClientEvent::Line). A client that asked for
/// tags ([`ClientConfig::tags`](crate::ClientConfig::tags)) is told what the lines are, and is given a
/// `Line` only where its tags do not say that.
///
/// A connection that was lost comes back by itself, unless
/// [`ClientConfig::reconnect`](crate::ClientConfig::reconnect) says otherwise. Nothing is left out in
/// silence: `Reconnecting` tells of each attempt, and when the connection is there again, exactly one
/// of `Recovered` and `Lost` says what has become of the lines in between. A connection that is lost
/// before that counts as a failed attempt.
///
/// `Disconnected` comes exactly once, as the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// A line came from the server. A client with tags is given one if the tags do not fit the line, or
    /// say that it is of a kind that this version does not know; the tags are then left out.
    Line(
        /// The line, taken apart.
        Line,
    ),
    /// The server has switched tags on: from here on it says what its lines are, and answers requests.
    /// This comes again whenever the client has to begin anew, after `Lost { lines: None, .. }`.
    #[non_exhaustive]
    Ready {
        /// What the server is: `chat-core`.
        server: Text,
        /// Its version.
        version: Text,
        /// What this client is called.
        name: Who,
        /// Where it is.
        room: RoomName,
        /// The longest line that the server takes, in bytes, its tags included.
        line: usize,
        /// How many lines a second it takes in the long run; `None`: as many as come.
        rate: Option<u32>,
        /// How many lines it takes at once; `None`: as many as come.
        burst: Option<u32>,
    },
    /// Another client said something in a room.
    Message {
        /// What is known of the line.
        meta: Meta,
        /// Who said it.
        from: Who,
        /// What it said.
        text: Text,
    },
    /// Another client said what it does (`/me`).
    Action {
        /// What is known of the line.
        meta: Meta,
        /// Who does it.
        from: Who,
        /// What it does.
        text: Text,
    },
    /// Another client said something to this one alone (`/msg`).
    Private {
        /// What is known of the line.
        meta: Meta,
        /// Who said it.
        from: Who,
        /// What it said.
        text: Text,
    },
    /// The server says something, to a room or to this client.
    Notice {
        /// What is known of the line.
        meta: Meta,
        /// What it says, without its star.
        text: Text,
    },
    /// A client has come into a room. Only a server that announces tells that.
    Joined {
        /// What is known of the line: the room.
        meta: Meta,
        /// Who has come.
        who: Who,
    },
    /// A client has left a room. Only a server that announces tells that.
    Left {
        /// What is known of the line: the room.
        meta: Meta,
        /// Who has left.
        who: Who,
    },
    /// So many clients came within a moment that they are announced together.
    ManyJoined {
        /// What is known of the line: the room.
        meta: Meta,
        /// How many have come.
        count: u64,
    },
    /// So many clients left within a moment that they are announced together.
    ManyLeft {
        /// What is known of the line: the room.
        meta: Meta,
        /// How many have left.
        count: u64,
    },
    /// A client has taken a name. Only a server that announces tells that.
    Renamed {
        /// What is known of the line.
        meta: Meta,
        /// What it was called before.
        from: Who,
        /// Its name from now on.
        name: Name,
    },
    /// A client has set the topic of a room.
    Topic {
        /// What is known of the line: the room.
        meta: Meta,
        /// Who has set it.
        from: Who,
        /// What it is now.
        topic: Text,
    },
    /// The server has done what this client asked for: by a command that it
    /// [sent](crate::Client::send), or by its config. What is asked for by a request is answered there,
    /// in its [`Pending`](crate::Pending).
    Answer {
        /// What is known of the line.
        meta: Meta,
        /// What the server says, without its star.
        text: Text,
    },
    /// The server has refused what this client asked for in such a way, or something that it said.
    Refused {
        /// What is known of the line.
        meta: Meta,
        /// What the server says, without its star.
        text: Text,
    },
    /// A line came that is longer than [`ClientConfig::line`](crate::ClientConfig::line).
    Skipped,
    /// The handler was a channel that was full: this many events were left out here.
    Missed {
        /// How many.
        count: u64,
    },
    /// The connection was lost, or could not be made again: the client waits, and then tries. What
    /// is given to it meanwhile waits in its queue.
    #[non_exhaustive]
    Reconnecting {
        /// The number of the attempt, from 1 on since the connection was lost.
        attempt: u32,
        /// How long it waits before that.
        after: Duration,
        /// Why the connection was lost, or why the previous attempt has failed.
        reason: CloseReason,
    },
    /// The connection is there again, in the same session: the client has its name and its rooms,
    /// and all that was said meanwhile has been told before this. What it had sent is said exactly
    /// once.
    #[non_exhaustive]
    Recovered {
        /// How many lines it had missed, and got before this.
        lines: u64,
        /// How many commands had been sent without an answer, of which nobody knows whether they
        /// were done. 0, unless the server was restarted.
        unanswered: u64,
        /// Whether the server itself was restarted meanwhile. Then
        /// [`msgid`](Meta::msgid)s from here on cannot be compared with earlier ones.
        restarted: bool,
    },
    /// The connection is there again, and something was lost.
    ///
    /// That somebody accepts the connection is no sign of being back: a full server does, and so does
    /// a tunnel to one that is down. A tagged client is back when the server has answered; a plain one
    /// when somebody says something, just before that is told, or else when the connection has held for
    /// [`Reconnect::first`](crate::Reconnect::first). Until then it is told notices, and sends nothing
    /// but its [`greeting`](crate::ClientConfig::greeting).
    ///
    /// With `lines: Some(..)` it is the same session, as with `Recovered`. With `None` the client is
    /// a new one to the server: it asks for its name and its rooms as at the beginning, and numbers
    /// may have begun anew.
    #[non_exhaustive]
    Lost {
        /// How many lines were said meanwhile that the server no longer has; `None`: nobody can tell. A
        /// plain client is always told `None`.
        lines: Option<u64>,
        /// How many it had missed, and got before this: those that the server still had. With
        /// `lines: None` it is 0.
        recovered: u64,
        /// How many lines were sent with a label and have no answer: they may have been said, or
        /// done, or not. Lines without labels, as a plain client sends them, are never answered and
        /// not among these.
        unanswered: u64,
        /// Whether the server itself was restarted meanwhile, as with `Recovered`. With `lines: None`
        /// nobody can tell, and it is false.
        restarted: bool,
    },
    /// The connection is over, for good.
    Disconnected {
        /// Why.
        reason: CloseReason,
        /// How many lines had been given to [`Client::send`](crate::Client::send), or as requests,
        /// and could no longer be sent. In a session, in which each line has an answer, those whose
        /// answer has not come count as well.
        unsent: u64,
    },
}

/// What the tags of a line say beside what the event itself does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Meta {
    /// The number of the line: later lines of a server have larger ones, until it is restarted. Lines
    /// that are not kept have none.
    pub msgid: Option<u64>,
    /// When the server took it, by the server's clock, to the millisecond.
    pub time: Option<SystemTime>,
    /// The room to which it belongs, if to any.
    pub room: Option<RoomName>,
}
