//! One hostile client: comes, does as its habit is, and comes again whenever it was closed.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use rustix::net::sockopt::set_socket_linger;

use super::habits::Habit;
use super::names::{Names, source};
use crate::dial::dial_from;

/// How long one stays away that was refused or closed.
const PAUSE: Duration = Duration::from_millis(100);
/// How often one reads when it acts; each time all that fits the buffer.
const READS: usize = 8;

/// A hostile client.
#[derive(Debug)]
pub(super) struct Intruder {
    /// Which of its kind it is.
    number: usize,
    /// How often it has come.
    visits: usize,
    state: State,
}

/// Whether it is connected.
#[derive(Debug)]
enum State {
    /// Not before this moment.
    Away(Instant),
    /// It is, or about to be, and has come to this place in the text of its kind.
    Here(TcpStream, usize),
}

/// What one kind of hostile client did, all together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deeds {
    /// How often they connected.
    pub(crate) visits: u64,
    /// How often the server ended a visit, or refused it.
    pub(crate) closed: u64,
    /// The bytes that they sent.
    pub(crate) sent: u64,
}

/// Where to go, and how not to be taken for somebody honest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    /// The server.
    pub(super) server: SocketAddr,
    /// Names that are not free.
    pub(super) names: &'a Names,
    /// Now.
    pub(super) now: Instant,
}

impl Intruder {
    /// One that has not come yet.
    pub(super) fn new(number: usize, now: Instant) -> Self {
        Self { number, visits: 0, state: State::Away(now) }
    }

    /// Comes if it is away and has waited long enough.
    pub(super) fn come(&mut self, habit: &Habit, scene: Scene<'_>, deeds: &mut Deeds) {
        let State::Away(until) = self.state else { return };
        if scene.now < until {
            return;
        }
        let from = source(habit.network, self.number);
        let fits = |port| scene.names.client(port).is_none();
        self.state = match dial_from(scene.server, from, habit.receive_buffer, fits) {
            Ok(stream) => {
                self.visits += 1;
                deeds.visits += 1;
                State::Here(stream, (habit.start)(self.number + self.visits))
            }
            Err(_) => State::Away(scene.now + PAUSE),
        };
    }

    /// Does what its kind does, once, if it is there.
    pub(super) fn act(
        &mut self,
        habit: &Habit,
        now: Instant,
        buffer: &mut [u8],
        deeds: &mut Deeds,
    ) {
        let State::Here(stream, place) = &mut self.state else { return };
        let is_silent = habit.leaves && self.visits.is_multiple_of(3);
        let outcome =
            if is_silent { Ok(()) } else { misbehave(stream, place, habit, buffer, deeds) };
        match outcome {
            Ok(()) if habit.leaves && stream.peer_addr().is_ok() => self.leave(now),
            Ok(()) => {}
            Err(_) => {
                deeds.closed += 1;
                self.state = State::Away(now + PAUSE);
            }
        }
    }

    /// Goes, and may come again at once. Every other time it does not close but break the
    /// connection.
    fn leave(&mut self, now: Instant) {
        if (self.number + self.visits).is_multiple_of(2) {
            self.vanish(now);
        }
        self.state = State::Away(now);
    }

    /// Breaks its connection, so that nothing that it has sent is still under way.
    pub(super) fn vanish(&mut self, now: Instant) {
        if let State::Here(stream, _) = &self.state {
            // It only fails for a connection that is broken already.
            let _ = set_socket_linger(stream, Some(Duration::ZERO));
        }
        self.state = State::Away(now);
    }
}

/// Reads, if that is a habit, and writes, as far as the socket goes along. The end of the stream is
/// an error like any other.
fn misbehave(
    stream: &mut TcpStream,
    place: &mut usize,
    habit: &Habit,
    buffer: &mut [u8],
    deeds: &mut Deeds,
) -> io::Result<()> {
    if habit.reads {
        for _ in 0..READS {
            match going_along(stream.read(buffer))? {
                Some(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Some(count) if count == buffer.len() => {}
                _ => break,
            }
        }
    }
    let mut left = habit.at_once;
    while left > 0 {
        let rest = &habit.text[*place..];
        let Some(count) = going_along(stream.write(&rest[..rest.len().min(left)]))? else { break };
        left -= count;
        *place = (*place + count) % habit.text.len();
        deeds.sent += count as u64;
    }
    Ok(())
}

/// None when the socket can do nothing now.
fn going_along(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
