//! What is kept, piece by piece, and what is told of it at the next start.

use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use super::left_out::LeftOut;
use super::lines::Lines;
use crate::wire::{Name, RoomName, Text};

/// One thing that is to be kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Record {
    /// This was said.
    Lines(Lines),
    /// The room has this topic from now on.
    Topic {
        /// The room.
        room: RoomName,
        /// Its topic.
        topic: Text,
    },
    /// This address is kept away from now on, whatever was known of it before.
    Ban(Ban),
    /// This address may come again.
    Unban(IpAddr),
    /// This is what is known of a session from now on, whatever was known of it before. The
    /// [labels](Record::Lines) of its lines stay.
    Session(SavedSession),
    /// The session is over: nothing of it is kept but what was said.
    SessionOver(u32),
}

impl Record {
    /// How much memory it takes while it waits, about.
    pub(crate) fn weight(&self) -> usize {
        let more = match self {
            Record::Lines(lines) => lines.bytes().len() + size_of_val(&**lines.marks()),
            Record::Topic { topic, .. } => topic.len(),
            Record::Session(session) => 40 * session.rooms.len(),
            Record::Ban(_) | Record::Unban(_) | Record::SessionOver(_) => 0,
        };
        size_of::<Record>() + more
    }
}

/// An address that is kept away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ban {
    /// Who is kept away.
    pub ip: IpAddr,
    /// Until when.
    pub until: SystemTime,
}

/// The secret by which a client proves that a session is its own.
///
/// It does not show itself: neither `Debug` nor an error tells what it is.
#[derive(Clone, Copy)]
pub struct Token([u8; 16]);

impl Token {
    /// The token of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Token {
        Token(bytes)
    }

    /// Its bytes, to be kept where nobody else can read them.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What is known of somebody who may come back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SavedSession {
    /// What tells it from all others: 1 or more.
    pub id: u32,
    /// Its secret.
    pub token: Token,
    /// The number of the last line before it was given that token.
    pub since: u64,
    /// The token before that and the number that went with it, for as long as the client may not know
    /// the new one.
    pub former: Option<(Token, u64)>,
    /// The name it has taken.
    pub name: Option<Name>,
    /// The rooms in which it is, first the one in which it talks.
    pub rooms: Vec<SavedRoom>,
}

/// A room in which somebody is who may come back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedRoom {
    /// Its name.
    pub name: RoomName,
    /// It came there after the lines of this [`Lines::seq`]: they, and those before them, are not for it.
    pub since: u64,
}

impl SavedRoom {
    /// A room into which somebody came after these lines; 0: before all.
    pub fn new(name: RoomName, since: u64) -> SavedRoom {
        SavedRoom { name, since }
    }
}

/// A label that a session has used for something that was said, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedLabel {
    /// The session's [id](SavedSession::id).
    pub session: u32,
    /// The label.
    pub label: String,
    /// The number that the line got.
    pub msgid: u64,
    /// The room in which it was said.
    pub room: RoomName,
}

impl SavedSession {
    /// A session, put together from what was kept of it.
    pub fn new(id: u32, token: Token, since: u64) -> SavedSession {
        SavedSession { id, token, since, former: None, name: None, rooms: Vec::new() }
    }
}

impl Ban {
    /// Keeps an address away until then.
    pub fn new(ip: IpAddr, until: SystemTime) -> Ban {
        Ban { ip, until }
    }
}

impl SavedLabel {
    /// A label, put together from what was kept of it.
    pub fn new(session: u32, label: String, msgid: u64, room: RoomName) -> SavedLabel {
        SavedLabel { session, label, msgid, room }
    }
}

/// What is kept, as it is told at the start.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Kept {
    /// The number of this start: one more than that of the last, 1 for the first.
    pub epoch: u64,
    /// For each earlier start of which that is still known, its number and that of the last line that
    /// was kept in it; in order.
    pub epochs: Vec<(u64, u64)>,
    /// The number of the last line that was kept; 0 if none was.
    pub last: u64,
    /// The highest [`Lines::seq`] that was kept; 0 if none was.
    pub seq: u64,
    /// The highest [id](SavedSession::id) that a session has ever had; 0 if there was none.
    pub last_session: u32,
    /// The rooms that are [wanted](super::Wanted), the one in which something was said last at the end.
    pub rooms: Vec<KeptRoom>,
    /// Who is kept away. Bans that are over may be among them.
    pub bans: Vec<Ban>,
    /// Who may come back.
    pub sessions: Vec<SavedSession>,
    /// What they have said with a label, in order.
    pub labels: Vec<SavedLabel>,
}

/// A room, as it was kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KeptRoom {
    /// Its name.
    pub name: RoomName,
    /// Its topic.
    pub topic: Option<Text>,
    /// The last lines, in the order of their [`Lines::seq`].
    pub lines: Vec<Lines>,
    /// Those before them that somebody may have missed who may come back, in their order: as many as are
    /// [wanted](super::Wanted::left_out), and one line at least if there are more.
    pub left_out: Vec<LeftOut>,
}

impl KeptRoom {
    /// A room of which nothing is kept but its name.
    pub fn new(name: RoomName) -> KeptRoom {
        KeptRoom { name, topic: None, lines: Vec::new(), left_out: Vec::new() }
    }
}

/// A line that was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchHit {
    /// Its number.
    pub msgid: u64,
    /// When it was said.
    pub time: SystemTime,
    /// The line as it was read: with its author before it.
    pub line: Text,
}

/// What came of a search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SearchResults {
    /// What was found, the newest first.
    pub lines: Vec<SearchHit>,
    /// Not everything was looked at, since too much has some of the words, or was said too lately: there
    /// may be more lines, also between these.
    pub is_cut_short: bool,
}

impl SearchResults {
    /// What was found by a search that has looked at all there is, or found as many as were wanted.
    pub fn new(lines: Vec<SearchHit>) -> SearchResults {
        SearchResults { lines, is_cut_short: false }
    }
}

impl SearchHit {
    /// A line that was found.
    pub fn new(msgid: u64, time: SystemTime, line: Text) -> SearchHit {
        SearchHit { msgid, time, line }
    }
}
