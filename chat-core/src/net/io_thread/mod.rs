//! The poll loop: one thread that owns its sockets and waits for nothing but their events.
//!
//! A turn of the loop goes once along the pipeline; each step is a file:
//!
//! ```text
//! poll ─▶ admit ─▶ read ─▶ obey ─▶ serve ─▶ tick
//!        (new)   (inbox) (feed) (sockets) (timers, and the way to the end: close)
//! ```

mod admit;
mod close;
mod read;
mod serve;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Poll, Token};

use self::close::Stage;
use super::Bell;
use super::conn::Conn;
use super::counters::{Counters, Gauge, Tally};
use super::feed::{Feed, Order, feed};
use super::inbox::{Inbox, Outgoing};
use super::listener::Acceptor;
use super::rooms::View;
use super::slab::Slab;
use super::timers::Timers;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::event::Report;
use crate::wire::{QUIET, Rules};

/// The listening socket's token.
const LISTENER: Token = Token(0);
/// The bell's token.
const BELL: Token = Token(1);
/// The token of the connection in the first slot.
const FIRST_CONN: usize = 2;

/// How much one read asks for. One buffer of this size serves all connections of a thread.
const READ_BUFFER: usize = 64 * 1024;
/// How long a connection that is to be closed may take to get what it is due.
const CLOSING: Duration = Duration::from_secs(5);
/// How long we go on reading from a peer that we have closed our half to.
const LINGERING: Duration = Duration::from_secs(1);

/// What all I/O threads of a server have in common.
#[derive(Debug)]
pub(crate) struct Settings {
    /// How bytes are cut into messages.
    pub(crate) rules: Rules,
    /// How many bytes a connection may be behind its room.
    pub(crate) backlog: u64,
    /// How many bytes for one connection alone may wait.
    pub(crate) direct: usize,
    /// How many orders may wait for an I/O thread.
    pub(crate) feed: usize,
    /// How long a connection may be silent until the system looks whether it lives.
    pub(crate) keepalive: Option<Duration>,
    /// How many connections there are and may be.
    pub(crate) gauge: Gauge,
    /// By when all is to be over, once the server is told to stop.
    pub(crate) deadline: Arc<Deadline>,
}

/// One I/O thread: its sockets, and all it needs to serve them.
#[derive(Debug)]
pub(crate) struct IoThread<I: Inbox> {
    settings: Arc<Settings>,
    poll: Poll,
    bell: Arc<Bell>,
    /// Connections that another I/O thread has accepted for this one.
    newcomers: Receiver<Newcomer>,
    /// What the hub wants done.
    orders: Receiver<Order>,
    /// What was read, on its way to the hub.
    outgoing: Outgoing<I>,
    /// The listening socket, in the one thread that has it, until the end.
    acceptor: Option<Acceptor>,
    /// The way to the other I/O threads, and whose turn it is to get a connection.
    doors: Vec<Door>,
    next_door: usize,
    conns: Slab,
    /// The rooms by their index.
    views: Vec<View>,
    /// What a connection reads that is in no room: nothing.
    nowhere: View,
    /// Slots whose sockets may have bytes to read.
    reads: VecDeque<usize>,
    /// Slots that have something to write and were not served with their room.
    writes: VecDeque<usize>,
    /// Unfinished messages that will soon count as finished.
    quiet: Timers,
    /// Connections that must have got soon what they are due.
    closing: Timers,
    /// Connections that are only read from until their peers take notice.
    lingering: Timers,
    buffer: Box<[u8]>,
    /// How many of the connections were turned away.
    turned_away: usize,
    stage: Stage,
    tally: Tally,
    counters: Arc<Counters>,
}

/// A connection on its way from the thread that accepted it to the one that will own it.
#[derive(Debug)]
struct Newcomer {
    stream: TcpStream,
    addr: SocketAddr,
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
        let (giver, orders) = feed(Arc::clone(&bell), settings.feed);
        let (sender, newcomers) = bounded(settings.feed);
        let door = Door { newcomers: sender, bell: Arc::clone(&bell) };
        let thread = IoThread {
            settings,
            poll,
            bell,
            newcomers,
            orders,
            outgoing: Outgoing::new(inbox),
            acceptor: None,
            doors: Vec::new(),
            next_door: 0,
            conns: Slab::new(index),
            views: Vec::new(),
            nowhere: View::default(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            quiet: Timers::new(QUIET),
            closing: Timers::new(CLOSING),
            lingering: Timers::new(LINGERING),
            buffer: vec![0; READ_BUFFER].into(),
            turned_away: 0,
            stage: Stage::Running,
            tally: Tally::default(),
            counters,
        };
        Ok((thread, giver, door))
    }

    /// Serves its sockets until it is told to end, and reports what became of them.
    pub(crate) fn run(mut self) -> Result<Report, Error> {
        let mut events = Events::with_capacity(1024);
        loop {
            self.wait(&mut events)?;
            for event in &events {
                self.note(event);
            }
            self.admit();
            self.read();
            self.outgoing.deliver();
            self.obey();
            self.serve();
            self.tick();
            self.tally.publish(&self.counters);
            if let Some(report) = self.report() {
                return Ok(report);
            }
        }
    }

    /// Waits for events, for a timer, or for nothing if there is work left over.
    fn wait(&mut self, events: &mut Events) -> Result<(), Error> {
        self.outgoing.deliver();
        self.bell.sleep();
        self.outgoing.post_or_starve(&self.bell);
        let until_timer = |at: Instant| at.saturating_duration_since(Instant::now());
        let is_busy = self.has_work();
        let timeout =
            if is_busy { Some(Duration::ZERO) } else { self.next_timer().map(until_timer) };
        self.bell.wait(&mut self.poll, events, timeout)
    }

    fn has_work(&mut self) -> bool {
        let can_read = !self.reads.is_empty() && self.outgoing.has_room();
        let can_accept = self.acceptor.as_ref().is_some_and(Acceptor::is_due);
        let has_come = !self.orders.is_empty() || !self.newcomers.is_empty();
        can_read || can_accept || has_come || !self.writes.is_empty()
    }

    /// When the first timer is due.
    fn next_timer(&self) -> Option<Instant> {
        let accept = self.acceptor.as_ref().and_then(Acceptor::next);
        let timers = [&self.quiet, &self.closing, &self.lingering].map(Timers::next);
        let deadline = self.stage.deadline(&self.settings.deadline);
        timers.into_iter().chain([accept, deadline]).flatten().min()
    }

    /// Notes what an event says; what follows from it is done in the steps of the turn.
    fn note(&mut self, event: &Event) {
        match event.token() {
            LISTENER => {
                if let Some(acceptor) = &mut self.acceptor {
                    acceptor.wake();
                }
            }
            // What it was rung for is looked for in every turn.
            BELL => {}
            Token(token) => self.note_conn(token - FIRST_CONN, event),
        }
    }

    fn note_conn(&mut self, slot: usize, event: &Event) {
        let Some(conn) = self.conns.at(slot) else { return };
        let (can_read, can_write) = conn.note(event);
        if can_read {
            enqueue_read(&mut self.reads, conn);
        }
        if can_write {
            enqueue_write(&mut self.writes, conn);
        }
    }

    /// Does what has become due with time.
    fn tick(&mut self) {
        let Some(first) = self.next_timer() else { return };
        let now = Instant::now();
        if now < first {
            return;
        }
        if let Some(acceptor) = &mut self.acceptor {
            acceptor.tick(now);
        }
        while let Some((conn, stamp)) = self.quiet.pop(now) {
            self.has_been_quiet(conn, stamp);
        }
        while let Some((conn, stamp)) = self.closing.pop(now) {
            self.give_up(conn, stamp);
        }
        while let Some((conn, stamp)) = self.lingering.pop(now) {
            self.give_up(conn, stamp);
        }
    }
}

/// Has a connection read in its turn.
fn enqueue_read(reads: &mut VecDeque<usize>, conn: &mut Conn) {
    if !std::mem::replace(&mut conn.reads_next, true) {
        reads.push_back(conn.id.slot());
    }
}

/// Has a connection write in its turn.
fn enqueue_write(writes: &mut VecDeque<usize>, conn: &mut Conn) {
    if !std::mem::replace(&mut conn.writes_next, true) {
        writes.push_back(conn.id.slot());
    }
}
