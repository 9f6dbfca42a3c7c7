//! What the program that embeds the server asks for.

use super::roster::Entry;
use super::{Command, Hub, Output};
use crate::event::CloseReason;

impl Hub {
    pub(super) fn command(&mut self, command: Command, out: &mut impl Output) {
        match command {
            Command::Broadcast(text) => self.rooms.announce_to_all(&text, &mut self.stamps, out),
            Command::SendTo { conn, text, reply } => {
                let known = self.roster.get(conn).is_some();
                if known {
                    // What was said before comes before.
                    self.publish(out);
                    self.tell(conn, &text, out);
                }
                reply(known);
            }
            Command::Kick { conn, reason, reply } => {
                reply(self.see_off(conn, reason.as_ref(), CloseReason::Kicked, out));
            }
            Command::MakeOperator { conn, reply } => reply(self.make_operator(conn, out)),
            Command::Adjust { conn, change, reply } => {
                let known = self.roster.get(conn).is_some();
                if known {
                    out.adjust(conn, change);
                }
                reply(known);
            }
            Command::Clients { room, give } => {
                let place = room.as_ref().map(|room| self.rooms.find(room));
                let is_meant = |entry: &Entry| {
                    place.is_none_or(|room| entry.rooms().any(|own| Some(own) == room))
                };
                let meant = self.roster.iter().filter(|(_, entry)| is_meant(entry));
                out.census(meant.map(|(conn, entry)| self.info(conn, entry)).collect(), give);
            }
            Command::Join { conn, room, reply } => reply(self.put_in(conn, &room, out)),
            Command::Leave { conn, room, reply } => reply(self.take_out(conn, &room, out)),
            Command::Rename { conn, name, reply } => reply(self.rename(conn, &name, out)),
            Command::Rooms { reply } => reply(self.room_infos()),
            Command::SayIn { room, text, reply } => reply(self.say_in(&room, &text)),
            Command::Stop => self.stop(out),
        }
    }
}
