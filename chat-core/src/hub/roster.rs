//! Who is here.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Instant;

use super::room::Manner;
use crate::ids::{ConnId, RoomId};
use crate::wire::Name;

/// The clients, found by their identifier without a search.
///
/// An identifier says which slot of which I/O thread it has, so this is a vector for each thread.
/// Vectors grow in place where a hash table would leave its former self behind.
#[derive(Debug)]
pub(super) struct Roster {
    slots: Vec<Vec<Option<Entry>>>,
}

/// One client, in as little memory as it can be put: there may be many.
#[derive(Debug)]
pub(super) struct Entry {
    /// What tells the client from others that had the slot.
    uses: u32,
    ip: [u8; 16],
    scope: u32,
    port: u16,
    is_v6: bool,
    /// The room in which it is; of several, the one that it joined last.
    pub(super) room: RoomId,
    /// What only some clients have.
    pub(super) profile: Option<Box<Profile>>,
}

/// What only some clients have: those who have typed a command.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) name: Option<Name>,
    /// What its lines start with, once it has a name.
    pub(super) prefix: Box<[u8]>,
    pub(super) is_operator: bool,
    /// It wants tags before each line.
    pub(super) is_tagged: bool,
    /// The number of its session, if it may come back.
    pub(super) session: Option<u32>,
    /// It may not have got the token of its session yet.
    pub(super) is_unsure: bool,
    /// The other rooms in which it is: only who wants tags may be in several.
    pub(super) rooms: Vec<RoomId>,
    /// Until when nobody is to read it.
    pub(super) muted_until: Option<Instant>,
    /// Whom it does not want to read.
    pub(super) ignored: Vec<ConnId>,
}

impl Profile {
    /// It is called by this name from now on.
    pub(super) fn take_name(&mut self, name: &Name) {
        self.prefix = format!("{name}: ").into_bytes().into();
        self.name = Some(name.clone());
    }
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
            slots.resize_with(slot + 1, || None);
        }
        slots[slot] = Some(Entry::new(conn, addr));
    }

    /// A client, if it is here.
    pub(super) fn get(&self, conn: ConnId) -> Option<&Entry> {
        let entry = self.slots.get(conn.io())?.get(conn.slot())?.as_ref();
        // The slot may have a new owner already.
        entry.filter(|client| client.uses == conn.uses())
    }

    pub(super) fn get_mut(&mut self, conn: ConnId) -> Option<&mut Entry> {
        let entry = self.slots.get_mut(conn.io())?.get_mut(conn.slot())?.as_mut();
        entry.filter(|client| client.uses == conn.uses())
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Entry> {
        self.get(conn)?;
        self.slots[conn.io()][conn.slot()].take()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, &Entry)> {
        self.slots.iter().enumerate().flat_map(|(io, slots)| {
            let taken =
                slots.iter().enumerate().filter_map(|(slot, it)| Some((slot, it.as_ref()?)));
            taken.map(move |(slot, entry)| (ConnId::new(io, slot, entry.uses), entry))
        })
    }

    /// Removes everybody.
    pub(super) fn clear(&mut self) -> Vec<(ConnId, SocketAddr)> {
        let all = self.iter().map(|(conn, entry)| (conn, entry.addr())).collect();
        self.slots.iter_mut().for_each(Vec::clear);
        all
    }
}

impl Entry {
    fn new(conn: ConnId, addr: SocketAddr) -> Entry {
        let (ip, scope) = match addr {
            SocketAddr::V4(addr) => (addr.ip().to_ipv6_mapped(), 0),
            SocketAddr::V6(addr) => (*addr.ip(), addr.scope_id()),
        };
        let (port, is_v6) = (addr.port(), addr.is_ipv6());
        let (room, profile) = (RoomId::LOBBY, None);
        Entry { uses: conn.uses(), ip: ip.octets(), scope, port, is_v6, room, profile }
    }

    /// Its port, by which it is called until it takes a name.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Its name, if it has taken one.
    pub(super) fn name(&self) -> Option<&Name> {
        self.profile.as_ref()?.name.as_ref()
    }

    /// What it is called: its name or its port.
    pub(super) fn called(&self) -> String {
        self.name().map_or_else(|| self.port.to_string(), Name::to_string)
    }

    pub(super) fn is_operator(&self) -> bool {
        self.profile.as_ref().is_some_and(|profile| profile.is_operator)
    }

    /// Whether it wants tags before each line.
    pub(super) fn is_tagged(&self) -> bool {
        self.profile.as_ref().is_some_and(|profile| profile.is_tagged)
    }

    /// How it is in its rooms.
    pub(super) fn manner(&self) -> Manner {
        match &self.profile {
            Some(profile) if profile.session.is_some() => Manner::Lasting,
            Some(profile) if profile.is_tagged => Manner::Tagged,
            Some(_) | None => Manner::Plain,
        }
    }

    /// The number of its session, if it may come back.
    pub(super) fn session(&self) -> Option<u32> {
        self.profile.as_ref()?.session
    }

    /// The rooms in which it is, the one that it joined last before the others.
    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> + '_ {
        let others = self.profile.as_ref().map_or(&[][..], |profile| &profile.rooms);
        std::iter::once(self.room).chain(others.iter().copied())
    }

    /// Whether it does not want to read another one.
    pub(super) fn ignores(&self, other: ConnId) -> bool {
        self.profile.as_ref().is_some_and(|profile| profile.ignored.contains(&other))
    }

    pub(super) fn profile(&mut self) -> &mut Profile {
        self.profile.get_or_insert_default()
    }

    pub(super) fn addr(&self) -> SocketAddr {
        let ip = Ipv6Addr::from(self.ip);
        if self.is_v6 {
            return SocketAddrV6::new(ip, self.port, 0, self.scope).into();
        }
        SocketAddr::new(IpAddr::V6(ip).to_canonical(), self.port)
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
            assert_eq!(Entry::new(conn, addr).addr(), addr);
        }
        assert!(size_of::<Option<Entry>>() <= 40);
    }
}
