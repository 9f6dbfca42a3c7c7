//! The rooms as one I/O thread sees them: a window of the log, and who reads it here.

use super::conn::{Conn, Seat};
use super::lap::Lap;
use super::outbound::TURN;
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
    /// Whether somebody has still to be given more of what is here than one member gets in a turn.
    pub(super) fn is_late(&self) -> bool {
        self.window.end() - self.lap.reached() >= TURN as u64
    }

    /// Lets a connection read this room from a cursor on.
    pub(super) fn join<S>(&mut self, room: RoomId, conn: &mut Conn<S>, cursor: Cursor) {
        // There are no more members than slots, which fit.
        let index = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        conn.room = Some(Seat { room, index });
        conn.cursor = cursor;
        self.lap.join(self.members.len());
        self.members.push(conn.id.slot_u32());
    }

    /// Takes a member out. It answers with the one who got its seat.
    pub(super) fn leave<S>(&mut self, conn: &mut Conn<S>) -> Option<Moved> {
        let seat = conn.room.take()?;
        self.release(conn);
        let is_due = self.lap.leave(self.members.len());
        self.members.swap_remove(seat.index as usize);
        let slot = *self.members.get(seat.index as usize)? as usize;
        Some(Moved { slot, seat, is_due })
    }

    /// Keeps in the window what a connection has not got yet.
    pub(super) fn hold<S>(&mut self, conn: &mut Conn<S>) {
        if !conn.is_held {
            conn.is_held = self.window.hold(conn.cursor);
        }
    }

    /// Undoes [`View::hold`]; to be done before the cursor moves.
    pub(super) fn release<S>(&mut self, conn: &mut Conn<S>) {
        if std::mem::take(&mut conn.is_held) {
            self.window.release(conn.cursor);
        }
    }
}
