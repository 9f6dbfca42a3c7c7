//! The rooms as one I/O thread sees them: a window of the log, and who reads it here.

use super::conn::{Conn, Seat};
use crate::ids::RoomId;
use crate::log::{Cursor, Window};

/// One room, as far as this I/O thread has to do with it.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) window: Window,
    /// The slots of the connections that read this room.
    pub(super) members: Vec<u32>,
    /// Whether the window has grown since the members were served.
    pub(super) is_fresh: bool,
    /// Whether it is in the list of those whose windows are not empty.
    pub(super) is_kept: bool,
}

impl View {
    /// Lets a connection read this room from a cursor on.
    pub(super) fn join<S>(&mut self, room: RoomId, conn: &mut Conn<S>, cursor: Cursor) {
        // There are no more members than slots, which fit.
        let index = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        conn.room = Some(Seat { room, index });
        conn.cursor = cursor;
        self.members.push(conn.id.slot_u32());
    }

    /// Takes a member out. It answers with the slot of the one who got its seat.
    pub(super) fn leave<S>(&mut self, conn: &mut Conn<S>) -> Option<(usize, Seat)> {
        let seat = conn.room.take()?;
        self.release(conn);
        self.members.swap_remove(seat.index as usize);
        self.members.get(seat.index as usize).map(|&slot| (slot as usize, seat))
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
