//! Who comes into rooms and goes, and which rooms are there for it.

use super::{Rooms, Slot, room_mut};
use crate::hub::Output;
use crate::hub::room::Manner;
use crate::ids::{ConnId, RoomId};
use crate::shrink::shrink;

/// How many rooms are there though nobody is in them.
pub(crate) const MOST_RESTING: usize = 1000;
/// Of how many publications it is known at most, of all rooms of which nothing is kept any more.
const MOST_TRACES: usize = 4096;

impl Rooms {
    /// Lets somebody into a room.
    pub(in crate::hub) fn enter(
        &mut self,
        id: RoomId,
        conn: ConnId,
        manner: Manner,
        out: &mut impl Output,
    ) {
        self.count_in(id, manner, out);
        self.attach(id, conn, manner, out);
    }

    /// Counts somebody in who is not there yet.
    pub(in crate::hub) fn count_in(&mut self, id: RoomId, manner: Manner, out: &mut impl Output) {
        let is_tagged = manner != Manner::Plain;
        if is_tagged {
            // What is known of lines is known from the first one of a publication on.
            self.publish_in(id, out);
        }
        let needs_tags = is_tagged && self.get(id).is_some_and(|room| room.tagged_id().is_none());
        let tags = needs_tags.then(|| self.take_id());
        let budget = self.budget.clone();
        let Some(room) = room_mut(&mut self.all, id) else { return };
        if let Some(tags) = tags {
            room.begin_tags(tags, budget);
        }
        room.count_in(manner);
        if let Some(tags) = tags {
            self.all[tags.index()] = Slot::Tags;
        }
    }

    /// Lets somebody read who was counted in.
    pub(in crate::hub) fn attach(
        &mut self,
        id: RoomId,
        conn: ConnId,
        manner: Manner,
        out: &mut impl Output,
    ) {
        if let Some(room) = room_mut(&mut self.all, id) {
            room.attach(conn, manner, out);
        }
    }

    /// Somebody who is in a room may come back from now on.
    pub(in crate::hub) fn begin_session(&mut self, id: RoomId, out: &mut impl Output) {
        self.publish_in(id, out);
        if let Some(room) = room_mut(&mut self.all, id) {
            room.begin_session();
        }
    }

    /// Somebody is in a room no more, and may come back.
    pub(in crate::hub) fn part(&mut self, id: RoomId) {
        if let Some(room) = room_mut(&mut self.all, id) {
            room.members = room.members.saturating_sub(1);
        }
    }

    /// Somebody has left a room, which is no more if nobody is in it.
    pub(in crate::hub) fn leave(&mut self, id: RoomId, manner: Manner, out: &mut impl Output) {
        self.part(id);
        self.count_out(id, manner, out);
    }

    /// Counts somebody out who is there no more.
    pub(in crate::hub) fn count_out(&mut self, id: RoomId, manner: Manner, out: &mut impl Output) {
        let Some(room) = room_mut(&mut self.all, id) else { return };
        if manner == Manner::Lasting && room.sessions == 1 {
            self.traces.extend(room.traces().into_iter().rev());
            self.traces.drain(..self.traces.len().saturating_sub(MOST_TRACES));
        }
        let before = room.unpublished();
        let tags = room.count_out(manner, &mut self.keeping, out);
        self.unpublished -= before - room.unpublished();
        if let Some(tags) = tags {
            self.close(tags, out);
        }
        let Some(room) = room_mut(&mut self.all, id) else { return };
        if room.members > 0 || id == RoomId::LOBBY {
            return;
        }
        if !room.is_of_use(&self.keeping) {
            return self.drop_room(id, out);
        }
        if room.sessions == 0 {
            self.rest(id, out);
        }
    }

    /// A room is there for what was said in it. If there are too many of those, the one that was left
    /// first is no more.
    pub(super) fn rest(&mut self, id: RoomId, out: &mut impl Output) {
        let Some(room) = room_mut(&mut self.all, id) else { return };
        if !std::mem::replace(&mut room.is_resting, true) {
            self.resting.push_back(id);
        }
        while self.resting.len() > MOST_RESTING {
            let Some(first) = self.resting.pop_front() else { return };
            let Some(room) = room_mut(&mut self.all, first) else { continue };
            // The number may be another room's by now, or the room in use again.
            let was_resting = std::mem::replace(&mut room.is_resting, false);
            if was_resting && room.members == 0 && room.sessions == 0 {
                self.drop_room(first, out);
            }
        }
    }

    /// A room is no more.
    pub(super) fn drop_room(&mut self, id: RoomId, out: &mut impl Output) {
        self.publish_in(id, out);
        let Some(room) = room_mut(&mut self.all, id) else { return };
        for look in room.name.looks().iter() {
            self.by_look.remove(look);
        }
        shrink(self.by_look.capacity(), self.by_look.len(), |to| self.by_look.shrink_to(to));
        self.dirty.retain(|&dirty| dirty != id);
        self.close(id, out);
    }
}
