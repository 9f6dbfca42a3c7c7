//! One session: its secret, and all that is kept for its client in case that gets lost.

mod secrets;

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::time::{Instant, SystemTime};

use super::history::Gone;
use super::left::Left;
use super::losses::Attempt;
use super::roster::Profile;
use crate::budget::Charge;
use crate::ids::{ConnId, RoomId};
use crate::store::{LABELS, Token};
use crate::wire::{Label, RoomName};

/// How many lines are kept that were said to a client alone, and how many bytes of them.
const MOST_PRIVATE: usize = 64;
const MOST_PRIVATE_BYTES: usize = 16 * 1024;
/// Of how many of those that are kept no more it is known that there were such.
const MOST_PRIVATE_GONE: usize = 4096;
/// The longest answer that is known by its words. Of a longer one it is known that it was given.
const LONGEST_ANSWER: usize = 512;

/// What is known of somebody who may come back.
#[derive(Debug)]
pub(super) struct Session {
    token: Token,
    /// The number of the last line that was sent to the client before its token was.
    since: u64,
    /// The token before it and its number, as long as the client may not have got the new one.
    former: Option<(Token, u64)>,
    /// Those in between: each was told to a connection that was lost before it said anything. The client
    /// may have got any of them, since what was sent on an older connection may come later.
    unsure: VecDeque<(Token, u64)>,
    /// The token by which its client came back the last time.
    presented: Option<Token>,
    /// Where it is, and until when it may stay away.
    pub(super) whereabouts: Whereabouts,
    /// Up to which publication nothing was for it, for each of its rooms: it came there after that.
    since_when: Vec<(RoomId, u64)>,
    /// What it may not have got of rooms that it has left, since it came back the last time.
    left: Left,
    /// What it was told when it came back, as long as it may not have got that.
    attempt: Option<Attempt>,
    /// What has answered its last labels.
    answers: VecDeque<(Label, Answer)>,
    /// What was said to it alone.
    private: VecDeque<Private>,
    /// How many bytes that are.
    private_bytes: usize,
    /// The numbers of those that had to be given up.
    private_gone: VecDeque<u64>,
    /// What it takes to remember all that.
    charge: Charge,
}

#[derive(Debug)]
pub(super) enum Whereabouts {
    Here(ConnId),
    Away { until: Instant, stay: Box<Stay> },
}

/// What it takes to have somebody back who was here.
#[derive(Debug, Default)]
pub(super) struct Stay {
    /// The rooms in which it is, first the one in which it talks.
    pub(super) rooms: Vec<RoomId>,
    pub(super) profile: Profile,
    /// From where it came; not known of one that was kept elsewhere.
    pub(super) ip: Option<IpAddr>,
}

/// What has answered a line.
#[derive(Clone)]
pub(super) enum Answer {
    /// It was said in a room.
    Sent { msgid: u64, room: RoomName, at: SystemTime },
    /// This line.
    Line(Box<[u8]>),
    /// A long line: it is done.
    Done,
}

impl Answer {
    /// How many bytes it has.
    fn len(&self) -> usize {
        match self {
            Answer::Sent { room, .. } => room.len(),
            Answer::Line(line) => line.len(),
            Answer::Done => 0,
        }
    }

    /// A line as it is remembered.
    pub(super) fn of_line(line: &[u8]) -> Answer {
        if line.len() > LONGEST_ANSWER { Answer::Done } else { Answer::Line(line.into()) }
    }
}

/// It does not show what was said to one client alone, nor the secret of its session.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Sent { msgid, room, .. } => write!(f, "Sent({msgid} in {room})"),
            Answer::Line(line) => write!(f, "Line({} bytes)", line.len()),
            Answer::Done => f.write_str("Done"),
        }
    }
}

struct Private {
    msgid: u64,
    /// The last publication before it.
    seq: u64,
    line: Box<[u8]>,
}

/// It does not show what was said.
impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Private({})", self.msgid)
    }
}

impl Session {
    pub(super) fn new(
        token: Token,
        whereabouts: Whereabouts,
        since: u64,
        charge: Charge,
    ) -> Session {
        Session {
            token,
            since,
            former: None,
            unsure: VecDeque::new(),
            presented: None,
            whereabouts,
            since_when: Vec::new(),
            left: Left::default(),
            attempt: None,
            answers: VecDeque::new(),
            private: VecDeque::new(),
            private_bytes: 0,
            private_gone: VecDeque::new(),
            charge,
        }
    }

    /// What it takes to have its client back, if that is not here.
    pub(super) fn stay(&self) -> Option<&Stay> {
        match &self.whereabouts {
            Whereabouts::Away { stay, .. } => Some(stay),
            Whereabouts::Here(_) => None,
        }
    }

    /// Its client, if that is here.
    pub(super) fn conn(&self) -> Option<ConnId> {
        match self.whereabouts {
            Whereabouts::Here(conn) => Some(conn),
            Whereabouts::Away { .. } => None,
        }
    }

    /// What has answered the line that had this label.
    pub(super) fn answer_to(&self, label: &Label) -> Option<&Answer> {
        self.answers.iter().find(|(own, _)| own == label).map(|(_, answer)| answer)
    }

    /// Notes what has answered a line.
    pub(super) fn answer(&mut self, label: Label, answer: Answer) {
        if self.answers.len() >= LABELS {
            self.answers.pop_front();
        }
        self.answers.push_back((label, answer));
        self.weigh();
    }

    /// Counts what it remembers as memory of the server.
    fn weigh(&mut self) {
        let answer = |(label, answer): &(Label, Answer)| {
            size_of::<(Label, Answer)>() + label.as_str().len() + answer.len()
        };
        let answers: usize = self.answers.iter().map(answer).sum();
        let private = size_of::<Private>() * self.private.len() + self.private_bytes;
        let gone = size_of::<u64>() * self.private_gone.len();
        self.charge.set(answers + private + gone + self.left.weight());
    }

    /// Notes a line that was said to it alone. While memory is short, only its number is kept.
    pub(super) fn keep_private(&mut self, msgid: u64, seq: u64, line: &[u8], is_short: bool) {
        self.private_bytes += line.len();
        self.private.push_back(Private { msgid, seq, line: line.into() });
        let most = if is_short { (0, 0) } else { (MOST_PRIVATE, MOST_PRIVATE_BYTES) };
        while self.private.len() > most.0 || self.private_bytes > most.1 {
            let Some(first) = self.private.pop_front() else { break };
            self.private_bytes -= first.line.len();
            self.private_gone.push_back(first.msgid);
            let spare = self.private_gone.len().saturating_sub(MOST_PRIVATE_GONE);
            self.private_gone.drain(..spare);
        }
        self.weigh();
    }

    /// The lines that were said to it alone after a number, each with the last publication before it.
    pub(super) fn private_after(&self, msgid: u64) -> Vec<(u64, Vec<u8>)> {
        let lines = self.private.iter().filter(|line| line.msgid > msgid);
        lines.map(|line| (line.seq, line.line.to_vec())).collect()
    }

    /// How many lines were said to it alone after a number, up to another one, and are kept no more.
    pub(super) fn private_lost(&self, after: u64, until: u64) -> u64 {
        let is_lost = |gone: &&u64| **gone > after && **gone <= until;
        self.private_gone.iter().filter(is_lost).count() as u64
    }

    /// The number of the last of those that are kept no more.
    pub(super) fn private_gone_until(&self) -> u64 {
        self.private_gone.back().copied().unwrap_or(0)
    }

    /// What it was told when it came back the last time, if it may not know that.
    pub(super) fn take_attempt(&mut self) -> Option<Attempt> {
        self.attempt.take()
    }

    /// It is told this now.
    pub(super) fn set_attempt(&mut self, attempt: Attempt) {
        self.attempt = Some(attempt);
    }

    /// It is in a room from now on: what was published before, up to here, is not for it.
    pub(super) fn enter(&mut self, room: RoomId, seq: u64) {
        self.since_when.retain(|&(other, _)| other != room);
        self.since_when.push((room, seq));
    }

    /// It is in a room no more, where this was published while it was there, the newest first.
    pub(super) fn leave(&mut self, room: RoomId, newest_first: impl Iterator<Item = Gone>) {
        self.since_when.retain(|&(other, _)| other != room);
        self.left.add(newest_first);
        self.weigh();
    }

    /// Takes out what it may not have got of rooms that it has left.
    pub(super) fn take_left(&mut self) -> Left {
        let left = std::mem::take(&mut self.left);
        self.weigh();
        left
    }

    /// Up to which publication nothing is for it in a room.
    pub(super) fn since_when(&self, room: RoomId) -> u64 {
        let own = self.since_when.iter().find(|&&(other, _)| other == room);
        own.map_or(0, |&(_, seq)| seq)
    }
}
