//! One connection: its socket, what it has half said, and where it stands in its room's log.

use std::io::{self, Read};
use std::mem;

use mio::event::Event;
use mio::net::TcpStream;

use super::direct::Direct;
use crate::event::CloseReason;
use crate::ids::{ConnId, RoomId};
use crate::log::Cursor;
use crate::wire::Decoder;

/// One connection, as its I/O thread knows it.
///
/// There is one of these for each client, so it holds nothing that a client at rest does not need.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the socket")]
pub(crate) struct Conn {
    pub(super) id: ConnId,
    pub(crate) stream: TcpStream,
    pub(super) phase: Phase,
    pub(crate) decoder: Decoder,
    /// The room whose log it reads, and where it stands among the room's members.
    pub(super) room: Option<Seat>,
    pub(super) cursor: Cursor,
    /// Where in the log its part in the chat ends; as long as it takes part, nowhere.
    pub(super) until: u64,
    pub(crate) direct: Direct,
    /// How many bytes came since nobody looks at them any more.
    pub(super) thrown_away: usize,
    /// Changed whenever a timer that was armed for this connection has lost its meaning.
    pub(super) stamp: u32,
    /// The socket may have bytes to read: nothing has told otherwise since the last event.
    pub(crate) is_readable: bool,
    /// The peer has ended its half of the stream, or the socket has failed: after the bytes that
    /// are left, a read will tell which.
    pub(super) is_read_closed: bool,
    /// The peer has ended its half of the stream, and all that came before has been read.
    pub(super) has_ended: bool,
    /// Set when a write has found that the socket has failed: why the connection is over when all
    /// that the peer said before is read.
    pub(super) broken: Option<CloseReason>,
    /// There was no room for it: it is not counted, and was told so.
    pub(super) is_turned_away: bool,
    /// The socket took less than it was given; an event will tell when it takes more.
    pub(crate) is_blocked: bool,
    /// The cursor is held in its room's window.
    pub(super) is_held: bool,
    /// The connection is in the queue of those that want to read.
    pub(super) reads_next: bool,
    /// The connection is in the queue of those that have more to write.
    pub(super) writes_next: bool,
}

/// A place in the list of a room's members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) room: RoomId,
    pub(super) index: usize,
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

impl Conn {
    pub(crate) fn new(id: ConnId, stream: TcpStream, decoder: Decoder) -> Conn {
        Conn {
            id,
            stream,
            phase: Phase::Open,
            decoder,
            room: None,
            cursor: Cursor::at(0),
            until: u64::MAX,
            direct: Direct::default(),
            thrown_away: 0,
            stamp: 0,
            is_readable: false,
            is_read_closed: false,
            has_ended: false,
            broken: None,
            is_turned_away: false,
            is_blocked: false,
            is_held: false,
            reads_next: false,
            writes_next: false,
        }
    }

    /// Notes what an event says. It answers whether there is something to read, and whether there
    /// is room to write again.
    pub(crate) fn note(&mut self, event: &Event) -> (bool, bool) {
        let is_over = event.is_read_closed() || event.is_error();
        let can_read = event.is_readable() || is_over;
        self.is_readable |= can_read;
        self.is_read_closed |= is_over;
        let can_write = event.is_writable() && mem::take(&mut self.is_blocked);
        (can_read, can_write)
    }

    /// Reads once, and notes whether there may be more.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Got {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Got::End,
                Ok(count) => {
                    if SHORT_READ_IS_LAST && count < buffer.len() && !self.is_read_closed {
                        self.is_readable = false;
                    }
                    return Got::Bytes(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_readable = false;
                    return Got::Nothing;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Got::Failure(error),
            }
        }
    }

    /// Makes all timers meaningless that were armed for this connection so far, and gives the
    /// stamp for the next one.
    pub(super) fn restamp(&mut self) -> u32 {
        self.stamp = self.stamp.wrapping_add(1);
        self.stamp
    }
}
