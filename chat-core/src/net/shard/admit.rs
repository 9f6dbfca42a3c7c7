//! New connections: given a place in the table, and reported; or turned away.

use std::net::SocketAddr;

use super::{LINGERING, Shard};
use crate::guard::Admission;
use crate::ids::ConnId;
use crate::net::conn::{Conn, Phase};
use crate::net::gate::Refusal;
use crate::net::guests::Ticket;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::Socket;
use crate::net::timers::Due;
use crate::wire::{Decoder, Text, notice};

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// The identifier that the next connection gets; `None` if there is no place for one more.
    pub(crate) fn next_id(&self) -> Option<ConnId> {
        self.conns.next_id()
    }

    /// Makes a connection one of this shard's, or turns it away after all. It has been counted by
    /// the gauge, and has [`Shard::next_id`].
    pub(crate) fn adopt(&mut self, stream: S, addr: SocketAddr, ticket: Ticket) {
        let refusal = if self.stage.is_running() {
            match self.settings.guards.admit(addr) {
                Admission::Admit => return self.welcome(stream, addr, ticket),
                Admission::Refuse(reason) => Refusal::Guard(reason),
            }
        } else {
            Refusal::Stopping
        };
        self.settings.gauge.leave();
        self.turn_away(stream, addr, &refusal);
    }

    fn welcome(&mut self, stream: S, addr: SocketAddr, ticket: Ticket) {
        let Some(id) = self.conns.next_id() else {
            // There are more slots than a process can have descriptors.
            log::error!("there is no slot for {addr}");
            return self.settings.gauge.leave();
        };
        let limits = &self.settings.limits;
        let mut conn = Conn::new(id, stream, Decoder::new(&self.settings.rules));
        conn.ticket = ticket;
        conn.is_limited = limits.flood_of(addr.ip()).is_some();
        conn.heard = self.millis();
        if self.settings.guards.want_addresses() {
            conn.extra().addr = Some(addr);
        }
        self.conns.insert(conn);
        self.tally.accepted += 1;
        if let Some(silence) = self.settings.limits.idle {
            self.look_for_idle_in(silence, id);
        }
        self.outgoing.send(Arrival::Connected { conn: id, addr });
    }

    /// Whether one more that is turned away can be kept until it has read why.
    pub(crate) fn has_room_to_turn_away(&self) -> bool {
        self.settings.gauge.can_keep() && self.stage.is_running()
    }

    /// Tells a peer why it is refused. Its connection stays for as long as it takes to read that,
    /// unless there are too many of its kind.
    pub(crate) fn turn_away(&mut self, mut stream: S, addr: SocketAddr, refusal: &Refusal) {
        refusal.count(&mut self.tally);
        let is_told = say_no(&mut stream, addr, refusal);
        if !is_told || !self.stage.is_running() {
            return;
        }
        let Some(id) = self.conns.next_id().filter(|_| self.settings.gauge.keep()) else { return };
        let mut conn = Conn::new(id, stream, Decoder::new(&self.settings.rules));
        conn.is_turned_away = true;
        conn.phase = Phase::Lingering;
        let stamp = conn.stamp;
        self.conns.insert(conn);
        self.arm(LINGERING, Due::End, id, stamp);
    }
}

/// Tells a peer why it is refused, and ends our half of the stream. It answers whether that worked.
pub(in crate::net) fn say_no<S: Socket>(
    stream: &mut S,
    addr: SocketAddr,
    refusal: &Refusal,
) -> bool {
    let line = notice(&Text::shown(&refusal.to_string()));
    let told = stream.write_all(&line).and_then(|()| stream.end_writing());
    log::debug!("{addr} was refused: {refusal}");
    if let Err(error) = &told {
        log::debug!("{addr} was not told why: {error}");
    }
    told.is_ok()
}
