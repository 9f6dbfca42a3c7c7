//! What there is: commands, clients, rooms.

use super::answer;
use crate::hub::roster::Entry;
use crate::hub::{Hub, Output};
use crate::ids::ConnId;
use crate::wire::{COMMANDS, CommandHelp, RoomName};

/// The most names or rooms that one answer lists.
const MOST_LISTED: usize = 100;

impl Hub {
    pub(super) fn help(
        &self,
        conn: ConnId,
        which: Option<&'static CommandHelp>,
        out: &mut impl Output,
    ) {
        if let Some(command) = which {
            let what = format!("{}: {}", command.usage(), command.summary);
            return answer(conn, &what, out);
        }
        let is_operator = self.roster.get(conn).is_some_and(Entry::is_operator);
        let shown = COMMANDS.iter().filter(|command| is_operator || !command.is_for_operators);
        let all: Vec<String> = shown.map(|command| format!("/{}", command.name)).collect();
        answer(conn, &format!("{}; /help COMMAND explains one", all.join(" ")), out);
    }

    pub(super) fn who(&self, conn: ConnId, room: Option<&RoomName>, out: &mut impl Output) {
        let own = self.roster.get(conn).map(|entry| entry.room);
        let found = room.map_or(own, |name| self.rooms.find(name));
        let Some(room) = found.and_then(|id| self.rooms.get(id)) else {
            return answer(conn, "there is no such room; /rooms lists them", out);
        };
        let here = self.roster.iter().filter(|(_, entry)| entry.room == room.id);
        let names = here.map(|(_, entry)| entry.called());
        let what = format!("{} in {}: {}", room.members, room.name, listed(names, room.members));
        answer(conn, &what, out);
    }

    pub(super) fn list_rooms(&self, conn: ConnId, out: &mut impl Output) {
        let count = self.rooms.iter().count();
        let rooms = self.rooms.iter().map(|room| format!("{} ({})", room.name, room.members));
        answer(conn, &format!("{count} rooms: {}", listed(rooms, count)), out);
    }
}

/// The first of them in order, and how many more there are.
fn listed(all: impl Iterator<Item = String>, count: usize) -> String {
    let mut shown: Vec<String> = all.take(MOST_LISTED).collect();
    shown.sort_unstable();
    let more = count.saturating_sub(shown.len());
    let shown = shown.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
