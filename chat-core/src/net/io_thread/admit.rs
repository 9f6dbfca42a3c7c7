//! New connections: accepted here, dealt out to all I/O threads, registered and reported.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Instant;

use crossbeam_channel::TrySendError;
use mio::net::TcpStream;
use mio::{Interest, Token};
use socket2::{SockRef, TcpKeepalive};

use super::{Door, FIRST_CONN, IoThread, LISTENER, Newcomer};
use crate::error::Error;
use crate::ids::ConnId;
use crate::net::conn::{Conn, Phase};
use crate::net::inbox::{Arrival, Inbox};
use crate::net::listener::{Acceptor, Admission};
use crate::wire::{Decoder, Text, notice};

/// The most connections that are kept for no more than to read that there is no room.
const MAX_TURNED_AWAY: usize = 64;

impl<I: Inbox> IoThread<I> {
    /// Makes this thread the one that accepts, for itself and for the threads behind the doors.
    pub(crate) fn listen(&mut self, mut acceptor: Acceptor, doors: Vec<Door>) -> Result<(), Error> {
        let registry = self.poll.registry();
        registry
            .register(acceptor.listener(), LISTENER, Interest::READABLE)
            .map_err(Error::system("wait for connections"))?;
        // Somebody may have come before there was anything to tell of it.
        acceptor.wake();
        self.acceptor = Some(acceptor);
        self.doors = doors;
        Ok(())
    }

    /// Takes in those who have come.
    pub(super) fn admit(&mut self) {
        if let Some(mut acceptor) = self.acceptor.take_if(|acceptor| acceptor.is_due()) {
            let mut accepted = Vec::new();
            let gauge = &self.settings.gauge;
            let mut refused = Vec::new();
            acceptor.accept(gauge, &mut self.tally, |stream, addr, admission| match admission {
                Admission::Admitted => accepted.push(Newcomer { stream, addr }),
                Admission::Refused => refused.push((stream, addr)),
            });
            self.acceptor = Some(acceptor);
            for newcomer in accepted {
                self.deal(newcomer);
            }
            for (stream, addr) in refused {
                self.turn_away(stream, addr);
            }
            for door in &self.doors {
                door.knock();
            }
        }
        while let Ok(Newcomer { stream, addr }) = self.newcomers.try_recv() {
            self.adopt(stream, addr);
        }
    }

    /// Gives a connection to the thread whose turn it is, this one included.
    fn deal(&mut self, newcomer: Newcomer) {
        let turn = self.next_door;
        self.next_door = (turn + 1) % (self.doors.len() + 1);
        let left = match self.doors.get(turn) {
            Some(door) => door.newcomers.try_send(newcomer).err().map(TrySendError::into_inner),
            None => Some(newcomer),
        };
        // A thread that is busy with those it has gets no more for now.
        if let Some(Newcomer { stream, addr }) = left {
            self.adopt(stream, addr);
        }
    }

    /// Tells a peer that there is no room for it. Its connection stays for as long as it takes to
    /// read that, unless there are too many of its kind.
    fn turn_away(&mut self, mut stream: TcpStream, addr: SocketAddr) {
        let limit = self.settings.gauge.limit();
        let reason = format!("the server is full ({limit} clients), try again later");
        let line = Text::new(&reason).map(|text| notice(&text)).unwrap_or_default();
        let told = stream.write_all(&line).and_then(|()| stream.shutdown(Shutdown::Write));
        if self.turned_away >= MAX_TURNED_AWAY || told.is_err() {
            return log::debug!("{addr} was refused, and was perhaps not told why");
        }
        let id = match self.register(stream) {
            Ok(id) => id,
            Err(error) => return log::debug!("{addr} was refused at once: {error}"),
        };
        let Some(conn) = self.conns.get(id) else { return };
        self.turned_away += 1;
        conn.is_turned_away = true;
        conn.phase = Phase::Lingering;
        self.lingering.arm(Instant::now(), id, conn.stamp);
    }

    /// Makes a connection one of this thread's.
    fn adopt(&mut self, stream: TcpStream, addr: SocketAddr) {
        if !self.stage.is_running() {
            self.tally.refused += 1;
            return self.settings.gauge.leave();
        }
        if let Err(error) = self.try_adopt(stream, addr) {
            log::warn!("cannot serve {addr}: {error}");
            self.tally.accept_errors += 1;
            self.settings.gauge.leave();
        }
    }

    fn try_adopt(&mut self, stream: TcpStream, addr: SocketAddr) -> io::Result<()> {
        // A line is sent as soon as it is written: chat cannot wait for more to share a packet.
        stream.set_nodelay(true)?;
        // Telnet's urgent data would stop a read early, before what follows it.
        SockRef::from(&stream).set_out_of_band_inline(true)?;
        if let Some(silence) = self.settings.keepalive {
            let keepalive = TcpKeepalive::new().with_time(silence);
            if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&keepalive) {
                // A connection without probes is better than none.
                log::debug!("{addr} will not be probed: {error}");
            }
        }
        let id = self.register(stream)?;
        self.outgoing.send(Arrival::Connected { conn: id, addr });
        Ok(())
    }

    /// Gives a connection a place in the table and its events to the poll.
    fn register(&mut self, mut stream: TcpStream) -> io::Result<ConnId> {
        let id = self.conns.next_id().ok_or_else(|| io::Error::other("too many connections"))?;
        // Both kinds of events once and for all: they come on edges, so that no system call is
        // ever needed to turn one of them on or off.
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(id.slot() + FIRST_CONN), interest)?;
        self.conns.insert(Conn::new(id, stream, Decoder::new(&self.settings.rules)));
        Ok(id)
    }
}

impl Door {
    /// Wakes the thread behind the door if somebody stands there.
    fn knock(&self) {
        if !self.newcomers.is_empty() {
            self.bell.ring();
        }
    }
}
