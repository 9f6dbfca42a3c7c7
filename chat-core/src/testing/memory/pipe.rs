//! A connection without the system: two streams of bytes between two ends in memory.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::net::{Readiness, Socket};

/// What the two ends of a connection share.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the stream")]
struct State {
    /// What the peer sent and the server has not read.
    inbound: VecDeque<u8>,
    /// What the server sent and the peer has not read.
    outbound: VecDeque<u8>,
    /// How many bytes may be outbound: then the server is told to wait.
    room: usize,
    /// The peer has ended its half of the stream.
    peer_ended: bool,
    /// The server has ended its half of the stream.
    server_ended: bool,
    /// The server has closed the connection.
    server_closed: bool,
    /// Either side has broken the connection off.
    is_reset: bool,
    /// The peer takes nothing any more.
    is_refused: bool,
    /// What the server is to be told of.
    news: Readiness,
}

impl Pipe {
    /// A connection on which so many bytes fit on the way to the peer.
    pub(super) fn new(room: usize) -> Pipe {
        let state = State {
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            room,
            peer_ended: false,
            server_ended: false,
            server_closed: false,
            is_reset: false,
            is_refused: false,
            news: Readiness { can_write: true, ..Readiness::default() },
        };
        Pipe { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server is to be told of, once; `None` if it has closed.
    pub(super) fn news(&self) -> Option<Readiness> {
        let mut state = self.state();
        if state.server_closed { None } else { Some(mem::take(&mut state.news)) }
    }

    /// The peer sends.
    pub(super) fn send(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.server_closed || state.is_reset || state.peer_ended {
            return;
        }
        state.inbound.extend(bytes);
        state.news.can_read = true;
    }

    /// The peer ends its half of the stream.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.peer_ended = true;
        state.news.can_read = true;
        state.news.is_over = true;
    }

    /// The peer breaks the connection off.
    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.is_reset = true;
        state.inbound.clear();
        state.outbound.clear();
        let (can_read, can_write, is_over, is_broken) = (true, true, true, true);
        state.news = Readiness { can_read, can_write, is_over, is_broken };
    }

    /// The peer takes nothing any more: to write to it fails, and what it has sent is still there.
    pub(super) fn refuse(&self) {
        self.state().is_refused = true;
    }

    /// The peer reads, so many bytes at most.
    pub(super) fn take(&self, most: usize) -> Vec<u8> {
        let mut state = self.state();
        let count = most.min(state.outbound.len());
        let taken = state.outbound.drain(..count).collect();
        state.news.can_write |= count > 0;
        taken
    }

    /// Changes how many bytes fit on the way to the peer.
    pub(super) fn set_room(&self, room: usize) {
        let mut state = self.state();
        state.news.can_write |= room > state.room;
        state.room = room;
    }

    /// How many bytes wait for the peer.
    pub(super) fn waiting(&self) -> usize {
        self.state().outbound.len()
    }

    /// How many bytes wait for the server.
    pub(super) fn unread(&self) -> usize {
        self.state().inbound.len()
    }

    /// Whether nothing will come any more, beside what waits.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.server_ended || state.server_closed || state.is_reset
    }
}

/// The server's end.
#[derive(Debug)]
pub(super) struct ServerEnd {
    pub(super) pipe: Pipe,
}

impl ServerEnd {
    fn readable(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.pipe.state();
        if state.is_reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if state.inbound.is_empty() && !state.peer_ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(state)
    }
}

impl Read for ServerEnd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.readable()?;
        // All of it: as with the system's sockets, less than was asked for means that no more is there.
        let count = buffer.len().min(state.inbound.len());
        for (to, from) in buffer.iter_mut().zip(state.inbound.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

impl Write for ServerEnd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.pipe.state();
        if state.is_reset || state.is_refused {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let room = state.room.saturating_sub(state.outbound.len());
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = room.min(bytes.len());
        state.outbound.extend(&bytes[..count]);
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

impl Socket for ServerEnd {
    fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.readable()?;
        let count = buffer.len().min(state.inbound.len());
        for (to, from) in buffer.iter_mut().zip(&state.inbound) {
            *to = *from;
        }
        Ok(count)
    }

    fn end_writing(&mut self) -> io::Result<()> {
        self.pipe.state().server_ended = true;
        Ok(())
    }
}

/// The server closes its end. As with TCP, what it has not read by then turns that into a reset.
impl Drop for ServerEnd {
    fn drop(&mut self) {
        let mut state = self.pipe.state();
        state.server_closed = true;
        state.is_reset |= !state.inbound.is_empty();
    }
}
