//! New connections: accepted here, dealt out to all I/O threads, registered and reported.

use std::io;
use std::net::SocketAddr;

use crossbeam_channel::TrySendError;
use mio::net::TcpStream;
use mio::{Interest, Token};
use socket2::{SockRef, TcpKeepalive};

use super::{Door, FIRST_CONN, IoThread, LISTENER, Newcomer};
use crate::error::Error;
use crate::net::conn::Conn;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::listener::Acceptor;
use crate::wire::Decoder;

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
            acceptor.accept(gauge, &mut self.tally, |stream, addr| {
                accepted.push(Newcomer { stream, addr });
            });
            self.acceptor = Some(acceptor);
            for newcomer in accepted {
                self.deal(newcomer);
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

    /// Makes a connection one of this thread's.
    fn adopt(&mut self, stream: TcpStream, addr: SocketAddr) {
        if let Err(error) = self.try_adopt(stream, addr) {
            log::warn!("cannot serve {addr}: {error}");
            self.tally.accept_errors += 1;
            self.settings.gauge.leave();
        }
    }

    fn try_adopt(&mut self, mut stream: TcpStream, addr: SocketAddr) -> io::Result<()> {
        if !self.stage.is_running() {
            return Err(io::Error::other("the server is stopping"));
        }
        let id = self.conns.next_id().ok_or_else(|| io::Error::other("too many connections"))?;
        // A line is sent as soon as it is written: chat cannot wait for more to share a packet.
        stream.set_nodelay(true)?;
        if let Some(silence) = self.settings.keepalive {
            let keepalive = TcpKeepalive::new().with_time(silence);
            if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&keepalive) {
                // A connection without probes is better than none.
                log::debug!("{addr} will not be probed: {error}");
            }
        }
        // Both kinds of events once and for all: they come on edges, so that no system call is
        // ever needed to turn one of them on or off.
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(id.slot() + FIRST_CONN), interest)?;
        self.conns.insert(Conn::new(id, stream, Decoder::new(&self.settings.rules)));
        self.outgoing.send(Arrival::Connected { conn: id, addr });
        Ok(())
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
