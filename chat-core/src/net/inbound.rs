//! The way in: from a socket into a buffer, no more of it than is wanted.

use std::io;

use super::conn::Conn;
use super::flow::within_lines;
use super::socket::Socket;

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

/// How far a read of a few lines looks, at least and for each of them, in bytes.
const LOOK: usize = 4 * 1024;
const LINE: usize = 256;

impl<S: Socket> Conn<S> {
    /// Reads once, and notes whether there may be more.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Got {
        self.has_more = false;
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
        // To look is to copy. Of a long line, this reads a part.
        let most = usize::try_from(lines).unwrap_or(usize::MAX).saturating_mul(LINE);
        let most = most.max(LOOK).min(buffer.len());
        let buffer = &mut buffer[..most];
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
        self.has_more = allowed < there;
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

/// Does it again for as long as a signal comes in between.
fn retried(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
