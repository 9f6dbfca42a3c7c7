//! The least that a program does which does not want to lose anything: it resumes, and sends again
//! what has no answer. It has no connection of its own: bytes go in, and bytes come out.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use chat_core::wire::Tags;

/// A line that has come, by its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) tags: BTreeMap<String, String>,
    /// What follows them.
    pub(crate) text: String,
}

impl Told {
    pub(crate) fn of(line: &str) -> Told {
        let (tags, text) = Tags::split(line);
        let tags = tags.iter().map(|(key, value)| (key.to_owned(), value.into_owned())).collect();
        Told { tags, text: text.to_owned() }
    }

    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.tag(key).map(|value| value.parse().unwrap())
    }

    pub(crate) fn kind(&self) -> &str {
        self.tag("kind").unwrap_or_default()
    }

    fn is_answer(&self) -> bool {
        matches!(self.kind(), "sent" | "answer" | "error" | "found")
    }
}

/// What a talker has to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) epoch: u64,
    /// How far it has read.
    pub(crate) msgid: u64,
}

/// How far a talker is with its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has none, or has not begun to talk on it.
    Away,
    /// It wants to have a session.
    Beginning,
    /// It wants to have its session back.
    Resuming,
    Here,
}

/// What has become of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    Begun(Told),
    Resumed(Told),
    /// The server does not know it any more. It has tags now, and is to begin anew.
    Unknown,
    /// Something that others said, or that all are told.
    Heard(Told),
    /// The answer to a line with this label.
    Answered(u64, Told),
}

/// A program that does not want to lose anything.
#[derive(Debug)]
pub(crate) struct Talker {
    pub(crate) session: Option<Session>,
    stage: Stage,
    /// A line of which the end has not come.
    buffer: Vec<u8>,
    has_tags: bool,
    /// Lines with labels that have no answer, in order.
    pub(crate) open: VecDeque<(u64, String)>,
    next_label: u64,
    /// What is to be sent.
    outgoing: Vec<u8>,
}

/// The label by which a talker asks for a session: one that is no number.
const BEGIN: &str = "begin";

impl Talker {
    pub(crate) fn new() -> Talker {
        Talker {
            session: None,
            stage: Stage::Away,
            buffer: Vec::new(),
            has_tags: false,
            open: VecDeque::new(),
            next_label: 1,
            outgoing: Vec::new(),
        }
    }

    /// Whether it can talk at the moment.
    pub(crate) fn is_here(&self) -> bool {
        self.stage == Stage::Here
    }

    /// It has a new connection.
    pub(crate) fn connected(&mut self) {
        self.lost();
        if let Some(Session { token, epoch, msgid }) = &self.session {
            self.stage = Stage::Resuming;
            self.outgoing = format!("/resume {token} {epoch} {msgid}\n").into();
        } else {
            self.stage = Stage::Beginning;
            self.outgoing = b"/tags\n".to_vec();
            self.begin();
        }
    }

    /// Asks for a session, on a connection that has tags.
    pub(crate) fn begin(&mut self) {
        self.stage = Stage::Beginning;
        self.open.clear();
        self.outgoing.extend(format!("@label={BEGIN} /resume\n").bytes());
    }

    /// Its connection is lost, with the line that was half out.
    pub(crate) fn lost(&mut self) {
        self.stage = Stage::Away;
        self.has_tags = false;
        self.buffer.clear();
        self.outgoing.clear();
    }

    /// Says something that is to be answered: now, or when it is back. The answer is the label.
    pub(crate) fn say(&mut self, room: Option<&str>, line: &str) -> u64 {
        let label = self.next_label;
        self.next_label += 1;
        let room = room.map(|room| format!(";room={room}")).unwrap_or_default();
        let line = format!("@label={label}{room} {line}\n");
        if self.is_here() {
            self.outgoing.extend(line.bytes());
        }
        self.open.push_back((label, line));
        label
    }

    /// Says something without a label, if it is here.
    pub(crate) fn say_plainly(&mut self, room: Option<&str>, line: &str) {
        if self.is_here() {
            let tags = room.map(|room| format!("@room={room} ")).unwrap_or_default();
            self.outgoing.extend(format!("{tags}{line}\n").bytes());
        }
    }

    /// What it wants to send.
    pub(crate) fn outgoing(&mut self) -> Vec<u8> {
        mem::take(&mut self.outgoing)
    }

    /// It has read these bytes.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Vec<News> {
        self.buffer.extend_from_slice(bytes);
        let mut news = Vec::new();
        while let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = str::from_utf8(&line[..end]).expect("a server sends valid UTF-8");
            news.extend(self.line(line));
        }
        news
    }

    fn line(&mut self, line: &str) -> Option<News> {
        self.has_tags |= line.starts_with('@');
        if !self.has_tags {
            return None;
        }
        let told = Told::of(line);
        if let Some(token) = told.tag("session") {
            let (epoch, msgid) = (told.number("epoch").unwrap(), told.number("msgid").unwrap());
            let former = self.session.replace(Session { token: token.into(), epoch, msgid });
            let is_resumed = mem::replace(&mut self.stage, Stage::Here) == Stage::Resuming;
            let is_same_epoch = former.is_some_and(|former| former.epoch == epoch);
            for (_, line) in &self.open {
                // What became of a command before the server was started anew is not known.
                let is_command = line.split_once(' ').is_some_and(|(_, it)| it.starts_with('/'));
                if is_same_epoch || !is_command {
                    self.outgoing.extend(line.bytes());
                }
            }
            return Some(if is_resumed { News::Resumed(told) } else { News::Begun(told) });
        }
        if self.stage == Stage::Resuming && told.kind() == "error" {
            self.session = None;
            self.stage = Stage::Away;
            return Some(News::Unknown);
        }
        if let Some(label) = told.tag("label").and_then(|label| label.parse().ok()) {
            self.open.retain(|(open, _)| *open != label);
            return Some(News::Answered(label, told));
        }
        let session = self.session.as_mut()?;
        if let Some(msgid) = told.number("msgid").filter(|_| !told.is_answer()) {
            session.msgid = msgid;
            return Some(News::Heard(told));
        }
        None
    }
}
