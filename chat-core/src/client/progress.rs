//! How far a client has read, as it tells a server to which it comes back.
//!
//! It is the number of the line that came last, which need not be the highest: what several rooms have
//! at once comes room by room. But lines that are given again (`/history`, or what a room has for those
//! who come) are no progress, so that within a room only a higher number counts. Of a room into which
//! the client is going, nothing counts until the server has answered that it is there: all that comes
//! before that was said before.

use std::collections::BTreeMap;

use crate::wire::{RoomName, Tags};

/// How far a client has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number of the last line that counted.
    last: u64,
    /// The highest number that has come in each room. What belongs to no room is one of its own.
    rooms: BTreeMap<Option<RoomName>, Reached>,
    /// The room in which it talks.
    talks_in: Option<RoomName>,
}

/// How far it has read in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reached {
    number: u64,
    /// Whether it is known to be there.
    is_in: bool,
}

impl Progress {
    /// All has been read up to a number, by somebody who is in these rooms, and talks in the first.
    pub(super) fn new(last: u64, rooms: impl IntoIterator<Item = RoomName>) -> Progress {
        let mut rooms = rooms.into_iter().peekable();
        let talks_in = rooms.peek().cloned();
        let reached = Reached { number: last, is_in: true };
        let rooms = rooms.map(Some).chain([None]).map(|room| (room, reached)).collect();
        Progress { last, rooms, talks_in }
    }

    /// The number of the last line that counted.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Takes in a line that has come. `is_moving` tells whether the client may be on its way into a room.
    pub(super) fn note(&mut self, tags: &Tags<'_>, is_moving: impl FnOnce() -> bool) {
        let is_told = |kind: &str| !matches!(kind, "sent" | "answer" | "error" | "found");
        let number = tags.get("msgid").and_then(|msgid| msgid.parse().ok());
        let Some(number) = number.filter(|_| tags.get("kind").is_some_and(|kind| is_told(&kind)))
        else {
            return;
        };
        let room = tags.get("room").and_then(|room| RoomName::new(&room).ok());
        let last = self.last;
        let reached = self.rooms.entry(room).or_insert(Reached { number: 0, is_in: false });
        if number <= reached.number {
            return;
        }
        reached.number = number;
        // It may be in a room that it did not ask for: then what is new there is told by its number.
        if !reached.is_in && !is_moving() && number > last {
            reached.is_in = true;
        }
        if reached.is_in {
            self.last = number;
        }
    }

    /// It is in a room now, and talks there.
    pub(super) fn enter(&mut self, room: RoomName) {
        self.talks_in = Some(room.clone());
        let reached = Reached { number: 0, is_in: true };
        self.rooms.entry(Some(room)).or_insert(reached).is_in = true;
    }

    /// It has left a room, or the one in which it talked.
    pub(super) fn leave(&mut self, room: Option<RoomName>) {
        let room = room.or_else(|| self.talks_in.take());
        if room.is_some() {
            self.rooms.remove(&room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomName {
        name.parse().unwrap()
    }

    /// Lets lines come, each as its tags without their sign, and gives what is told after each.
    fn told(progress: &mut Progress, is_moving: bool, lines: &[&str]) -> Vec<u64> {
        let mut told = Vec::new();
        for line in lines {
            let line = format!("@{line} text");
            progress.note(&Tags::split(&line).0, || is_moving);
            told.push(progress.last());
        }
        told
    }

    #[test]
    fn the_last_line_counts_and_not_the_highest_number() {
        let mut progress = Progress::new(17, ["tea", "milk"].map(room));
        for (line, at) in [
            ("kind=message;msgid=30;room=tea", 30),
            ("kind=message;msgid=20;room=milk", 20),
            ("kind=message;msgid=30;room=tea", 20),
            ("kind=sent;msgid=40;room=milk", 20),
            ("kind=answer;msgid=41", 20),
            ("kind=error;msgid=42", 20),
            ("kind=found;msgid=43;room=milk", 20),
            ("kind=notice", 20),
            ("kind=private;msgid=44", 44),
            ("kind=dance;msgid=45;room=milk", 45),
            ("kind=join;msgid=43;room=tea", 43),
            ("msgid=50;room=tea", 43),
        ] {
            assert_eq!(told(&mut progress, false, &[line]), [at], "{line}");
        }
    }

    #[test]
    fn what_is_given_again_does_not_count() {
        let mut progress = Progress::new(10, [room("lobby")]);
        let line = |number: u64, room: &str| format!("kind=message;msgid={number};room={room}");
        let at = told(&mut progress, false, &[&line(11, "lobby"), &line(9, "lobby")]);
        assert_eq!(at, [11, 11]);
        // On the way into a room, which shows what was said before.
        let past = [&*line(12, "tea"), &line(14, "tea"), &line(13, "lobby")];
        assert_eq!(told(&mut progress, true, &past), [11, 11, 13]);
        progress.enter(room("tea"));
        // Nor what is shown once more, now that it is there.
        let new = [&*line(14, "tea"), &line(16, "lobby"), &line(15, "tea")];
        assert_eq!(told(&mut progress, false, &new), [13, 16, 15]);
        // It goes, and comes again.
        progress.leave(None);
        let again = [&*line(17, "tea"), &line(18, "tea"), &line(19, "lobby")];
        assert_eq!(told(&mut progress, true, &again), [15, 15, 19]);
        progress.enter(room("tea"));
        assert_eq!(told(&mut progress, false, &[&line(20, "tea")]), [20]);
        progress.leave(Some(room("lobby")));
        assert_eq!(told(&mut progress, true, &[&line(21, "lobby")]), [20]);
    }

    #[test]
    fn in_a_room_that_was_not_asked_for_numbers_decide() {
        let mut progress = Progress::new(10, [room("lobby")]);
        let line = |number: u64| format!("kind=message;msgid={number};room=hall");
        let lines = [&*line(8), &line(11), &line(9), &line(12)];
        assert_eq!(told(&mut progress, false, &lines), [10, 11, 11, 12]);
        // Rooms for which nobody has said anything are entered as well.
        let mut progress = Progress::new(10, [room("lobby")]);
        progress.enter(room("tea"));
        let tea = "kind=message;msgid=12;room=tea";
        let lobby = "kind=message;msgid=13;room=lobby";
        assert_eq!(told(&mut progress, false, &[lobby, tea]), [13, 12]);
    }
}
