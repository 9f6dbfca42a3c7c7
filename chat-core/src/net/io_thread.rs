//! The poll loop: one thread that owns its sockets and waits for nothing but their events.
//!
//! What is done with the sockets is the [shard](super::shard)'s affair; the thread accepts, waits,
//! and lets it know.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{SockRef, TcpKeepalive};

use super::Bell;
use super::counters::Counters;
use super::feed::{Feed, feed};
use super::gate::{Gate, Refusal};
use super::guests::Ticket;
use super::inbox::Inbox;
use super::listener::{Acceptor, TURN};
use super::shard::{Settings, Shard, say_no};
use super::socket::Readiness;
use crate::config::Limits;
use crate::error::Error;
use crate::event::Report;

/// The listening socket's token.
const LISTENER: Token = Token(0);
/// The bell's token.
const BELL: Token = Token(1);
/// The token of the connection in the first slot.
const FIRST_CONN: usize = 2;

/// The bounds of the receive buffer of somebody whose talking is limited.
const MIN_RECEIVE: usize = 16 * 1024;
const MAX_RECEIVE: usize = 1024 * 1024;
/// How many connections may wait at the door of a thread.
const WAITING_ROOM: usize = 256;

/// One I/O thread: its sockets, and what it waits for them with.
#[derive(Debug)]
pub(crate) struct IoThread<I: Inbox> {
    shard: Shard<TcpStream, I>,
    poll: Poll,
    bell: Arc<Bell>,
    /// Connections that another I/O thread has accepted for this one.
    newcomers: Receiver<Newcomer>,
    /// The listening socket, in the one thread that has it, until the end.
    reception: Option<Reception>,
}

/// What the one thread has that accepts.
#[derive(Debug)]
struct Reception {
    acceptor: Acceptor,
    gate: Gate,
    /// The way to the other I/O threads, and whose turn it is to get a connection.
    doors: Vec<Door>,
    next_door: usize,
}

/// A connection on its way from the thread that accepted it to the one that will own it.
#[derive(Debug)]
struct Newcomer {
    stream: TcpStream,
    addr: SocketAddr,
    ticket: Ticket,
}

/// Where an I/O thread takes newcomers.
#[derive(Debug)]
pub(crate) struct Door {
    newcomers: Sender<Newcomer>,
    bell: Arc<Bell>,
}

impl<I: Inbox> IoThread<I> {
    /// An I/O thread without connections, the feed that tells it what to do, and the door for what
    /// another one accepts for it.
    pub(crate) fn new(
        index: usize,
        settings: Arc<Settings>,
        inbox: I,
        counters: Arc<Counters>,
    ) -> Result<(IoThread<I>, Feed, Door), Error> {
        let poll = Poll::new().map_err(Error::system("create a poll"))?;
        let bell = Bell::new(poll.registry(), BELL).map_err(Error::system("create a waker"))?;
        let bell = Arc::new(bell);
        let (giver, orders) = feed(Arc::clone(&bell), settings.limits.feed);
        let (sender, newcomers) = bounded(WAITING_ROOM);
        let door = Door { newcomers: sender, bell: Arc::clone(&bell) };
        let shard = Shard::new(index, settings, inbox, orders, counters);
        Ok((IoThread { shard, poll, bell, newcomers, reception: None }, giver, door))
    }

    /// Makes this thread the one that accepts, for itself and for the threads behind the doors.
    pub(crate) fn listen(
        &mut self,
        mut acceptor: Acceptor,
        gate: Gate,
        doors: Vec<Door>,
    ) -> Result<(), Error> {
        let registry = self.poll.registry();
        registry
            .register(acceptor.listener(), LISTENER, Interest::READABLE)
            .map_err(Error::system("wait for connections"))?;
        // Somebody may have come before there was anything to tell of it.
        acceptor.wake();
        self.reception = Some(Reception { acceptor, gate, doors, next_door: 0 });
        Ok(())
    }

    /// Serves its sockets until it is told to end, and reports what became of them.
    pub(crate) fn run(mut self) -> Result<Report, Error> {
        let mut events = Events::with_capacity(1024);
        loop {
            self.wait(&mut events)?;
            self.shard.begin_turn();
            for event in &events {
                self.note(event);
            }
            self.admit();
            if let Some(report) = self.shard.turn() {
                return Ok(report);
            }
            if !self.shard.is_running() {
                // Whoever comes now finds nobody.
                self.reception = None;
            }
        }
    }

    /// Waits for events, for a timer, or for nothing if there is work left over.
    fn wait(&mut self, events: &mut Events) -> Result<(), Error> {
        self.shard.hand_over(&self.bell);
        let timeout = if self.has_work() { Some(Duration::ZERO) } else { self.time_to_wait() };
        self.bell.wait(&mut self.poll, events, timeout)
    }

    fn has_work(&mut self) -> bool {
        let can_accept = self.reception.as_ref().is_some_and(|it| it.acceptor.is_due());
        can_accept || !self.newcomers.is_empty() || self.shard.has_work()
    }

    /// How long it is until something is due; `None` if nothing is.
    fn time_to_wait(&self) -> Option<Duration> {
        let accept = self.reception.as_ref().and_then(|it| it.acceptor.next());
        let timer = accept.into_iter().chain(self.shard.next_timer()).min();
        let until_timer = timer.and_then(|at| self.shard.time_until(at));
        let deadline = self.shard.deadline();
        let until_end = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        until_timer.into_iter().chain(until_end).min()
    }

    /// Notes what an event says; what follows from it is done in the steps of the turn.
    fn note(&mut self, event: &Event) {
        match event.token() {
            LISTENER => {
                if let Some(reception) = &mut self.reception {
                    reception.acceptor.wake();
                }
            }
            // What it was rung for is looked for in every turn.
            BELL => {}
            Token(token) => self.shard.note(token - FIRST_CONN, Readiness::of(event)),
        }
    }

    /// Takes in those who have come.
    fn admit(&mut self) {
        if let Some(mut reception) = self.reception.take() {
            reception.acceptor.tick(self.shard.now());
            if reception.acceptor.is_due() {
                self.receive(&mut reception);
            }
            self.reception = Some(reception);
        }
        while let Ok(newcomer) = self.newcomers.try_recv() {
            self.adopt(newcomer);
        }
    }

    /// Accepts those who wait, a turn of them, and deals them out.
    fn receive(&mut self, reception: &mut Reception) {
        let now = self.shard.now();
        let Reception { acceptor, gate, doors, next_door } = reception;
        let mut own = Vec::new();
        for _ in 0..TURN {
            let accepted = acceptor.accept(now, &mut self.shard.tally);
            let Some((stream, addr)) = accepted else { break };
            // It may have come after the turn began, and its time counts.
            self.shard.begin_turn();
            let now = self.shard.now();
            // Each before the next is taken in: those who are refused need no descriptor any more.
            match gate.enter(addr, now) {
                Err(refusal) => self.turn_away(stream, addr, &refusal),
                Ok(ticket) => {
                    let turn = *next_door;
                    *next_door = (turn + 1) % (doors.len() + 1);
                    let newcomer = Newcomer { stream, addr, ticket };
                    // A thread that is busy with those it has gets no more for now.
                    own.extend(match doors.get(turn) {
                        Some(door) => door.take(newcomer),
                        None => Some(newcomer),
                    });
                }
            }
        }
        // First, since the embedding program may take its time over those that stay here.
        for door in doors {
            door.knock();
        }
        for newcomer in own {
            self.adopt(newcomer);
        }
    }

    /// Makes a connection one of this thread's.
    fn adopt(&mut self, newcomer: Newcomer) {
        let Newcomer { mut stream, addr, ticket } = newcomer;
        let limits = &self.shard.settings().limits;
        let ready = prepare(&stream, addr, limits).and_then(|()| self.register(&mut stream));
        match ready {
            Ok(()) => self.shard.adopt(stream, addr, ticket),
            Err(error) => {
                log::warn!("cannot serve {addr}: {error}");
                self.shard.tally.accept_errors += 1;
                self.shard.settings().gauge.leave();
            }
        }
    }

    /// Tells somebody why it is refused.
    fn turn_away(&mut self, mut stream: TcpStream, addr: SocketAddr, refusal: &Refusal) {
        if self.shard.has_room_to_turn_away() && self.register(&mut stream).is_ok() {
            return self.shard.turn_away(stream, addr, refusal);
        }
        refusal.count(&mut self.shard.tally);
        say_no(&mut stream, addr, refusal);
    }

    /// Gives the events of the next connection of the shard to the poll.
    fn register(&self, stream: &mut TcpStream) -> io::Result<()> {
        let next = self.shard.next_id();
        let id = next.ok_or_else(|| io::Error::other("too many connections"))?;
        // Both kinds of events once and for all: they come on edges, so that no system call is
        // ever needed to turn one of them on or off.
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(stream, Token(id.slot() + FIRST_CONN), interest)
    }
}

/// Sets the options that a socket of the chat has.
fn prepare(stream: &TcpStream, addr: SocketAddr, limits: &Limits) -> io::Result<()> {
    // A line is sent as soon as it is written: chat cannot wait for more to share a packet.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    // Telnet's urgent data would stop a read early, before what follows it.
    socket.set_out_of_band_inline(true)?;
    if let Some(flood) = limits.flood_of(addr.ip()) {
        // Whoever is too fast is to be slowed by its own system, and not to have megabytes wait
        // in ours: what it has sent is read, slowly, even after it has gone.
        let burst = usize::try_from(flood.bytes.burst).unwrap_or(usize::MAX);
        socket.set_recv_buffer_size(burst.clamp(MIN_RECEIVE, MAX_RECEIVE))?;
    }
    let Some(silence) = limits.keepalive else { return Ok(()) };
    if let Err(error) = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(silence)) {
        // A connection without probes is better than none.
        log::debug!("{addr} will not be probed: {error}");
    }
    Ok(())
}

impl Door {
    /// Lets a connection wait at the door, or gives it back if too many do.
    fn take(&self, newcomer: Newcomer) -> Option<Newcomer> {
        self.newcomers.try_send(newcomer).err().map(TrySendError::into_inner)
    }

    /// Wakes the thread behind the door if somebody stands there.
    fn knock(&self) {
        if !self.newcomers.is_empty() {
            self.bell.ring();
        }
    }
}
