//! Who may come back: what is kept of a client whose connection may get lost, and for how long.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use super::losses::Attempt;
use super::roster::Profile;
use crate::deadline::after;
use crate::ids::{ConnId, RoomId};
use crate::store::{SavedLabel, SavedSession, Token};
use crate::wire::{Label, RoomName, Ticket};

/// How many labels of a session are known, with what answered them: a client must not have more lines
/// without an answer.
pub(crate) const LABELS: usize = 64;
/// How many lines are kept that were said to a client alone, and how many bytes of them.
const MOST_PRIVATE: usize = 64;
const MOST_PRIVATE_BYTES: usize = 16 * 1024;

/// How many tokens may be on their way to a client.
const MOST_UNSURE: usize = 8;

/// Where tokens come from: the system's random source; a test may have another one.
pub(crate) type Tokens = Box<dyn FnMut() -> Option<Token> + Send>;

/// All sessions: those of clients that are here, and those that somebody may come back to.
pub(super) struct Sessions {
    all: HashMap<u32, Session>,
    /// The number of the last one.
    last: u32,
    /// Those that nobody has at the moment, in the order in which they end.
    away: VecDeque<(Instant, u32)>,
    within: Duration,
    /// How many may be kept that nobody has.
    most_away: usize,
    tokens: Tokens,
}

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
    whereabouts: Whereabouts,
    /// Up to which publication nothing was for it, for each of its rooms: it came there after that.
    since_when: Vec<(RoomId, u64)>,
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
}

#[derive(Debug)]
enum Whereabouts {
    Here(ConnId),
    Away { until: Instant, stay: Box<Stay> },
}

/// What it takes to have somebody back who was here.
#[derive(Debug, Default)]
pub(super) struct Stay {
    /// The rooms in which it is, first the one in which it talks.
    pub(super) rooms: Vec<RoomId>,
    pub(super) profile: Profile,
}

/// What has answered a line.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// It was said in a room.
    Sent { msgid: u64, room: RoomName, at: SystemTime },
    /// This line.
    Line(Box<[u8]>),
}

#[derive(Debug)]
struct Private {
    msgid: u64,
    /// The last publication before it.
    seq: u64,
    line: Box<[u8]>,
}

impl Sessions {
    pub(super) fn new(within: Duration, most_away: usize, tokens: Tokens) -> Sessions {
        let (all, away) = (HashMap::new(), VecDeque::new());
        Sessions { all, last: 0, away, within, most_away, tokens }
    }

    /// Whether nobody may come back.
    pub(super) fn are_off(&self) -> bool {
        self.within.is_zero()
    }

    /// How long somebody may take to come back.
    pub(super) fn within(&self) -> Duration {
        self.within
    }

    /// Begins a session of a client that is here; `None` if there is no token to be had.
    pub(super) fn begin(&mut self, conn: ConnId, since: u64) -> Option<u32> {
        let token = (self.tokens)()?;
        self.last = self.last.checked_add(1)?;
        self.all.insert(self.last, Session::new(token, Whereabouts::Here(conn), since));
        Some(self.last)
    }

    /// Puts a session back that was kept elsewhere. Nobody has it yet.
    pub(super) fn restore(&mut self, saved: &SavedSession, stay: Stay, last: u64, now: Instant) {
        let until = after(now, self.within);
        let whereabouts = Whereabouts::Away { until, stay: Box::new(stay) };
        let mut session = Session::new(saved.token, whereabouts, saved.since.min(last));
        session.former = saved.former.map(|(token, since)| (token, since.min(last)));
        self.all.insert(saved.id, session);
        self.away.push_back((until, saved.id));
        self.last = self.last.max(saved.id);
    }

    /// Puts back what came of a line with a label.
    pub(super) fn restore_label(&mut self, saved: SavedLabel, at: SystemTime) {
        let SavedLabel { session, label, msgid, room, .. } = saved;
        if let (Some(session), Some(label)) = (self.all.get_mut(&session), Label::new(&label)) {
            session.answer(label, Answer::Sent { msgid, room, at });
        }
    }

    pub(super) fn get(&self, id: u32) -> Option<&Session> {
        self.all.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Session> {
        self.all.get_mut(&id)
    }

    /// The session that a ticket is for, if its secret is the right one; and the number of the last
    /// line that was sent to the client before that secret.
    pub(super) fn find(&mut self, ticket: &Ticket) -> Option<(u32, u64)> {
        let session = self.all.get_mut(&ticket.session)?;
        let presented = Token::from_bytes(ticket.secret);
        let known = session.former.iter().chain(&session.unsure).copied();
        // All are looked at, whatever comes of the first.
        let is_it =
            |found, (own, since)| if is_same(&own, &presented) { Some(since) } else { found };
        let since = known.chain([(session.token, session.since)]).fold(None, is_it)?;
        session.comes_by(presented, since);
        Some((ticket.session, since))
    }

    /// The client of a session is lost.
    pub(super) fn leave(&mut self, id: u32, stay: Stay, now: Instant) {
        let until = after(now, self.within);
        let Some(session) = self.all.get_mut(&id) else { return };
        session.whereabouts = Whereabouts::Away { until, stay: Box::new(stay) };
        self.away.push_back((until, id));
    }

    /// Takes out the session that nobody has had for the longest time, if there are too many of those.
    pub(super) fn pop_spare(&mut self) -> Option<(u32, Stay)> {
        if self.away.len() > self.most_away { self.pop() } else { None }
    }

    /// Those who are away, as they were when they were here.
    pub(super) fn stays_mut(&mut self) -> impl Iterator<Item = &mut Stay> {
        self.all.values_mut().filter_map(|session| match &mut session.whereabouts {
            Whereabouts::Away { stay, .. } => Some(&mut **stay),
            Whereabouts::Here(_) => None,
        })
    }

    /// The client of a session is back, with a new token; `None` if there is none to be had.
    pub(super) fn take_up(&mut self, id: u32, conn: ConnId, since: u64) -> Option<Stay> {
        let token = (self.tokens)()?;
        let session = self.all.get_mut(&id)?;
        let here = Whereabouts::Here(conn);
        let Whereabouts::Away { until, stay } = std::mem::replace(&mut session.whereabouts, here)
        else {
            return None;
        };
        // A client that has come back by the former one, since it did not get the new one, may do so
        // again.
        match session.former {
            None => session.former = Some((session.token, session.since)),
            Some(_) => session.unsure.push_back((session.token, session.since)),
        }
        if session.unsure.len() > MOST_UNSURE {
            session.unsure.pop_front();
        }
        (session.token, session.since) = (token, since);
        // They are in the order of their ends, but for those that a test has moved.
        if let Some(at) = self.away.iter().position(|&away| away == (until, id)) {
            self.away.remove(at);
        }
        Some(*stay)
    }

    /// A session is over.
    pub(super) fn end(&mut self, id: u32) {
        self.all.remove(&id);
    }

    /// When the next session is over that nobody comes back to.
    pub(super) fn next(&self) -> Option<Instant> {
        self.away.front().map(|&(until, _)| until)
    }

    /// Takes out a session that is over by now.
    pub(super) fn pop_over(&mut self, now: Instant) -> Option<(u32, Stay)> {
        self.next().filter(|&until| until <= now)?;
        self.pop()
    }

    fn pop(&mut self) -> Option<(u32, Stay)> {
        let (_, id) = self.away.pop_front()?;
        let session = self.all.remove(&id)?;
        match session.whereabouts {
            Whereabouts::Away { stay, .. } => Some((id, *stay)),
            Whereabouts::Here(_) => None,
        }
    }
}

impl Session {
    fn new(token: Token, whereabouts: Whereabouts, since: u64) -> Session {
        Session {
            token,
            since,
            former: None,
            unsure: VecDeque::new(),
            presented: None,
            whereabouts,
            since_when: Vec::new(),
            attempt: None,
            answers: VecDeque::new(),
            private: VecDeque::new(),
            private_bytes: 0,
            private_gone: VecDeque::new(),
        }
    }

    pub(super) fn token(&self) -> Token {
        self.token
    }

    pub(super) fn since(&self) -> u64 {
        self.since
    }

    pub(super) fn former(&self) -> Option<(Token, u64)> {
        self.former
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

    /// The client has got the new token: it has said something since.
    pub(super) fn has_token(&mut self) {
        self.former = None;
        self.unsure = VecDeque::new();
        self.attempt = None;
    }

    /// The client comes back by this token: it has got it, and what it was told with it.
    fn comes_by(&mut self, token: Token, since: u64) {
        let former = self.presented.replace(token);
        if !former.is_some_and(|former| is_same(&former, &token)) {
            self.attempt = None;
        }
        if is_same(&token, &self.token) {
            return self.has_token();
        }
        if let Some(at) = self.unsure.iter().position(|(other, _)| is_same(other, &token)) {
            self.unsure.drain(..=at);
            self.former = Some((token, since));
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
    }

    /// Notes a line that was said to it alone.
    pub(super) fn keep_private(&mut self, msgid: u64, seq: u64, line: &[u8]) {
        self.private_bytes += line.len();
        self.private.push_back(Private { msgid, seq, line: line.into() });
        while self.private.len() > MOST_PRIVATE || self.private_bytes > MOST_PRIVATE_BYTES {
            let Some(first) = self.private.pop_front() else { return };
            self.private_bytes -= first.line.len();
            self.private_gone.push_back(first.msgid);
            let spare = self.private_gone.len().saturating_sub(LABELS * MOST_PRIVATE);
            self.private_gone.drain(..spare);
        }
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
        self.leave(room);
        self.since_when.push((room, seq));
    }

    /// It is in a room no more.
    pub(super) fn leave(&mut self, room: RoomId) {
        self.since_when.retain(|&(other, _)| other != room);
    }

    /// Up to which publication nothing is for it in a room.
    pub(super) fn since_when(&self, room: RoomId) -> u64 {
        let own = self.since_when.iter().find(|&&(other, _)| other == room);
        own.map_or(0, |&(_, seq)| seq)
    }
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
fn is_same(one: &Token, other: &Token) -> bool {
    let number = |token: &Token| u128::from_ne_bytes(*token.as_bytes());
    black_box(number(one) ^ number(other)) == 0
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("all", &self.all).finish_non_exhaustive()
    }
}
