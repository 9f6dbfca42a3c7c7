//! What operators may do.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::deadline::after;
use crate::event::CloseReason;
use crate::hub::roster::Entry;
use crate::hub::{Hub, Output};
use crate::ids::ConnId;
use crate::store::{Ban, Record};
use crate::wire::{Banned, Secret, Text, Who};

impl Hub {
    pub(super) fn op(&mut self, conn: ConnId, secret: &Secret, out: &mut impl Output) {
        let is_operator = self.roster.get(conn).is_some_and(Entry::is_operator);
        if is_operator && let Some(who) = secret.as_who() {
            let Some(other) = self.find(conn, &who, out) else { return };
            self.make_operator(other, out);
            let called = self.called(other);
            return self.answer(conn, &format!("{called} is an operator"), out);
        }
        if self.secret.as_ref().is_some_and(|own| own == secret) {
            self.make_operator(conn, out);
            return;
        }
        log::warn!("{} tried to become an operator with a wrong secret", self.called(conn));
        self.refuse(conn, "that is not the secret", out);
    }

    /// Makes a client an operator, and says whether it is here.
    pub(in crate::hub) fn make_operator(&mut self, conn: ConnId, out: &mut impl Output) -> bool {
        let Some(entry) = self.roster.get_mut(conn) else { return false };
        entry.profile().is_operator = true;
        self.answer(conn, "you are an operator", out);
        self.tell_failure(conn, out);
        true
    }

    /// Whether the asker may do what operators may; if not, it is told.
    fn may(&self, conn: ConnId, out: &mut impl Output) -> bool {
        let may = self.roster.get(conn).is_some_and(Entry::is_operator);
        if !may {
            self.refuse(conn, "only operators may do that", out);
        }
        may
    }

    pub(super) fn kick_by(
        &mut self,
        conn: ConnId,
        who: &Who,
        reason: Option<Text>,
        out: &mut impl Output,
    ) {
        if !self.may(conn, out) {
            return;
        }
        if let Who::Name(name) = who
            && let Some(session) = self.names.find(name).and_then(ConnId::session)
        {
            // It is away, and is not to come back.
            self.end_absence(session, out);
            return self.answer(conn, &format!("{name} was removed"), out);
        }
        let Some(other) = self.find(conn, who, out) else { return };
        let called = self.called(other);
        let what = reason
            .map_or_else(|| "you were removed".into(), |why| format!("you were removed: {why}"));
        self.see_off(other, Some(&Text::shown(&what)), CloseReason::Kicked, out);
        self.answer(conn, &format!("{called} was removed"), out);
    }

    pub(super) fn ban(
        &mut self,
        conn: ConnId,
        who: &Banned,
        time: Duration,
        now: Instant,
        out: &mut impl Output,
    ) {
        if !self.may(conn, out) {
            return;
        }
        let Some(ip) = self.address_of(conn, who, out) else { return };
        self.bans.add(ip, now, time);
        let until = self.stamps.wall.checked_add(time);
        if let Some(until) = until {
            self.record(Record::Ban(Ban::new(ip, until)), out);
        }
        let has_it = self.roster.iter().filter(|(_, entry)| entry.addr().ip() == ip);
        let all: Vec<ConnId> = has_it.map(|(other, _)| other).collect();
        let minutes = time.as_secs() / 60;
        self.answer(conn, &format!("{ip} is kept away for {minutes} minutes"), out);
        for other in all {
            self.keep_away(other, minutes, out);
        }
        for session in self.sessions.away_of(|stay| stay.ip == Some(ip)) {
            self.end_absence(session, out);
        }
    }

    pub(super) fn unban(
        &mut self,
        conn: ConnId,
        who: &Banned,
        now: Instant,
        out: &mut impl Output,
    ) {
        if !self.may(conn, out) {
            return;
        }
        let Some(ip) = self.address_of(conn, who, out) else { return };
        let what = if self.bans.remove(ip, now) { "may come again" } else { "was not kept away" };
        self.record(Record::Unban(ip), out);
        self.answer(conn, &format!("{ip} {what}"), out);
    }

    fn address_of(&self, conn: ConnId, who: &Banned, out: &mut impl Output) -> Option<IpAddr> {
        match who {
            Banned::Address(ip) => Some(ip.to_canonical()),
            Banned::Client(who) => {
                let other = self.find(conn, who, out)?;
                self.roster.get(other).map(|entry| entry.addr().ip())
            }
        }
    }

    pub(super) fn mute(
        &mut self,
        conn: ConnId,
        who: &Who,
        time: Duration,
        now: Instant,
        out: &mut impl Output,
    ) {
        if !self.may(conn, out) {
            return;
        }
        let Some(other) = self.find(conn, who, out) else { return };
        let called = self.called(other);
        let Some(entry) = self.roster.get_mut(other) else { return };
        let until = (!time.is_zero()).then(|| after(now, time));
        entry.profile().muted_until = until;
        let minutes = time.as_secs() / 60;
        let [told, done] = if time.is_zero() {
            ["you are read again".to_owned(), format!("{called} is read again")]
        } else {
            [
                format!("nobody reads you for {minutes} minutes"),
                format!("nobody reads {called} for {minutes} minutes"),
            ]
        };
        self.answer(other, &told, out);
        self.answer(conn, &done, out);
    }

    pub(super) fn notice_by(&mut self, conn: ConnId, text: &Text, out: &mut impl Output) {
        if self.may(conn, out) {
            self.rooms.announce_to_all(text, &mut self.stamps, out);
        }
    }

    /// Whether nobody is to read a client; if so, it is told.
    pub(in crate::hub) fn is_muted(
        &self,
        conn: ConnId,
        now: Instant,
        out: &mut impl Output,
    ) -> bool {
        let profile = self.roster.get(conn).and_then(|entry| entry.profile.as_ref());
        let until = profile.and_then(|profile| profile.muted_until);
        let is_muted = until.is_some_and(|until| until > now);
        if is_muted {
            self.refuse(conn, "nobody reads you at the moment", out);
        }
        is_muted
    }
}
