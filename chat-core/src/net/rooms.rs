//! The rooms as one I/O thread sees them: a window of the log, and who reads it here.

use super::lap::Lap;
use super::outbound::TURN;
use super::places::{Place, Seat};
use crate::ids::RoomId;
use crate::log::{Cursor, Window};

/// One room, as far as this I/O thread has to do with it.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) window: Window,
    /// The slots of the connections that read this room.
    pub(super) members: Vec<u32>,
    /// How far they have been given what is in the window.
    pub(super) lap: Lap,
    /// Whether it is in the queue of those whose members are to be served.
    pub(super) is_fresh: bool,
    /// Whether it is in the list of those whose windows are not empty.
    pub(super) is_kept: bool,
}

/// A member that got the seat of another one.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) slot: usize,
    pub(super) seat: Seat,
    /// It is still to be served, and will not be with the others.
    pub(super) is_due: bool,
}

impl View {
    /// Whether there is nothing here, and nobody: as in a room that is no more.
    pub(super) fn is_gone(&self) -> bool {
        let is_listed = self.is_fresh || self.is_kept;
        !is_listed && self.members.is_empty() && self.window.len() == 0
    }

    /// Whether somebody has still to be given more of what is here than one member gets in a turn.
    pub(super) fn is_late(&self) -> bool {
        self.window.end() - self.lap.reached() >= TURN as u64
    }

    /// Lets the connection of this slot read this room from a cursor on. The answer is its place.
    pub(super) fn join(&mut self, room: RoomId, slot: u32, cursor: Cursor) -> Place {
        // There are no more members than slots, which fit.
        let index = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        self.lap.join(self.members.len());
        self.members.push(slot);
        Place { seat: Seat { room, index }, cursor, is_held: false }
    }

    /// Takes out the member that had this place. It answers with the one who got its seat.
    pub(super) fn leave(&mut self, mut place: Place) -> Option<Moved> {
        self.release(&mut place);
        let seat = place.seat;
        let is_due = self.lap.leave(self.members.len());
        self.members.swap_remove(seat.index as usize);
        let slot = *self.members.get(seat.index as usize)? as usize;
        Some(Moved { slot, seat, is_due })
    }

    /// Keeps in the window what a member has not got yet.
    pub(super) fn hold(&mut self, place: &mut Place) {
        if !place.is_held {
            place.is_held = self.window.hold(place.cursor);
        }
    }

    /// Undoes [`View::hold`]; to be done before the cursor moves.
    pub(super) fn release(&mut self, place: &mut Place) {
        if std::mem::take(&mut place.is_held) {
            self.window.release(place.cursor);
        }
    }
}
