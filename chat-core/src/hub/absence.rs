//! Clients that are not here and may come back: how they go, how their sessions end, and what is kept
//! of those elsewhere.

use std::net::IpAddr;
use std::time::Instant;

use super::room::{Manner, Room};
use super::roster::Entry;
use super::session::{Answer, Session, Stay};
use super::{Hub, Output};
use crate::event::CloseReason;
use crate::ids::{ConnId, RoomId};
use crate::store::{Record, SavedRoom, SavedSession};
use crate::wire::{Kind, Label};

impl CloseReason {
    /// Whether whoever was closed for it may come back: it has not left by itself, and nobody has sent
    /// it away.
    fn is_loss(self) -> bool {
        match self {
            CloseReason::EndOfStream
            | CloseReason::Reset
            | CloseReason::TimedOut
            | CloseReason::TooSlow
            | CloseReason::Stalled
            | CloseReason::Idle
            | CloseReason::Replaced
            | CloseReason::Shutdown
            | CloseReason::Failed(_) => true,
            CloseReason::Exit
            | CloseReason::Kicked
            | CloseReason::Banned
            | CloseReason::Rejected
            | CloseReason::EndlessLine
            | CloseReason::OtherProtocol => false,
        }
    }
}

impl Hub {
    /// Sees to what a client leaves behind that is here no more.
    pub(super) fn take_leave(
        &mut self,
        mut client: Entry,
        reason: CloseReason,
        out: &mut impl Output,
    ) {
        let rooms: Vec<RoomId> = client.rooms().collect();
        let session = client.session();
        if let Some(session) = session.filter(|_| reason.is_loss()) {
            let profile = client.profile.take().map(|profile| *profile).unwrap_or_default();
            let ip = client.addr().ip();
            self.wait_for(session, Stay { rooms, profile, ip: Some(ip) });
            // Whoever is replaced is back at once.
            if reason != CloseReason::Replaced {
                self.end_spare_sessions(ip, out);
            }
            return;
        }
        let manner = client.manner();
        if let Some(profile) = &client.profile {
            self.ignored.remove(&profile.ignored);
        }
        if let Some(name) = client.name() {
            self.names.release(name);
        }
        for room in rooms {
            self.leave_room(room, manner, out);
        }
        if let Some(session) = session {
            self.sessions.end(session);
            self.record(Record::SessionOver(session), out);
        }
    }

    /// The session of a client, if it has one.
    pub(super) fn session_of(&mut self, conn: ConnId) -> Option<&mut Session> {
        let session = self.roster.get(conn).and_then(Entry::session)?;
        self.sessions.get_mut(session)
    }

    fn wait_for(&mut self, session: u32, stay: Stay) {
        if let Some(name) = &stay.profile.name {
            self.names.hand_over(name, ConnId::of_session(session));
        }
        for &room in &stay.rooms {
            self.rooms.part(room);
        }
        self.sessions.leave(session, stay, self.rooms.keeping().now);
    }

    /// Ends the sessions that are too many: of one address no more may be away than may be here, and those
    /// of others do not suffer for it.
    fn end_spare_sessions(&mut self, ip: IpAddr, out: &mut impl Output) {
        if let Some(most) = self.limits.clients_of(ip) {
            for session in self.sessions.spare_of(ip, most) {
                self.end_absence(session, out);
            }
        }
        while let Some((session, stay)) = self.sessions.pop_spare() {
            self.end_session(session, &stay, out);
        }
    }

    /// Ends a session that nobody has at the moment, and says whether there is one of this number.
    pub(super) fn end_absence(&mut self, session: u32, out: &mut impl Output) -> bool {
        let stay = self.sessions.take_out(session);
        if let Some(stay) = &stay {
            self.end_session(session, stay, out);
        }
        stay.is_some()
    }

    /// Ends the sessions to which nobody has come back in time.
    pub(super) fn end_sessions(&mut self, now: Instant, out: &mut impl Output) {
        while let Some((session, stay)) = self.sessions.pop_over(now) {
            self.end_session(session, &stay, out);
        }
    }

    fn end_session(&mut self, session: u32, stay: &Stay, out: &mut impl Output) {
        self.ignored.remove(&stay.profile.ignored);
        if let Some(name) = &stay.profile.name {
            self.names.release(name);
        }
        for &room in &stay.rooms {
            self.rooms.count_out(room, Manner::Lasting, out);
            if self.rooms.get(room).is_none() {
                self.announcer.forget(room);
            }
        }
        self.record(Record::SessionOver(session), out);
    }

    /// A session's client has got its token: it has said something since.
    pub(super) fn hear_from(&mut self, conn: ConnId, out: &mut impl Output) {
        let Some(profile) = self.roster.get_mut(conn).and_then(|it| it.profile.as_mut()) else {
            return;
        };
        if let (true, Some(id)) = (profile.is_unsure, profile.session) {
            profile.is_unsure = false;
            if let Some(session) = self.sessions.get_mut(id) {
                session.has_token();
            }
            self.save_session(id, out);
        }
    }

    /// Answers a line with a label that was answered before, as it was then; whether it was.
    pub(super) fn answer_again(
        &mut self,
        conn: ConnId,
        label: Option<&Label>,
        out: &mut impl Output,
    ) -> bool {
        let session = self.roster.get(conn).and_then(Entry::session);
        let session = session.and_then(|session| self.sessions.get(session));
        let answer = session.zip(label).and_then(|(session, label)| session.answer_to(label));
        let (Some(answer), Some(label)) = (answer.cloned(), label) else { return false };
        // What was said before comes before.
        self.publish(out);
        match answer {
            Answer::Line(line) => out.direct(conn, line.into()),
            Answer::Done => {
                let stamp = self.stamps.stamp(Kind::Answer).with_label(Some(label)).prefix();
                out.direct(conn, format!("{stamp}* done\n").into_bytes());
            }
            Answer::Sent { msgid, room, at } => {
                self.give_confirmation(conn, msgid, &room, at, label, out);
            }
        }
        true
    }

    /// Has what is known of a session kept elsewhere.
    pub(super) fn save_session(&self, session: u32, out: &mut impl Output) {
        if !self.rooms.keeping().is_storing {
            return;
        }
        let Some(known) = self.sessions.get(session) else { return };
        let mut saved = SavedSession::new(session, known.token(), known.since());
        saved.former = known.former();
        let entry = known.conn().and_then(|conn| self.roster.get(conn));
        let rooms: Vec<RoomId> = match (entry, known.stay()) {
            (Some(entry), _) => entry.rooms().collect(),
            (None, Some(stay)) => stay.rooms.clone(),
            (None, None) => Vec::new(),
        };
        let rooms = rooms.iter().filter_map(|&room| self.rooms.get(room));
        let save = |room: &Room| SavedRoom::new(room.name.clone(), known.since_when(room.id));
        saved.rooms = rooms.map(save).collect();
        saved.name = match (entry, known.stay()) {
            (Some(entry), _) => entry.name().cloned(),
            (None, stay) => stay.and_then(|stay| stay.profile.name.clone()),
        };
        self.record(Record::Session(saved), out);
    }

    /// Has a client's session kept elsewhere, if it has one.
    pub(super) fn save_session_of(&self, conn: ConnId, out: &mut impl Output) {
        if let Some(session) = self.roster.get(conn).and_then(Entry::session) {
            self.save_session(session, out);
        }
    }

    /// Has something kept elsewhere, if anything is.
    pub(super) fn record(&self, record: Record, out: &mut impl Output) {
        if self.rooms.keeping().is_storing {
            out.record(record);
        }
    }
}
