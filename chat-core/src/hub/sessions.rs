//! Who may come back: what is kept of a client whose connection may get lost, and for how long.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use super::away::Away;
use super::session::{Answer, Session, Stay, Whereabouts};
use crate::budget::Budget;
use crate::deadline::after;
use crate::ids::ConnId;
use crate::store::{SavedLabel, SavedSession, Token};
use crate::wire::{Label, Ticket};

/// Where tokens come from: the system's random source; a test may have another one.
pub(crate) type Tokens = Box<dyn FnMut() -> Option<Token> + Send>;

/// All sessions: those of clients that are here, and those that somebody may come back to.
pub(super) struct Sessions {
    all: HashMap<u32, Session>,
    /// The number of the last one.
    last: u32,
    /// Those that nobody has at the moment.
    away: Away,
    within: Duration,
    /// How many may be kept that nobody has.
    most_away: usize,
    tokens: Tokens,
    /// What they remember is charged to this.
    budget: Budget,
}

impl Sessions {
    pub(super) fn new(
        within: Duration,
        most_away: usize,
        tokens: Tokens,
        budget: Budget,
    ) -> Sessions {
        let (all, away) = (HashMap::new(), Away::default());
        Sessions { all, last: 0, away, within, most_away, tokens, budget }
    }

    /// Whether nobody may come back.
    pub(super) fn are_off(&self) -> bool {
        self.within.is_zero()
    }

    /// How long somebody may take to come back.
    pub(super) fn within(&self) -> Duration {
        self.within
    }

    /// Begins a session of a client that is here; `None` if there is no token to be had, or no number.
    pub(super) fn begin(&mut self, conn: ConnId, since: u64) -> Option<u32> {
        let token = (self.tokens)()?;
        let Some(next) = self.last.checked_add(1) else {
            log::error!("all numbers of sessions are used up: no other can begin");
            return None;
        };
        self.last = next;
        let charge = self.budget.charge(0);
        self.all.insert(self.last, Session::new(token, Whereabouts::Here(conn), since, charge));
        Some(self.last)
    }

    /// Puts a session back that was kept elsewhere. Nobody has it yet.
    pub(super) fn restore(&mut self, saved: &SavedSession, stay: Stay, last: u64, now: Instant) {
        let until = after(now, self.within);
        self.away.add((until, saved.id), stay.ip);
        let whereabouts = Whereabouts::Away { until, stay: Box::new(stay) };
        let charge = self.budget.charge(0);
        let mut session = Session::new(saved.token, whereabouts, saved.since.min(last), charge);
        session.set_former(saved.former.map(|(token, since)| (token, since.min(last))));
        self.all.insert(saved.id, session);
        self.last = self.last.max(saved.id);
    }

    /// Sessions have had numbers up to this one: none is given again, for what was said says whose it was.
    pub(super) fn had(&mut self, number: u32) {
        self.last = self.last.max(number);
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
        // All are looked at, whatever comes of the first.
        let is_it =
            |found, (own, since)| if is_same(&own, &presented) { Some(since) } else { found };
        let since = session.tokens().fold(None, is_it)?;
        session.comes_by(presented, since);
        Some((ticket.session, since))
    }

    /// The client of a session is lost.
    pub(super) fn leave(&mut self, id: u32, stay: Stay, now: Instant) {
        let until = after(now, self.within);
        let Some(session) = self.all.get_mut(&id) else { return };
        self.away.add((until, id), stay.ip);
        session.whereabouts = Whereabouts::Away { until, stay: Box::new(stay) };
    }

    /// Those that nobody has at the moment and that are more than so many of one address: those that end
    /// first.
    pub(super) fn spare_of(&self, ip: IpAddr, most: usize) -> Vec<u32> {
        self.away.spare_of(ip, most)
    }

    /// Those that nobody has at the moment, and of which that is true, in the order in which they end.
    pub(super) fn away_of(&self, is_meant: impl Fn(&Stay) -> bool) -> Vec<u32> {
        self.away
            .iter()
            .filter(|id| self.get(*id).and_then(Session::stay).is_some_and(&is_meant))
            .collect()
    }

    /// Takes out a session that nobody has.
    pub(super) fn take_out(&mut self, id: u32) -> Option<Stay> {
        self.get(id)?.stay()?;
        match self.all.remove(&id)?.whereabouts {
            Whereabouts::Away { until, stay } => {
                self.away.remove((until, id), stay.ip);
                Some(*stay)
            }
            Whereabouts::Here(_) => None,
        }
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
        session.renew(token, since);
        self.away.remove((until, id), stay.ip);
        Some(*stay)
    }

    /// A session is over.
    pub(super) fn end(&mut self, id: u32) {
        self.all.remove(&id);
    }

    /// When the next session is over that nobody comes back to.
    pub(super) fn next(&self) -> Option<Instant> {
        self.away.first().map(|(until, _)| until)
    }

    /// Takes out a session that is over by now.
    pub(super) fn pop_over(&mut self, now: Instant) -> Option<(u32, Stay)> {
        self.next().filter(|&until| until <= now)?;
        self.pop()
    }

    fn pop(&mut self) -> Option<(u32, Stay)> {
        let (_, id) = self.away.first()?;
        Some((id, self.take_out(id)?))
    }
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
pub(super) fn is_same(one: &Token, other: &Token) -> bool {
    let number = |token: &Token| u128::from_ne_bytes(*token.as_bytes());
    black_box(number(one) ^ number(other)) == 0
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("all", &self.all).finish_non_exhaustive()
    }
}
