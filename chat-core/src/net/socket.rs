//! What a connection's bytes come from and go to.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::event::Event;
use mio::net::TcpStream;

/// A stream of bytes in both directions that never waits: a socket, or what tests put in its place.
///
/// What cannot be done at once fails with [`io::ErrorKind::WouldBlock`], and a [`Readiness`] comes
/// when it can.
pub(crate) trait Socket: Read + Write + fmt::Debug {
    /// Reads without taking anything away.
    fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Ends this side's half of the stream.
    fn end_writing(&mut self) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        TcpStream::peek(self, buffer)
    }

    fn end_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// What has become possible on a socket since it was last impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the socket")]
pub(crate) struct Readiness {
    /// There may be something to read.
    pub(crate) can_read: bool,
    /// There may be room to write.
    pub(crate) can_write: bool,
    /// The peer has ended its half of the stream, or the socket has failed: after the bytes that
    /// are left, a read will tell which.
    pub(crate) is_over: bool,
    /// The connection is broken off, by a reset or an error.
    pub(crate) is_broken: bool,
}

impl Readiness {
    /// What an event of the system says.
    pub(crate) fn of(event: &Event) -> Readiness {
        let is_over = event.is_read_closed() || event.is_error();
        let can_read = event.is_readable() || is_over;
        // A system tells of an error once, and a write may have been told before.
        let is_broken = event.is_error() || event.is_write_closed();
        Readiness { can_read, can_write: event.is_writable(), is_over, is_broken }
    }
}
