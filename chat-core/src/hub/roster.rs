//! Who is here.

use std::mem;

use crate::event::ClientInfo;
use crate::ids::ConnId;

/// The clients, found by their identifier without a search.
///
/// An identifier says which slot of which I/O thread it has, so this is a vector for each thread.
/// Vectors grow in place where a hash table would leave its former self behind.
#[derive(Debug)]
pub(super) struct Roster {
    slots: Vec<Vec<Option<ClientInfo>>>,
}

impl Roster {
    pub(super) fn new(io_threads: usize) -> Roster {
        Roster { slots: (0..io_threads).map(|_| Vec::new()).collect() }
    }

    /// How many I/O threads have clients in here.
    pub(super) fn io_threads(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn add(&mut self, client: ClientInfo) {
        let Some(slots) = self.slots.get_mut(client.conn.io()) else { return };
        let slot = client.conn.slot();
        if slot >= slots.len() {
            slots.resize(slot + 1, None);
        }
        slots[slot] = Some(client);
    }

    pub(super) fn get(&self, conn: ConnId) -> Option<&ClientInfo> {
        let entry = self.slots.get(conn.io())?.get(conn.slot())?.as_ref();
        // The slot may have a new owner already.
        entry.filter(|client| client.conn == conn)
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<ClientInfo> {
        self.get(conn)?;
        self.slots[conn.io()][conn.slot()].take()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ClientInfo> {
        self.slots.iter().flatten().flatten()
    }

    /// Removes everybody.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = ClientInfo> + use<> {
        let threads = self.slots.len();
        let all = mem::replace(&mut self.slots, vec![Vec::new(); threads]);
        all.into_iter().flatten().flatten()
    }
}
