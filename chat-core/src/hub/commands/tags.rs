//! Tags: the same chat, for programs.

use crate::about;
use crate::hub::room::Manner;
use crate::hub::{Hub, Output};
use crate::ids::ConnId;

impl Hub {
    /// From now on a client gets tags before each line. The answer is the first that has them, and
    /// tells what a program has to know of the server and of itself.
    pub(super) fn tags(&mut self, conn: ConnId, out: &mut impl Output) {
        self.tag(conn, out);
        let Some(entry) = self.roster.get(conn) else { return };
        let room = entry.room;
        let (line, flood) = (self.limits.line, self.limits.flood_of(entry.addr().ip()));
        let mut tags = about::in_tags(line, flood);
        tags.push(("name", entry.called()));
        if let Some(room) = self.rooms.get(room) {
            tags.push(("room", room.name.to_string()));
        }
        let tags: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (*key, &**value)).collect();
        let what = format!("tags are on; {}", about::in_words(line, flood));
        self.answer_with(conn, &what, &tags, out);
    }

    /// From now on a client gets tags before each line.
    pub(super) fn tag(&mut self, conn: ConnId, out: &mut impl Output) {
        let Some(entry) = self.roster.get_mut(conn) else { return };
        let room = entry.room;
        if !std::mem::replace(&mut entry.profile().is_tagged, true) {
            out.detach(conn, self.rooms.log_of(room, Manner::Plain));
            self.rooms.enter(room, conn, Manner::Tagged, out);
            self.rooms.leave(room, Manner::Plain, out);
        }
    }
}
