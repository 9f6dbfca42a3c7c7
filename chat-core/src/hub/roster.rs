//! Who is here.

use std::mem;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::ids::ConnId;

/// The clients, found by their identifier without a search.
///
/// An identifier says which slot of which I/O thread it has, so this is a vector for each thread.
/// Vectors grow in place where a hash table would leave its former self behind.
#[derive(Debug)]
pub(super) struct Roster {
    slots: Vec<Vec<Option<Entry>>>,
}

/// One client, in as little memory as it can be put: there may be many.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Twice four bytes, since eight would have to be aligned.
    conn: [u32; 2],
    ip: [u8; 16],
    scope: u32,
    port: u16,
    is_v6: bool,
}

impl Roster {
    pub(super) fn new(io_threads: usize) -> Roster {
        Roster { slots: (0..io_threads).map(|_| Vec::new()).collect() }
    }

    /// How many I/O threads have clients in here.
    pub(super) fn io_threads(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn add(&mut self, conn: ConnId, addr: SocketAddr) {
        let Some(slots) = self.slots.get_mut(conn.io()) else { return };
        let slot = conn.slot();
        if slot >= slots.len() {
            slots.resize(slot + 1, None);
        }
        slots[slot] = Some(Entry::new(conn, addr));
    }

    /// The address of a client, if it is here.
    pub(super) fn get(&self, conn: ConnId) -> Option<SocketAddr> {
        let entry = self.slots.get(conn.io())?.get(conn.slot())?.as_ref();
        // The slot may have a new owner already.
        entry.filter(|client| client.conn() == Some(conn)).map(Entry::addr)
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<SocketAddr> {
        let addr = self.get(conn)?;
        self.slots[conn.io()][conn.slot()] = None;
        Some(addr)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, SocketAddr)> {
        self.slots.iter().flatten().flatten().filter_map(Entry::parts)
    }

    /// Removes everybody.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = (ConnId, SocketAddr)> + use<> {
        let threads = self.slots.len();
        let all = mem::replace(&mut self.slots, vec![Vec::new(); threads]);
        all.into_iter().flatten().flatten().filter_map(|entry| entry.parts())
    }
}

impl Entry {
    fn new(conn: ConnId, addr: SocketAddr) -> Entry {
        let (ip, scope) = match addr {
            SocketAddr::V4(addr) => (addr.ip().to_ipv6_mapped(), 0),
            SocketAddr::V6(addr) => (*addr.ip(), addr.scope_id()),
        };
        let raw = conn.to_raw();
        #[expect(clippy::cast_possible_truncation, reason = "each is one half")]
        let conn = [(raw >> 32) as u32, raw as u32];
        Entry { conn, ip: ip.octets(), scope, port: addr.port(), is_v6: addr.is_ipv6() }
    }

    fn conn(&self) -> Option<ConnId> {
        let [high, low] = self.conn;
        ConnId::from_raw((u64::from(high) << 32) | u64::from(low))
    }

    fn addr(&self) -> SocketAddr {
        let ip = Ipv6Addr::from(self.ip);
        if self.is_v6 {
            return SocketAddrV6::new(ip, self.port, 0, self.scope).into();
        }
        SocketAddr::new(IpAddr::V6(ip).to_canonical(), self.port)
    }

    fn parts(&self) -> Option<(ConnId, SocketAddr)> {
        Some((self.conn()?, self.addr()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_the_address() {
        for addr in ["127.0.0.1:80", "[::1]:65535", "[fe80::1%3]:1", "[::ffff:10.0.0.1]:9"] {
            let addr: SocketAddr = addr.parse().unwrap();
            let conn = ConnId::new(3, 70_000, u32::MAX);
            assert_eq!(Entry::new(conn, addr).parts(), Some((conn, addr)));
        }
        assert!(size_of::<Option<Entry>>() <= 32);
    }
}
