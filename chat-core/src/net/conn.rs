//! One connection: its socket, what it has half said, and where it stands in its room's log.

use std::net::SocketAddr;
use std::time::Instant;
use std::{io, mem};

use super::direct::Direct;
use super::flow::{Flow, within_lines};
use super::guests::Ticket;
use super::socket::{Readiness, Socket};
use crate::config::WhenBehind;
use crate::event::CloseReason;
use crate::ids::{ConnId, RoomId};
use crate::log::{Cursor, Reader, Window};
use crate::wire::{Decoder, Text, notice};

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
    /// The room whose log it reads, and where it stands among the room's members.
    pub(super) room: Option<Seat>,
    pub(super) cursor: Cursor,
    /// Where in the log its part in the chat ends; as long as it takes part, nowhere.
    pub(super) until: u64,
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
    /// It is not read from until a timer is due.
    pub(super) is_paused: bool,
    /// The pause is a moment in which it is too fast, and can wait for what others say.
    pub(super) is_slowed: bool,
    /// It was given something in that moment, or at the end of the one before.
    pub(super) is_served: bool,
    /// The socket took less than it was given; an event will tell when it takes more.
    pub(crate) is_blocked: bool,
    /// A timer looks whether it takes anything.
    pub(super) is_watched: bool,
    /// The cursor is held in its room's window.
    pub(super) is_held: bool,
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
    /// Whom it does not want to read.
    pub(super) ignored: Vec<ConnId>,
    /// Lines that it has missed and was not told of.
    pub(super) missed: u64,
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

/// A place in the list of a room's members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) room: RoomId,
    pub(super) index: u32,
}

/// How far a connection is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It takes part in the chat.
    Open,
    /// It gets what it is still due; what it sends is not looked at.
    Closing,
    /// It got all. Our half of the stream is ended, and what the peer still sends is thrown away:
    /// closing a socket with unread bytes would make the system take back what was sent last.
    Lingering,
}

/// What one read brought.
#[derive(Debug)]
pub(crate) enum Got {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now; an event will tell when there is more.
    Nothing,
    /// The end of the stream.
    End,
    /// The socket has failed.
    Failure(io::Error),
}

/// Whether a read that brings less than was asked for shows that there is no more, so that the
/// next event can be awaited without the read that would say so. So it is with epoll.
const SHORT_READ_IS_LAST: bool = cfg!(any(target_os = "linux", target_os = "android"));

impl<S> Conn<S> {
    pub(crate) fn new(id: ConnId, stream: S, decoder: Decoder) -> Conn<S> {
        Conn {
            id,
            stream,
            phase: Phase::Open,
            decoder,
            room: None,
            cursor: Cursor::at(0),
            until: u64::MAX,
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
            is_slowed: false,
            is_served: false,
            is_blocked: false,
            is_watched: false,
            is_held: false,
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

    pub(super) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// Who reads, and whom it does not want to read.
    pub(super) fn reader(&self) -> Reader<'_> {
        reader(self.id, self.extra.as_deref())
    }

    /// Whether it waits for what others say until it is read again. What comes first while it is
    /// slowed it gets at once.
    pub(super) fn waits(&self) -> bool {
        self.is_slowed && self.is_paused && self.is_served && self.phase == Phase::Open
    }

    /// Queues all that it has not got yet of a room's log among the lines for it alone, each in its
    /// place, so that it can do without the log.
    pub(super) fn take_along(&mut self, window: &Window) {
        if !self.direct.is_inside_a_line() {
            self.finish_line(window);
        }
        let mut direct = mem::take(&mut self.direct);
        let mut from = self.cursor.position();
        let mut all = Vec::new();
        let mut copy = |all: &mut Vec<u8>, until: u64| {
            for stretch in window.stretches(Cursor::at(from), self.reader(), until.min(self.until))
            {
                all.extend_from_slice(stretch.bytes);
            }
            from = from.max(until);
        };
        let is_inside = direct.is_inside_a_line();
        while let Some(after) = direct.after() {
            copy(&mut all, after);
            all.extend_from_slice(direct.bytes());
            direct.advance(direct.bytes().len());
        }
        copy(&mut all, u64::MAX);
        if !all.is_empty() {
            self.direct.put(all, is_inside);
        }
    }

    /// Queues the rest of the line that is half out, if one is, and moves to its end.
    pub(super) fn finish_line(&mut self, window: &Window) {
        if !window.is_between_lines(self.cursor) {
            self.direct.push_rest(&window.rest_of_line(self.cursor));
            self.cursor = Cursor::at(window.end_of_line(self.cursor));
        }
    }

    /// Moves to the end of the log, past all that it has not got, when the line is out that is half
    /// out. It answers how many lines it misses by that.
    pub(super) fn skip_to_the_end(&mut self, window: &Window) -> u64 {
        let mut lines = window.lines(self.cursor, self.reader(), self.until);
        if !window.is_between_lines(self.cursor) {
            self.finish_line(window);
            lines -= 1;
        }
        self.cursor = self.cursor.max(Cursor::at(window.end()));
        self.extra().missed += lines;
        lines
    }

    /// Queues the notice of the lines that it has missed since it was last told.
    pub(super) fn tell_missed(&mut self) {
        let Some(extra) = &mut self.extra else { return };
        let lines = mem::take(&mut extra.missed);
        if lines > 0 {
            let what = match lines {
                1 => "you were too slow: 1 line was skipped".to_owned(),
                count => format!("you were too slow: {count} lines were skipped"),
            };
            self.direct.insert(&notice(&Text::shown(&what)), self.cursor.position());
        }
    }
}

impl<S: Socket> Conn<S> {
    /// Reads once, and notes whether there may be more.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Got {
        match retried(|| self.stream.read(buffer)) {
            Ok(0) => Got::End,
            Ok(count) => {
                if SHORT_READ_IS_LAST && count < buffer.len() && !self.is_read_closed {
                    self.is_readable = false;
                }
                Got::Bytes(count)
            }
            Err(error) => self.no_bytes(error),
        }
    }

    /// Reads no more than so many lines. It looks first, without reading, at what is there: what
    /// is not read stays in the buffers of the system.
    pub(super) fn read_lines(&mut self, buffer: &mut [u8], lines: u64) -> Got {
        let there = match self.look(buffer) {
            Got::Bytes(count) => count,
            got @ (Got::Nothing | Got::End | Got::Failure(_)) => return got,
        };
        let allowed = within_lines(&buffer[..there], lines);
        let is_all = allowed == there && there < buffer.len();
        let got = self.read(&mut buffer[..allowed]);
        if SHORT_READ_IS_LAST && is_all && !self.is_read_closed {
            self.is_readable = false;
        }
        got
    }

    /// Looks at what is there, without reading it.
    pub(super) fn look(&mut self, buffer: &mut [u8]) -> Got {
        match retried(|| self.stream.peek(buffer)) {
            Ok(0) => Got::End,
            Ok(count) => Got::Bytes(count),
            Err(error) => self.no_bytes(error),
        }
    }

    fn no_bytes(&mut self, error: io::Error) -> Got {
        if error.kind() == io::ErrorKind::WouldBlock {
            self.is_readable = false;
            return Got::Nothing;
        }
        Got::Failure(error)
    }
}

/// The reader that a connection is.
pub(super) fn reader(conn: ConnId, extra: Option<&Extra>) -> Reader<'_> {
    Reader { conn, ignored: extra.map_or(&[], |extra| &extra.ignored) }
}

/// Does it again for as long as a signal comes in between.
fn retried(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
