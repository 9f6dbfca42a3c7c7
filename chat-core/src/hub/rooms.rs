//! The rooms that there are.

mod coming;

pub(crate) use coming::MOST_RESTING;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::time::Instant;

use super::Output;
use super::history::Gone;
use super::room::{Keeping, Manner, Room};
use super::stamps::Stamps;
use crate::budget::{Budget, Pressure};
use crate::ids::{ConnId, RoomId};
use crate::shrink::shrink;
use crate::store::{KeptRoom, Lines};
use crate::wire::{RoomName, Text};

/// All rooms, found by their number or by what their names look like. A room is there for as long as
/// somebody is in it, or may come back to it; with a store, some are for what was said in them. Only the
/// lobby is always there.
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
    /// Rooms that are there for what was said in them, though nobody is; some of those may be in use
    /// again. The one that was left first is given up first.
    resting: VecDeque<RoomId>,
    /// The last publications in rooms that were left by the last one who may come back: one who had left
    /// such a room may have read there last.
    traces: VecDeque<Gone>,
    budget: Budget,
    keeping: Keeping,
}

/// What a number stands for.
#[derive(Debug)]
enum Slot {
    /// No log has it.
    Free,
    Room(Box<Room>),
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
            resting: VecDeque::new(),
            traces: VecDeque::new(),
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
    pub(super) fn log_of(&self, id: RoomId, manner: Manner) -> RoomId {
        let tags = self.get(id).filter(|_| manner != Manner::Plain).and_then(Room::tagged_id);
        tags.unwrap_or(id)
    }

    /// Gives out what was said in one room since the last time.
    fn publish_in(&mut self, id: RoomId, out: &mut impl Output) {
        let Some(room) = room_mut(&mut self.all, id) else { return };
        self.unpublished -= room.unpublished();
        room.publish(&mut self.keeping, out);
    }

    /// Says something in every room, as the server. For whoever is in several, it is one line by
    /// its number, and published by itself: who has it has all that came before, in all rooms.
    pub(super) fn announce_to_all(
        &mut self,
        text: &Text,
        stamps: &mut Stamps,
        out: &mut impl Output,
    ) {
        self.publish(out);
        let msgid = stamps.take(1);
        for index in 0..self.all.len() {
            self.change(RoomId::new(index), |room| room.announce(text, msgid, stamps));
        }
        self.publish(out);
    }

    /// In which publication a line came last, if that is known: one that is told everywhere came in
    /// several.
    pub(super) fn seq_of(&self, msgid: u64) -> Option<u64> {
        let kept = self.iter().filter_map(|room| room.seq_of(msgid)).max();
        kept.or_else(|| self.traces.iter().rev().find_map(|gone| gone.seq_of(msgid)))
    }

    /// All rooms, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.all.iter().filter_map(Slot::room)
    }

    /// How many bytes wait to be published.
    pub(super) fn unpublished(&self) -> usize {
        self.unpublished
    }

    /// It is this late now. While memory is short, nothing is kept of what was said but how many lines it
    /// was, for those who may come back.
    pub(super) fn set_time(&mut self, now: Instant) {
        self.keeping.now = now;
        let was_short = self.keeping.is_short;
        let keeps = self.keeping.history.lines > 0 || !self.keeping.resume.within.is_zero();
        self.keeping.is_short = keeps && self.budget.pressure() > Pressure::None;
        if self.keeping.is_short && !was_short {
            for room in self.all.iter_mut().filter_map(Slot::room_mut) {
                room.forget_the_past(&self.keeping);
            }
        }
    }

    /// Lets a client read again what was published last in a room, and answers how many lines that
    /// are.
    pub(super) fn recall(
        &mut self,
        id: RoomId,
        conn: ConnId,
        manner: Manner,
        count: usize,
        out: &mut impl Output,
    ) -> usize {
        let Some(room) = room_mut(&mut self.all, id).filter(|_| count > 0) else { return 0 };
        room.recall(conn, manner, count, &self.keeping, out)
    }

    /// When it is, how much was published by now, and how much of it is kept.
    pub(super) fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    /// So much was published before.
    pub(super) fn set_seq(&mut self, seq: u64) {
        self.keeping.seq = seq;
    }

    /// The rooms as they were kept elsewhere, before the first client.
    pub(super) fn restore(&mut self, kept: Vec<KeptRoom>, out: &mut impl Output) {
        let mut all: BTreeMap<RoomId, KeptRoom> = BTreeMap::new();
        let mut order = Vec::new();
        for room in kept {
            let id = self.find_or_make(&room.name);
            let Some(known) = all.get_mut(&id) else {
                order.push(id);
                all.insert(id, room);
                continue;
            };
            // Elsewhere they may be two rooms that look alike here.
            known.topic = room.topic.or(known.topic.take());
            known.lines.extend(room.lines);
            known.lines.sort_by_key(Lines::seq);
            known.left_out.extend(room.left_out);
            known.left_out.sort_by_key(|left_out| left_out.seq);
        }
        for id in order {
            if let Some(room) = all.remove(&id) {
                self.restore_room(id, room, out);
            }
        }
    }

    fn restore_room(&mut self, id: RoomId, kept: KeptRoom, out: &mut impl Output) {
        let Some(room) = room_mut(&mut self.all, id) else { return };
        room.restore_left_out(&kept.left_out);
        for lines in &kept.lines {
            room.restore(lines, &self.keeping);
        }
        room.topic = kept.topic;
        let (is_of_use, is_lobby) = (room.is_of_use(&self.keeping), id == RoomId::LOBBY);
        if !is_of_use && !is_lobby {
            self.drop_room(id, out);
        } else if !is_lobby && self.get(id).is_some_and(|room| room.sessions == 0) {
            self.rest(id, out);
        }
    }

    /// Gives out what was said since the last time.
    pub(super) fn publish(&mut self, out: &mut impl Output) {
        self.unpublished = 0;
        for id in self.dirty.drain(..) {
            if let Some(room) = room_mut(&mut self.all, id) {
                room.is_dirty = false;
                room.publish(&mut self.keeping, out);
            }
        }
    }

    fn make(&mut self, name: RoomName) -> RoomId {
        let id = self.take_id();
        self.by_look.extend(name.looks().iter().map(|look| (look.to_owned(), id)));
        self.all[id.index()] =
            Slot::Room(Box::new(Room::new(id, name, self.budget.clone(), &self.keeping)));
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
mod tests;
