//! The rooms that there are.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

use super::Output;
use super::room::{Keeping, Room};
use super::stamps::Stamps;
use crate::budget::{Budget, Pressure};
use crate::config;
use crate::ids::{ConnId, RoomId};
use crate::shrink::shrink;
use crate::wire::{RoomName, Text};

/// All rooms, found by their number or by what their names look like. A room is there for as long
/// as somebody is in it; only the lobby is always there.
#[derive(Debug)]
pub(super) struct Rooms {
    all: Vec<Slot>,
    /// The numbers below the length of `all` that no log has, and perhaps some above it. The lowest is
    /// used first, so that the tables can end with the last room that is there.
    free: BinaryHeap<Reverse<RoomId>>,
    by_look: HashMap<String, RoomId>,
    /// The rooms in which something was said since they were last published.
    dirty: Vec<RoomId>,
    /// How many bytes were said there.
    unpublished: usize,
    budget: Budget,
    keeping: Keeping,
}

/// What a number stands for.
#[derive(Debug)]
enum Slot {
    /// No log has it.
    Free,
    Room(Room),
    /// The log with tags of one of the rooms.
    Tags,
}

impl Slot {
    fn room(&self) -> Option<&Room> {
        if let Slot::Room(room) = self { Some(room) } else { None }
    }

    fn room_mut(&mut self) -> Option<&mut Room> {
        if let Slot::Room(room) = self { Some(room) } else { None }
    }
}

impl Rooms {
    /// The lobby alone.
    pub(super) fn new(lobby: RoomName, budget: Budget, keeping: Keeping) -> Rooms {
        let by_look = HashMap::new();
        let mut rooms = Rooms {
            all: Vec::new(),
            free: BinaryHeap::new(),
            by_look,
            dirty: Vec::new(),
            unpublished: 0,
            budget,
            keeping,
        };
        rooms.make(lobby);
        rooms
    }

    /// A room that is known to be there.
    pub(super) fn get(&self, id: RoomId) -> Option<&Room> {
        self.all.get(id.index())?.room()
    }

    /// Changes something in a room, if it is there; what is said in it is published at the end of
    /// the turn.
    pub(super) fn change(&mut self, id: RoomId, change: impl FnOnce(&mut Room)) {
        let Some(room) = room_mut(&mut self.all, id) else { return };
        let before = room.unpublished();
        change(room);
        self.unpublished += room.unpublished() - before;
        if !std::mem::replace(&mut room.is_dirty, true) {
            self.dirty.push(id);
        }
    }

    /// The room of this name, if there is one.
    pub(super) fn find(&self, name: &RoomName) -> Option<RoomId> {
        name.looks().iter().find_map(|look| self.by_look.get(look)).copied()
    }

    /// The room of this name, made if it is not there.
    pub(super) fn find_or_make(&mut self, name: &RoomName) -> RoomId {
        self.find(name).unwrap_or_else(|| self.make(name.clone()))
    }

    /// The log that somebody reads in a room: the plain one, or the one with tags.
    pub(super) fn log_of(&self, id: RoomId, is_tagged: bool) -> RoomId {
        let tags = self.get(id).filter(|_| is_tagged).and_then(Room::tagged_id);
        tags.unwrap_or(id)
    }

    /// Lets somebody into a room.
    pub(super) fn enter(
        &mut self,
        id: RoomId,
        conn: ConnId,
        is_tagged: bool,
        out: &mut impl Output,
    ) {
        let needs_tags = is_tagged && self.get(id).is_some_and(|room| room.tagged_id().is_none());
        let tags = needs_tags.then(|| self.take_id());
        let budget = self.budget.clone();
        let Some(room) = room_mut(&mut self.all, id) else { return };
        if let Some(tags) = tags {
            room.begin_tags(tags, budget);
        }
        room.attach(conn, is_tagged, out);
        if let Some(tags) = tags {
            self.all[tags.index()] = Slot::Tags;
        }
    }

    /// Somebody has left a room, which is no more if nobody is in it.
    pub(super) fn leave(&mut self, id: RoomId, is_tagged: bool, out: &mut impl Output) {
        let Some(room) = room_mut(&mut self.all, id) else { return };
        let before = room.unpublished();
        if let Some(tags) = room.forget(is_tagged, &self.keeping, out) {
            self.unpublished -= before - room.unpublished();
            self.close(tags, out);
        }
        let Some(room) = room_mut(&mut self.all, id) else { return };
        if room.members > 0 || id == RoomId::LOBBY {
            return;
        }
        self.unpublished -= room.unpublished();
        room.publish(&self.keeping, out);
        for look in room.name.looks().iter() {
            self.by_look.remove(look);
        }
        shrink(self.by_look.capacity(), self.by_look.len(), |to| self.by_look.shrink_to(to));
        self.dirty.retain(|&dirty| dirty != id);
        self.close(id, out);
    }

    /// Says something in every room, as the server. For whoever is in several, it is one line by
    /// its number.
    pub(super) fn announce_to_all(&mut self, text: &Text, stamps: &mut Stamps) {
        let msgid = stamps.take(1);
        for index in 0..self.all.len() {
            self.change(RoomId::new(index), |room| room.announce(text, msgid, stamps));
        }
    }

    /// All rooms, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.all.iter().filter_map(Slot::room)
    }

    /// How many bytes wait to be published.
    pub(super) fn unpublished(&self) -> usize {
        self.unpublished
    }

    /// It is this late now. While memory is short, nothing is kept that nobody has to get.
    pub(super) fn set_time(&mut self, now: Instant) {
        let was_short = self.keeping.is_short;
        let is_short = self.keeping.config.lines > 0 && self.budget.pressure() > Pressure::None;
        (self.keeping.now, self.keeping.is_short) = (now, is_short);
        if is_short && !was_short {
            self.all.iter_mut().filter_map(Slot::room_mut).for_each(Room::forget_the_past);
        }
    }

    /// Lets a client read again what was published last in a room, and answers how many lines that
    /// are.
    pub(super) fn recall(
        &mut self,
        id: RoomId,
        conn: ConnId,
        is_tagged: bool,
        count: usize,
        out: &mut impl Output,
    ) -> usize {
        let Some(room) = room_mut(&mut self.all, id).filter(|_| count > 0) else { return 0 };
        room.recall(conn, is_tagged, count, &self.keeping, out)
    }

    /// How many lines are kept at most, and how many of them whoever comes in reads.
    pub(super) fn keeping(&self) -> &config::History {
        &self.keeping.config
    }

    /// Gives out what was said since the last time.
    pub(super) fn publish(&mut self, out: &mut impl Output) {
        self.unpublished = 0;
        for id in self.dirty.drain(..) {
            if let Some(room) = room_mut(&mut self.all, id) {
                room.is_dirty = false;
                room.publish(&self.keeping, out);
            }
        }
    }

    fn make(&mut self, name: RoomName) -> RoomId {
        let id = self.take_id();
        self.by_look.extend(name.looks().iter().map(|look| (look.to_owned(), id)));
        self.all[id.index()] = Slot::Room(Room::new(id, name, self.budget.clone()));
        id
    }

    /// A number that no log has.
    fn take_id(&mut self) -> RoomId {
        while let Some(Reverse(id)) = self.free.pop() {
            // It may have been used again since, when it came anew at the end of the table.
            if matches!(self.all.get(id.index()), Some(Slot::Free)) {
                return id;
            }
        }
        self.all.push(Slot::Free);
        RoomId::new(self.all.len() - 1)
    }

    /// A log is no more, and its number is free.
    fn close(&mut self, id: RoomId, out: &mut impl Output) {
        self.all[id.index()] = Slot::Free;
        self.free.push(Reverse(id));
        out.close_room(id);
        while matches!(self.all.last(), Some(Slot::Free)) {
            self.all.pop();
        }
        let used = self.all.len();
        shrink(self.all.capacity(), used, |to| self.all.shrink_to(to));
        // No more of them can have something to publish than there are.
        shrink(self.dirty.capacity(), used, |to| self.dirty.shrink_to(to));
        if self.free.len() > 2 * used + 64 {
            self.free.retain(|Reverse(id)| id.index() < used);
            self.free.shrink_to_fit();
        }
    }
}

fn room_mut(all: &mut [Slot], id: RoomId) -> Option<&mut Room> {
    all.get_mut(id.index())?.room_mut()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Recorder;
    use super::*;

    #[test]
    fn nothing_is_kept_of_many_rooms_that_are_no_more() {
        let keeping =
            Keeping { now: Instant::now(), config: config::History::default(), is_short: false };
        let mut rooms = Rooms::new("lobby".parse().unwrap(), Budget::default(), keeping);
        let mut out = Recorder::default();
        let ids: Vec<RoomId> = (0..1000)
            .map(|number| {
                let id = rooms.find_or_make(&format!("room{number}").parse().unwrap());
                rooms.enter(id, ConnId::new(0, number, 1), false, &mut out);
                // As when something is said.
                rooms.change(id, |_| {});
                id
            })
            .collect();
        rooms.publish(&mut out);
        for id in ids {
            rooms.leave(id, false, &mut out);
        }
        assert_eq!(rooms.iter().count(), 1);
        let Rooms { all, free, by_look, dirty, .. } = &rooms;
        let kept = [all.capacity(), free.capacity(), by_look.capacity(), dirty.capacity()];
        assert!(kept.iter().all(|&capacity| capacity <= 128), "{kept:?}");
    }
}
