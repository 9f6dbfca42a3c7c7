//! The rooms that there are.

use std::collections::HashMap;

use super::Output;
use super::room::Room;
use crate::budget::Budget;
use crate::ids::RoomId;
use crate::wire::{RoomName, Text};

/// All rooms, found by their number or by what their names look like. A room is there for as long
/// as somebody is in it; only the lobby is always there.
#[derive(Debug)]
pub(super) struct Rooms {
    all: Vec<Option<Room>>,
    free: Vec<RoomId>,
    by_look: HashMap<String, RoomId>,
    /// The rooms in which something was said since they were last published.
    dirty: Vec<RoomId>,
    /// How many bytes were said there.
    unpublished: usize,
    budget: Budget,
}

impl Rooms {
    /// The lobby alone.
    pub(super) fn new(lobby: RoomName, budget: Budget) -> Rooms {
        let by_look = HashMap::new();
        let mut rooms = Rooms {
            all: Vec::new(),
            free: Vec::new(),
            by_look,
            dirty: Vec::new(),
            unpublished: 0,
            budget,
        };
        rooms.make(lobby);
        rooms
    }

    /// A room that is known to be there.
    pub(super) fn get(&self, id: RoomId) -> Option<&Room> {
        self.all.get(id.index())?.as_ref()
    }

    /// Changes something in a room, if it is there; what is said in it is published at the end of
    /// the turn.
    pub(super) fn change(&mut self, id: RoomId, change: impl FnOnce(&mut Room)) {
        let Some(room) = self.all.get_mut(id.index()).and_then(Option::as_mut) else { return };
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

    /// Somebody has come into a room.
    pub(super) fn enter(&mut self, id: RoomId) {
        if let Some(room) = self.all.get_mut(id.index()).and_then(Option::as_mut) {
            room.members += 1;
        }
    }

    /// Somebody has left a room, which is no more if nobody is in it.
    pub(super) fn leave(&mut self, id: RoomId, out: &mut impl Output) {
        let Some(room) = self.all.get_mut(id.index()).and_then(Option::as_mut) else { return };
        room.members = room.members.saturating_sub(1);
        if room.members > 0 || id == RoomId::LOBBY {
            return;
        }
        self.unpublished -= room.unpublished();
        room.publish(out);
        for look in room.name.looks().iter() {
            self.by_look.remove(look);
        }
        self.all[id.index()] = None;
        self.free.push(id);
        self.dirty.retain(|&dirty| dirty != id);
        out.close_room(id);
    }

    /// Says something in every room, as the server.
    pub(super) fn announce_to_all(&mut self, text: &Text) {
        for index in 0..self.all.len() {
            self.change(RoomId::new(index), |room| room.announce(text));
        }
    }

    /// All rooms, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.all.iter().flatten()
    }

    /// How many bytes wait to be published.
    pub(super) fn unpublished(&self) -> usize {
        self.unpublished
    }

    /// Gives out what was said since the last time.
    pub(super) fn publish(&mut self, out: &mut impl Output) {
        self.unpublished = 0;
        for id in self.dirty.drain(..) {
            if let Some(room) = self.all.get_mut(id.index()).and_then(Option::as_mut) {
                room.is_dirty = false;
                room.publish(out);
            }
        }
    }

    fn make(&mut self, name: RoomName) -> RoomId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.all.push(None);
            RoomId::new(self.all.len() - 1)
        });
        self.by_look.extend(name.looks().iter().map(|look| (look.to_owned(), id)));
        self.all[id.index()] = Some(Room::new(id, name, self.budget.clone()));
        id
    }
}
