//! What is kept elsewhere: what becomes of it, and how it is put back at the next start.

use super::room::Manner;
use super::session::Stay;
use super::stamps::Stamps;
use super::{Hub, Now, Output, Stored};
use crate::ids::{ConnId, RoomId};
use crate::store::{Kept, SavedRoom, SavedSession};

impl Hub {
    /// Something is durable, or could not be made so: what waited for that goes out, and operators are
    /// told when that changes.
    pub(super) fn stored(&mut self, stored: Stored, out: &mut impl Output) {
        out.release(&stored);
        if let Some(lost) = &stored.lost {
            self.unkept.add(lost);
        }
        let has_changed = self.failure.is_some() != stored.failure.is_some();
        self.failure = stored.failure;
        if has_changed {
            self.tell_operators(out);
        }
    }

    /// Tells somebody who has become an operator what those were told who were there before.
    pub(super) fn tell_failure(&mut self, conn: ConnId, out: &mut impl Output) {
        if let Some(why) = &self.failure {
            let what = not_stored(why);
            self.publish(out);
            self.tell(conn, &what, out);
        }
    }

    fn tell_operators(&mut self, out: &mut impl Output) {
        self.publish(out);
        let failure = self.failure.as_deref();
        let what = failure.map_or_else(|| "what is said is stored again".to_owned(), not_stored);
        let operators = self.roster.iter().filter(|(_, entry)| entry.is_operator());
        let operators: Vec<ConnId> = operators.map(|(conn, _)| conn).collect();
        for conn in operators {
            self.tell(conn, &what, out);
        }
    }

    /// Puts back what was kept elsewhere, before the first client comes.
    pub(crate) fn restore(&mut self, kept: Kept, now: Now, out: &mut impl Output) {
        self.stamps = Stamps::after(kept.last);
        self.stamps.wall = now.wall;
        self.epochs = kept.epochs;
        self.rooms.set_seq(kept.seq);
        self.sessions.had(kept.last_session);
        for ban in kept.bans {
            if let Ok(left) = ban.until.duration_since(now.wall) {
                self.bans.add(ban.ip, now.at, left);
            }
        }
        for saved in &kept.sessions {
            self.restore_session(saved, kept.last, now, out);
        }
        // Who may come back has rooms keep what there is for it.
        let lines = kept.rooms.iter().flat_map(|room| &room.lines);
        let marks = lines.flat_map(|lines| lines.marks().iter());
        marks.filter_map(|mark| mark.session).for_each(|session| self.sessions.had(session));
        self.rooms.restore(kept.rooms, out);
        for mut label in kept.labels {
            // It may be spelt in another way here.
            let room = self.rooms.find(&label.room).and_then(|id| self.rooms.get(id));
            label.room = room.map_or(label.room, |room| room.name.clone());
            self.sessions.restore_label(label, now.wall);
        }
    }

    fn restore_session(
        &mut self,
        saved: &SavedSession,
        last: u64,
        now: Now,
        out: &mut impl Output,
    ) {
        let mut stay = Stay::default();
        let owner = ConnId::of_session(saved.id);
        if let Some(name) = &saved.name
            && self.names.take(owner, name, None).is_ok()
        {
            stay.profile.take_name(name);
        }
        // What was published and not kept is published no more, and its place is given again.
        let published = self.rooms.keeping().seq;
        let mut since_when = Vec::new();
        for SavedRoom { name, since } in &saved.rooms {
            let room = self.rooms.find_or_make(name);
            // Two of them may look alike by now.
            if since_when.iter().all(|&(other, _)| other != room) {
                since_when.push((room, published.min(*since)));
            }
        }
        if since_when.is_empty() {
            since_when.push((RoomId::LOBBY, 0));
        }
        stay.rooms = since_when.iter().map(|&(room, _)| room).collect();
        for &room in &stay.rooms {
            self.rooms.count_in(room, Manner::Lasting, out);
        }
        self.sessions.restore(saved, stay, last, now.at);
        if let Some(session) = self.sessions.get_mut(saved.id) {
            for (room, since) in since_when {
                session.enter(room, since);
            }
        }
    }
}

fn not_stored(why: &str) -> String {
    format!("what is said is not stored: {why}")
}
