//! The names that the parts of the system give to connections and rooms.

use std::fmt;
use std::num::NonZeroU64;

/// Identifies one connection of one server; no two connections of a server ever share one.
///
/// It is a small `Copy` value to keep in maps and to hand back to
/// [`ServerHandle`](crate::ServerHandle). Its order and its digits mean nothing to a user.
///
/// Inside, it is an address: the I/O thread that owns the socket, the slot in that thread's table,
/// and how often the slot has been used. So every table is a plain vector, and an identifier that
/// has outlived its connection is told from the connection that took over the slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(NonZeroU64);

const IO_BITS: u32 = 8;
const SLOT_BITS: u32 = 24;

impl ConnId {
    /// The most I/O threads that identifiers can tell apart.
    pub(crate) const MAX_IO_THREADS: usize = 1 << IO_BITS;
    /// The most connections that one I/O thread can hold.
    pub(crate) const MAX_SLOTS: usize = 1 << SLOT_BITS;

    /// Puts an identifier together; `uses` counts the connections that have had this slot.
    ///
    /// Numbers that are out of range are cut to their bits: the tables that make identifiers
    /// check [`ConnId::MAX_IO_THREADS`] and [`ConnId::MAX_SLOTS`] before.
    pub(crate) fn new(io: usize, slot: usize, uses: u32) -> ConnId {
        let io = (io % Self::MAX_IO_THREADS) as u64;
        let slot = (slot % Self::MAX_SLOTS) as u64;
        let raw = (u64::from(uses) << (IO_BITS + SLOT_BITS)) | (io << SLOT_BITS) | slot;
        // Uses are counted from one, so this is never zero and `Option<ConnId>` needs no more room.
        ConnId(NonZeroU64::new(raw).unwrap_or(NonZeroU64::MIN))
    }

    /// The identifier as a number other than zero, for where only numbers can be kept.
    pub(crate) fn to_raw(self) -> u64 {
        self.0.get()
    }

    /// The identifier that this number is.
    pub(crate) fn from_raw(raw: u64) -> Option<ConnId> {
        NonZeroU64::new(raw).map(ConnId)
    }

    /// Stands for a session in place of its connections, whichever it has: no connection has this
    /// identifier, since uses are counted from one.
    pub(crate) fn of_session(session: u32) -> ConnId {
        ConnId(NonZeroU64::new(u64::from(session)).unwrap_or(NonZeroU64::MIN))
    }

    /// The session for which it stands, if it does.
    pub(crate) fn session(self) -> Option<u32> {
        u32::try_from(self.0.get()).ok()
    }

    /// The I/O thread that owns the connection.
    pub(crate) fn io(self) -> usize {
        Self::low_bits(self.0.get() >> SLOT_BITS, IO_BITS)
    }

    /// The slot in the tables of that I/O thread.
    pub(crate) fn slot(self) -> usize {
        Self::low_bits(self.0.get(), SLOT_BITS)
    }

    /// How many connections have had the slot, this one included.
    pub(crate) fn uses(self) -> u32 {
        u32::try_from(self.0.get() >> (IO_BITS + SLOT_BITS)).unwrap_or(u32::MAX)
    }

    /// The slot, in the size in which long lists of them are kept.
    pub(crate) fn slot_u32(self) -> u32 {
        u32::try_from(self.slot()).unwrap_or(u32::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "what is cut off is not asked for")]
    fn low_bits(raw: u64, bits: u32) -> usize {
        raw as usize & ((1 << bits) - 1)
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl fmt::Debug for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnId({self})")
    }
}

/// Identifies a room for as long as the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RoomId(u32);

impl RoomId {
    /// The room in which everybody starts.
    pub(crate) const LOBBY: RoomId = RoomId(0);

    /// The room of this index.
    pub(crate) fn new(index: usize) -> RoomId {
        // There are no more rooms than clients, which are far fewer than four billion.
        RoomId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// A dense number, so that tables of rooms can be vectors.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_keeps_its_parts() {
        for (io, slot, uses) in [(0, 0, 1), (3, 19_000, 7), (255, (1 << 24) - 1, u32::MAX)] {
            let conn = ConnId::new(io, slot, uses);
            assert_eq!((conn.io(), conn.slot()), (io, slot));
        }
        assert_ne!(ConnId::new(1, 2, 3), ConnId::new(1, 2, 4));
        assert_eq!(ConnId::of_session(7).session(), Some(7));
        assert_eq!(ConnId::new(0, 7, 1).session(), None);
        assert_eq!(size_of::<Option<ConnId>>(), 8);
    }
}
