//! What tests drive a shard with: sockets that take as much as they are told to, and logs to publish.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError, unbounded};

use super::super::{Settings, Shard};
use crate::budget::Budget;
use crate::clock::Clock;
use crate::config::Limits;
use crate::deadline::Deadline;
use crate::guard::Guards;
use crate::ids::{ConnId, RoomId};
use crate::log::{Cursor, Log};
use crate::net::counters::{Counters, Gauge, Tally};
use crate::net::feed::Order;
use crate::net::guests::Ticket;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::{Readiness, Socket};
use crate::wire::{Framing, Rules};

/// The room of this index.
pub(super) fn room(index: usize) -> RoomId {
    RoomId::new(index)
}

/// A shard whose time stands still, and all that is around it.
pub(super) struct Stage {
    pub(super) shard: Shard<End, Nobody>,
    orders: Sender<Order>,
    wires: HashMap<ConnId, Rc<RefCell<Wire>>>,
    logs: Vec<Log>,
    /// How many batches there were.
    batches: u64,
}

impl Stage {
    pub(super) fn new(framing: Framing, limits: Limits) -> Stage {
        let (line, endless, commands, line_patience) = (8192, 65536, true, None);
        let settings = Settings {
            rules: Rules { framing, line, endless, commands, line_patience },
            limits,
            gauge: Gauge::new(1000),
            guards: Guards::default(),
            budget: Budget::default(),
            clock: Clock::System,
            deadline: Arc::new(Deadline::unset()),
        };
        let (orders, receiver) = unbounded();
        let counters = Arc::new(Counters::default());
        let shard = Shard::new(0, Arc::new(settings), Nobody, receiver, counters);
        Stage { shard, orders, wires: HashMap::new(), logs: Vec::new(), batches: 0 }
    }

    /// Somebody connects, whose socket takes everything at first.
    pub(super) fn come(&mut self) -> ConnId {
        let id = self.shard.next_id().unwrap();
        let wire = Rc::new(RefCell::new(Wire { room: usize::MAX, ..Wire::default() }));
        assert!(self.shard.settings.gauge.enter());
        let end = End(Rc::clone(&wire));
        self.shard.adopt(end, ([127, 0, 0, 1], 5000).into(), Ticket::default());
        self.wires.insert(id, wire);
        id
    }

    pub(super) fn order(&self, order: Order) {
        self.orders.send(order).unwrap();
    }

    pub(super) fn log(&mut self, index: usize) -> &mut Log {
        if index >= self.logs.len() {
            self.logs.resize_with(index + 1, Log::default);
        }
        &mut self.logs[index]
    }

    pub(super) fn attach(&mut self, conn: ConnId, index: usize) {
        let cursor = Cursor::at(self.log(index).end());
        self.order(Order::Attach { conn, room: room(index), cursor });
    }

    pub(super) fn detach(&mut self, conn: ConnId, index: usize) {
        self.order(Order::Detach { conn, room: room(index) });
    }

    /// Publishes what was said in a room.
    pub(super) fn seal(&mut self, index: usize) {
        self.batches += 1;
        let number = self.batches;
        if let Some(batch) = self.log(index).seal(number) {
            self.order(Order::Publish { room: room(index), batch });
        }
    }

    /// Somebody says something in a room, and it is published.
    pub(super) fn publish(&mut self, index: usize, author: ConnId, text: &str) {
        self.log(index).append(Some(author), b"", text.as_bytes());
        self.seal(index);
    }

    pub(super) fn close_room(&mut self, index: usize) {
        self.order(Order::CloseRoom { room: room(index) });
        *self.log(index) = Log::default();
    }

    pub(super) fn direct(&self, conn: ConnId, text: &str) {
        self.order(Order::Direct { conn, line: format!("{text}\n").into() });
    }

    /// A socket takes so many bytes more, or all there ever will be.
    pub(super) fn give_room(&mut self, conn: ConnId, bytes: usize) {
        {
            let mut wire = self.wires[&conn].borrow_mut();
            let is_first = wire.room == usize::MAX;
            wire.room = if is_first { bytes } else { wire.room.saturating_add(bytes) };
        }
        let is_here = self.shard.conns.get(conn).is_some();
        if is_here && bytes > 0 {
            self.shard.note(conn.slot(), Readiness { can_write: true, ..Readiness::default() });
        }
    }

    pub(super) fn turn(&mut self) {
        assert!(self.shard.turn().is_none(), "nobody has told it to end");
    }

    /// A peer says something.
    pub(super) fn say(&mut self, conn: ConnId, text: &str) {
        self.wires[&conn].borrow_mut().said.extend(text.as_bytes());
        self.shard.note(conn.slot(), Readiness { can_read: true, ..Readiness::default() });
    }

    /// How many bytes of what a peer has said were not read.
    pub(super) fn unread(&self, conn: ConnId) -> usize {
        self.wires[&conn].borrow().said.len()
    }

    /// What a peer has been sent so far.
    pub(super) fn got(&self, conn: ConnId) -> String {
        String::from_utf8(self.wires[&conn].borrow().sent.clone()).unwrap()
    }

    /// Whether our half of a stream is ended.
    pub(super) fn has_ended(&self, conn: ConnId) -> bool {
        self.wires[&conn].borrow().has_ended
    }

    pub(super) fn is_gone(&mut self, conn: ConnId) -> bool {
        self.shard.conns.get(conn).is_none()
    }

    pub(super) fn tally(&self) -> Tally {
        self.shard.tally
    }

    /// Whether nothing is kept for anybody.
    pub(super) fn is_at_rest(&mut self) -> bool {
        self.turn();
        let is_empty = self.shard.views.iter().all(|view| view.window.len() == 0);
        is_empty && self.shard.charge.bytes() == 0 && !self.shard.has_work()
    }
}

/// The way to a peer.
#[derive(Debug, Default)]
struct Wire {
    sent: Vec<u8>,
    /// What it has said that was not read.
    said: VecDeque<u8>,
    /// How many bytes more it takes.
    room: usize,
    has_ended: bool,
}

/// The server's end of it. The peer leaves when it is closed to.
#[derive(Debug)]
pub(super) struct End(Rc<RefCell<Wire>>);

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        match wire.said.read(buffer)? {
            0 if !wire.has_ended => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        let count = bytes.len().min(wire.room);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        if wire.room != usize::MAX {
            wire.room -= count;
        }
        wire.sent.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.write(&all)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for End {
    fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let said = self.0.borrow().said.clone();
        let count = self.read(buffer);
        self.0.borrow_mut().said = said;
        count
    }

    fn end_writing(&mut self) -> io::Result<()> {
        self.0.borrow_mut().has_ended = true;
        Ok(())
    }
}

/// An inbox of which nobody wants anything.
#[derive(Debug)]
pub(super) struct Nobody;

impl Inbox for Nobody {
    type Input = Arrival;

    fn offer(&self, _: Arrival) -> Result<(), TrySendError<Arrival>> {
        Ok(())
    }

    fn decide(&self, inputs: &mut VecDeque<Arrival>) {
        inputs.clear();
    }
}
