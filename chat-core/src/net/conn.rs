//! One connection: its socket, what it has half said, and where it stands in its rooms' logs.

use std::mem;
use std::net::SocketAddr;
use std::time::Instant;

use super::direct::Direct;
use super::flow::Flow;
use super::guests::Ticket;
use super::notices::Missed;
use super::places::Place;
use super::socket::Readiness;
use crate::config::WhenBehind;
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::log::{Cursor, Reader, Window};
use crate::wire::Decoder;

/// One connection, as its I/O thread knows it.
///
/// There is one of these for each client, so it holds nothing that a client at rest does not need.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the socket")]
pub(crate) struct Conn<S> {
    pub(super) id: ConnId,
    pub(crate) stream: S,
    pub(super) phase: Phase,
    pub(crate) decoder: Decoder,
    /// Where it stands in the room from which it is written to; most have no other.
    pub(super) here: Option<Place>,
    pub(crate) direct: Direct,
    /// What only some connections have.
    pub(super) extra: Option<Box<Extra>>,
    /// What it holds as one of the connections of its address.
    pub(super) ticket: Ticket,
    pub(super) count: Count,
    /// How many bytes of the budget are charged for it.
    pub(super) charged: u32,
    /// How many bytes came since nobody looks at them any more.
    pub(super) thrown_away: u32,
    /// When it last said something, in milliseconds of its shard.
    pub(super) heard: u32,
    /// Changed whenever a timer that was armed for this connection has lost its meaning.
    pub(super) stamp: u32,
    /// The socket may have bytes to read: nothing has told otherwise since the last event.
    pub(crate) is_readable: bool,
    /// The peer has ended its half of the stream, or the socket has failed: after the bytes that
    /// are left, a read will tell which.
    pub(super) is_read_closed: bool,
    /// The peer has broken the connection off: nobody is there who could wait.
    pub(super) is_broken_off: bool,
    /// The peer has ended its half of the stream, and all that came before has been read.
    pub(super) has_ended: bool,
    /// Set when a write has found that the socket has failed: why the connection is over when all
    /// that the peer said before is read.
    pub(super) broken: Option<CloseReason>,
    /// It was refused: it is not counted, and was told why.
    pub(super) is_turned_away: bool,
    /// How fast it may talk is limited.
    pub(super) is_limited: bool,
    /// It is not read from until a timer is due, or there is company.
    pub(super) is_paused: bool,
    /// The last read of lines has left some: it is known that there is more to read.
    pub(super) has_more: bool,
    /// The pause is a moment in which it is too fast, and can wait for what others say.
    pub(super) is_slowed: bool,
    /// It was given something in that moment, or at the end of the one before.
    pub(super) is_served: bool,
    /// The socket took less than it was given; an event will tell when it takes more.
    pub(crate) is_blocked: bool,
    /// A timer looks whether it takes anything.
    pub(super) is_watched: bool,
    /// The connection is in the queue of those that want to read.
    pub(super) reads_next: bool,
    /// The connection is in the queue of those that have more to write.
    pub(super) writes_next: bool,
}

/// What only some connections have.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// The address, where the embedding program looks at messages or has commands of its own.
    pub(super) addr: Option<SocketAddr>,
    /// How fast it may talk, once it has.
    pub(super) flow: Option<Flow>,
    /// What happens to this one when it is far behind.
    pub(super) when_behind: Option<WhenBehind>,
    /// Where it stands in the other rooms that it reads, if there are any.
    #[expect(clippy::box_collection, reason = "most have none, and for those it is one word")]
    pub(super) others: Option<Box<Vec<Place>>>,
    /// Whom it does not want to read.
    pub(super) ignored: Vec<ConnId>,
    /// The number of the last batch that it is to get, once its part in the chat has ended.
    pub(super) until: Option<u64>,
    /// What it has missed and was not told of.
    pub(super) missed: Option<Box<Missed>>,
    /// Since when it takes nothing, if it has ever been so.
    pub(super) took_at: Option<Instant>,
}

/// What has passed through a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) lines_in: u64,
    pub(super) bytes_in: u64,
    pub(super) lines_out: u64,
    pub(super) bytes_out: u64,
}

/// How far a connection is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It takes part in the chat.
    Open,
    /// What it sends is not looked at any more. Until the hub says where its part in the chat ends,
    /// it gets what follows from what it said before.
    Leaving,
    /// It gets what it is still due; what it sends is not looked at.
    Closing,
    /// It got all. Our half of the stream is ended, and what the peer still sends is thrown away:
    /// closing a socket with unread bytes would make the system take back what was sent last.
    Lingering,
}

impl<S> Conn<S> {
    pub(crate) fn new(id: ConnId, stream: S, decoder: Decoder) -> Conn<S> {
        Conn {
            id,
            stream,
            phase: Phase::Open,
            decoder,
            here: None,
            direct: Direct::default(),
            extra: None,
            ticket: Ticket::default(),
            count: Count::default(),
            charged: 0,
            thrown_away: 0,
            heard: 0,
            stamp: 0,
            is_readable: false,
            is_read_closed: false,
            is_broken_off: false,
            has_ended: false,
            broken: None,
            is_turned_away: false,
            is_limited: false,
            is_paused: false,
            has_more: false,
            is_slowed: false,
            is_served: false,
            is_blocked: false,
            is_watched: false,
            reads_next: false,
            writes_next: false,
        }
    }

    /// Notes what has become possible. It answers whether there is room to write again.
    pub(crate) fn note(&mut self, ready: Readiness) -> bool {
        self.is_readable |= ready.can_read;
        self.is_read_closed |= ready.is_over;
        self.is_broken_off |= ready.is_broken;
        ready.can_write && mem::take(&mut self.is_blocked)
    }

    /// Makes all timers meaningless that were armed with the stamp it had so far, and gives the
    /// stamp for the next one.
    pub(super) fn restamp(&mut self) -> u32 {
        self.stamp = self.stamp.wrapping_add(1);
        self.stamp
    }

    /// How much memory is taken by what it has half said, and by what it alone has still to get.
    pub(super) fn held(&self) -> usize {
        self.decoder.pending() + self.direct.len()
    }

    /// The number of the last batch that it gets; of all that come, as long as it takes part.
    pub(super) fn until(&self) -> u64 {
        self.extra.as_ref().and_then(|extra| extra.until).unwrap_or(u64::MAX)
    }

    pub(super) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// Who reads, and whom it does not want to read.
    pub(super) fn reader(&self) -> Reader<'_> {
        reader(self.id, self.extra.as_deref())
    }

    /// Whether its part in the chat goes on, as far as the hub has told.
    pub(super) fn is_in_the_chat(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Leaving)
    }

    /// Whether it waits for what others say until it is read again. What comes first while it is
    /// slowed it gets at once.
    pub(super) fn waits(&self) -> bool {
        self.is_slowed && self.is_paused && self.is_served && self.phase == Phase::Open
    }

    /// Where it stands in the log of the room from which it is written to.
    pub(super) fn cursor(&self) -> Cursor {
        self.here.map_or(Cursor::at(0), |place| place.cursor)
    }

    /// Queues all that it has not got yet of the log of a room among the lines for it alone, each in
    /// its place, so that it can do without the log. The number is that of the batch of which it gets
    /// something next in other rooms.
    pub(super) fn take_along(&mut self, from: Cursor, window: &Window, next: u64) {
        let from = self.direct.finish_line(window, from);
        let mut direct = mem::take(&mut self.direct);
        for (number, lines) in window.numbered(from, self.reader(), window.as_of(self.until())) {
            direct.weave(lines.bytes, number - 1);
        }
        direct.unite(next);
        self.direct = direct;
    }
}

/// The reader that a connection is.
pub(super) fn reader(conn: ConnId, extra: Option<&Extra>) -> Reader<'_> {
    Reader { conn, ignored: extra.map_or(&[], |extra| &extra.ignored) }
}
