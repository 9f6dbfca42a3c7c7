//! Coming back: sessions, and how they are taken up again.

use crate::about;
use crate::event::{CloseReason, Notification};
use crate::hub::announce::Step;
use crate::hub::history::Point;
use crate::hub::room::Manner;
use crate::hub::session::{Session, Stay};
use crate::hub::{Hub, Output, Recall};
use crate::ids::{ConnId, RoomId};
use crate::log::Reader;
use crate::store::LABELS;
use crate::wire::{RoomName, Ticket};

/// What somebody is told who is back: its tags, as they are put.
type Tags = Vec<(&'static str, String)>;

impl Hub {
    /// Begins a session, of which the client is told all that it has to know to come back.
    pub(super) fn begin_session(&mut self, conn: ConnId, out: &mut impl Output) {
        let Some(entry) = self.roster.get(conn) else { return };
        let refused = match entry.manner() {
            Manner::Lasting => Some("you have a session already"),
            Manner::Plain => Some("only who has tags can come back; /tags switches them on"),
            Manner::Tagged => self.sessions.are_off().then_some("nobody can come back here"),
        };
        if let Some(refused) = refused {
            return self.refuse(conn, refused, out);
        }
        let rooms: Vec<RoomId> = entry.rooms().collect();
        let Some(session) = self.sessions.begin(conn, self.stamps.last()) else {
            return self.refuse(conn, "nobody can come back at the moment", out);
        };
        for &room in &rooms {
            self.rooms.begin_session(room, out);
        }
        let seq = self.rooms.keeping().seq;
        if let Some(session) = self.sessions.get_mut(session) {
            for room in rooms {
                session.enter(room, seq);
            }
        }
        let Some(entry) = self.roster.get_mut(conn) else { return };
        entry.profile().session = Some(session);
        self.stand_for(session, conn, out);
        self.tell_the_away(session, conn);
        self.save_session(session, out);
        out.hold();
        let what = format!("you may come back within {} seconds", self.sessions.within().as_secs());
        let tags = self.session_tags(session);
        self.answer_with_tags(conn, &what, &tags, out);
    }

    /// What a session's client says is not for itself, whatever connection it has; and whoever reads
    /// nothing of its connection reads nothing of the session.
    fn stand_for(&mut self, session: u32, conn: ConnId, out: &mut impl Output) {
        let author = ConnId::of_session(session);
        out.ignore(conn, author, true);
        if !self.ignored.has(conn) {
            return;
        }
        let ignoring = self.roster.iter().filter(|(_, entry)| entry.ignores(conn));
        let ignoring: Vec<ConnId> = ignoring.map(|(reader, _)| reader).collect();
        for reader in ignoring {
            let Some(entry) = self.roster.get_mut(reader) else { continue };
            entry.profile().ignored.push(author);
            self.ignored.add(author);
            out.ignore(reader, author, true);
        }
    }

    /// Whoever is away and reads nothing of a connection reads nothing of its session either.
    fn tell_the_away(&mut self, session: u32, conn: ConnId) {
        if !self.ignored.has(conn) {
            return;
        }
        let author = ConnId::of_session(session);
        for stay in self.sessions.stays_mut() {
            if stay.profile.ignored.contains(&conn) {
                stay.profile.ignored.push(author);
                self.ignored.add(author);
            }
        }
    }

    /// Takes a session up again: the client gets its name, its rooms, and what it has missed.
    pub(super) fn come_back(&mut self, conn: ConnId, ticket: &Ticket, out: &mut impl Output) {
        self.tag(conn, out);
        if self.roster.get(conn).is_none_or(|entry| entry.session().is_some()) {
            return self.refuse(conn, "you have a session already", out);
        }
        let Some((session, floor)) = self.sessions.find(ticket) else {
            return self.refuse(conn, "there is no such session; begin anew", out);
        };
        if let Some(former) = self.sessions.get(session).and_then(Session::conn) {
            self.see_off(former, None, CloseReason::Replaced, out);
        }
        let point = self.point_of(ticket, floor);
        let Some(stay) = self.sessions.take_up(session, conn, self.stamps.last()) else {
            return self.refuse(conn, "nobody can come back at the moment", out);
        };
        let rooms = stay.rooms.clone();
        self.move_in(conn, session, stay, out);
        // What was told in rooms meanwhile is published before the number of the last line is named: who
        // comes back with that number has all that was published by then, and nothing that comes later.
        self.publish(out);
        let (recovered, lost) = self.catch_up(conn, session, &rooms, point, out);
        self.save_session(session, out);
        out.hold();
        self.welcome(conn, session, recovered, lost, out);
        let called = self.called(conn);
        for room in rooms {
            self.announce(room, Step::Join, ConnId::of_session(session), &called);
        }
    }

    /// How far the client of a ticket has read: it has had all that came before its session was named
    /// to it, which is up to the number `floor`.
    fn point_of(&self, ticket: &Ticket, floor: u64) -> Point {
        let mut point = Point { seq: None, msgid: ticket.msgid.max(floor), since: 0 };
        if ticket.epoch != self.epoch {
            let is_it = |(epoch, _): &&(u64, u64)| *epoch == ticket.epoch;
            let last = self.epochs.iter().find(is_it).map_or(floor, |&(_, last)| last);
            if ticket.msgid > last {
                // Numbers that were given out and not kept have been given to other lines since; it has
                // all lines that were kept.
                point.msgid = last.max(floor);
                return point;
            }
        }
        if ticket.msgid > floor {
            point.seq = self.rooms.seq_of(ticket.msgid);
        }
        point
    }

    /// Has a client be who it was, in the rooms where it was.
    fn move_in(&mut self, conn: ConnId, session: u32, stay: Stay, out: &mut impl Output) {
        let Some(entry) = self.roster.get(conn) else { return };
        let (called, addr, name) = (entry.called(), entry.addr(), entry.name().cloned());
        let former: Vec<RoomId> = entry.rooms().collect();
        let ignored = entry.profile.as_ref().map_or(Vec::new(), |profile| profile.ignored.clone());
        self.ignored.remove(&ignored);
        for author in ignored {
            out.ignore(conn, author, false);
        }
        if let Some(name) = name {
            self.names.release(&name);
        }
        for &room in &former {
            self.announce(room, Step::Leave, conn, &called);
            out.detach(conn, self.rooms.log_of(room, Manner::Tagged));
        }
        let Stay { rooms, mut profile, .. } = stay;
        (profile.session, profile.is_tagged, profile.is_unsure) = (Some(session), true, true);
        if let Some(name) = &profile.name {
            self.names.hand_over(name, conn);
            out.notify(Notification::Renamed { conn, addr, name: name.clone() });
        }
        for &author in &profile.ignored {
            out.ignore(conn, author, true);
        }
        if let Some(entry) = self.roster.get_mut(conn) {
            entry.room = rooms.first().copied().unwrap_or(RoomId::LOBBY);
            profile.rooms = rooms.get(1..).unwrap_or_default().to_vec();
            entry.profile = Some(Box::new(profile));
        }
        self.stand_for(session, conn, out);
        for &room in &rooms {
            self.rooms.attach(room, conn, Manner::Lasting, out);
            if let Some(room) = self.rooms.get(room) {
                out.notify(Notification::Joined { conn, addr, room: room.name.clone() });
            }
        }
        for room in former {
            self.leave_room(room, Manner::Tagged, out);
        }
    }

    /// Gives a client what it has missed, and answers how many lines that are and how many others
    /// there were.
    fn catch_up(
        &mut self,
        conn: ConnId,
        session: u32,
        rooms: &[RoomId],
        point: Point,
        out: &mut impl Output,
    ) -> (usize, u64) {
        let Some(profile) = self.roster.get(conn).and_then(|entry| entry.profile.as_ref()) else {
            return (0, 0);
        };
        let mut ignored = profile.ignored.clone();
        ignored.push(ConnId::of_session(session));
        let reader = Reader { conn, ignored: &ignored };
        let lost = self.losses(session, reader, rooms, point);
        let Some(session) = self.sessions.get(session) else { return (0, lost) };
        let mut recall = Recall { rooms: Vec::new(), lines: session.private_after(point.msgid) };
        let mut recovered = recall.lines.len();
        for room in rooms.iter().filter_map(|&room| self.rooms.get(room)) {
            let since = session.since_when(room.id);
            if let Some((again, lines)) = room.missed(reader, Point { since, ..point }) {
                recall.rooms.push(again);
                recovered += lines;
            }
        }
        out.recall(conn, recall);
        (recovered, lost)
    }

    /// Tells a client that it is back, and all that it has to know now.
    fn welcome(
        &mut self,
        conn: ConnId,
        session: u32,
        recovered: usize,
        lost: u64,
        out: &mut impl Output,
    ) {
        let Some(entry) = self.roster.get(conn) else { return };
        let mut tags = about::in_tags(self.limits.line, self.limits.flood_of(entry.addr().ip()));
        tags.push(("name", entry.called()));
        let rooms = entry.rooms().filter_map(|room| self.rooms.get(room));
        let rooms: Vec<RoomName> = rooms.map(|room| room.name.clone()).collect();
        tags.extend(rooms.first().map(|room| ("room", room.to_string())));
        let names: Vec<&str> = rooms.iter().map(|room| &**room).collect();
        tags.push(("rooms", names.join(",")));
        tags.extend(self.session_tags(session));
        tags.push(("recovered", recovered.to_string()));
        let lines = if recovered == 1 { "line" } else { "lines" };
        let mut what = format!("you are back; {recovered} {lines} recovered");
        if lost > 0 {
            tags.push(("lost", lost.to_string()));
            what = format!("{what}, {lost} lost");
        }
        self.answer_with_tags(conn, &what, &tags, out);
    }

    /// What a client has to know of its session.
    fn session_tags(&self, session: u32) -> Tags {
        let token =
            self.sessions.get(session).map(|it| Ticket::call(session, it.token().as_bytes()));
        vec![
            ("session", token.unwrap_or_default()),
            ("epoch", self.epoch.to_string()),
            ("msgid", self.stamps.last().to_string()),
            ("within", self.sessions.within().as_secs().to_string()),
            ("resend", LABELS.to_string()),
        ]
    }

    fn answer_with_tags(&self, conn: ConnId, what: &str, tags: &Tags, out: &mut impl Output) {
        let tags: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (*key, &**value)).collect();
        self.answer_with(conn, what, &tags, out);
    }
}
