//! The connections of one I/O thread, found by their slot.

use super::conn::Conn;
use crate::ids::ConnId;

/// The connections of one I/O thread.
///
/// A slot is used again, but with another [`ConnId`]: what still refers to the former connection
/// finds nothing.
#[derive(Debug)]
pub(super) struct Slab<S> {
    io: usize,
    slots: Vec<Slot<S>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<S> {
    /// How many connections have had the slot.
    uses: u32,
    conn: Option<Conn<S>>,
}

impl<S> Slab<S> {
    /// An empty table for the I/O thread of this index.
    pub(super) fn new(io: usize) -> Slab<S> {
        Slab { io, slots: Vec::new(), free: Vec::new() }
    }

    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The identifier that the next connection gets; `None` if there is no slot for one more.
    pub(super) fn next_id(&self) -> Option<ConnId> {
        let (slot, uses) = match self.free.last() {
            Some(&slot) => (slot as usize, self.slots[slot as usize].uses),
            None => (self.slots.len(), 0),
        };
        (slot < ConnId::MAX_SLOTS).then(|| ConnId::new(self.io, slot, uses.wrapping_add(1)))
    }

    /// Puts in a connection that has the identifier which [`Slab::next_id`] gave.
    pub(super) fn insert(&mut self, conn: Conn<S>) {
        match self.free.pop() {
            Some(slot) => {
                let slot = &mut self.slots[slot as usize];
                slot.uses = slot.uses.wrapping_add(1);
                slot.conn = Some(conn);
            }
            None => self.slots.push(Slot { uses: 1, conn: Some(conn) }),
        }
    }

    /// Takes a connection out.
    pub(super) fn remove(&mut self, slot: usize) -> Option<Conn<S>> {
        let conn = self.slots.get_mut(slot)?.conn.take()?;
        self.free.push(conn.id.slot_u32());
        Some(conn)
    }

    /// The connection that has this slot now.
    pub(super) fn at(&mut self, slot: usize) -> Option<&mut Conn<S>> {
        self.slots.get_mut(slot)?.conn.as_mut()
    }

    /// The connection that has this identifier, if it is still here.
    pub(super) fn get(&mut self, id: ConnId) -> Option<&mut Conn<S>> {
        self.at(id.slot()).filter(|conn| conn.id == id)
    }

    /// The slots that may have a connection.
    pub(super) fn slots(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }
}
