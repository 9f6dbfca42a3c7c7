//! What there is: commands, clients, rooms.

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
            return self.answer(conn, &what, out);
        }
        let is_operator = self.roster.get(conn).is_some_and(Entry::is_operator);
        let shown = COMMANDS.iter().filter(|command| is_operator || !command.is_for_operators);
        let names =
            shown.map(|command| command.name).chain(self.customs.iter().map(String::as_str));
        let all: Vec<String> = names.map(|name| format!("/{name}")).collect();
        self.answer(conn, &format!("{}; /help COMMAND explains one", all.join(" ")), out);
    }

    pub(super) fn who(&self, conn: ConnId, room: Option<&RoomName>, out: &mut impl Output) {
        let found = match room {
            Some(name) => self.rooms.find(name),
            None => self.place_of(conn, out),
        };
        let Some(room) = found.and_then(|id| self.rooms.get(id)) else {
            return self.refuse(conn, "there is no such room; /rooms lists them", out);
        };
        let is_here = |entry: &Entry| entry.rooms().any(|own| own == room.id);
        let here = self.roster.iter().filter(|(_, entry)| is_here(entry));
        let names = first_of(here.map(|(_, entry)| entry.called()));
        let listed = listed(&names, room.members);
        let what = format!("{} in {}: {listed}", room.members, room.name);
        let (names, count) = (names.join(","), room.members.to_string());
        let tags = [("room", &*room.name), ("count", &*count), ("names", &*names)];
        self.answer_with(conn, &what, &tags, out);
    }

    pub(super) fn list_rooms(&self, conn: ConnId, out: &mut impl Output) {
        let count = self.rooms.iter().count();
        let rooms = self.rooms.iter().map(|room| format!("{} ({})", room.name, room.members));
        let listed = listed(&first_of(rooms), count);
        self.answer(conn, &format!("{count} rooms: {listed}"), out);
    }
}

/// The first of them, in order.
fn first_of(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut shown: Vec<String> = all.take(MOST_LISTED).collect();
    shown.sort_unstable();
    shown
}

/// Those that are shown, and how many more there are.
fn listed(shown: &[String], count: usize) -> String {
    let more = count.saturating_sub(shown.len());
    let shown = shown.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
