//! Takes connections in, and turns them away when there are too many.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};

use super::counters::{Gauge, Tally};

/// How many connections are taken in before the others get their turn.
const TURN: usize = 256;
/// How long to wait after an accept failed, at first and at most.
const BACK_OFF: Duration = Duration::from_millis(20);
const MAX_BACK_OFF: Duration = Duration::from_secs(1);

/// The listening socket, and when to try it again.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    /// There may be connections to take in: nothing has told otherwise since the last event.
    is_ready: bool,
    /// How long the last wait was, while accepting fails.
    failing: Option<Duration>,
    /// Until when not to try.
    waits_until: Option<Instant>,
}

/// Whether there is room for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// There is, and one more connection is counted.
    Admitted,
    /// There is not.
    Refused,
}

impl Acceptor {
    /// Takes over a listening socket that does not block.
    pub(crate) fn new(listener: TcpListener) -> Acceptor {
        Acceptor { listener, is_ready: false, failing: None, waits_until: None }
    }

    pub(super) fn listener(&mut self) -> &mut TcpListener {
        &mut self.listener
    }

    /// An event told that somebody is there.
    pub(super) fn wake(&mut self) {
        self.is_ready = true;
    }

    /// Whether there may be somebody to take in now.
    pub(super) fn is_due(&self) -> bool {
        self.is_ready && self.waits_until.is_none()
    }

    /// When to try again what has failed.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waits_until
    }

    /// Ends a wait that is over.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.waits_until.is_some_and(|until| until <= now) {
            self.waits_until = None;
        }
    }

    /// Takes in those who wait, a turn of them.
    pub(super) fn accept(
        &mut self,
        gauge: &Gauge,
        tally: &mut Tally,
        mut take: impl FnMut(TcpStream, SocketAddr, Admission),
    ) {
        for _ in 0..TURN {
            match self.listener.accept() {
                Ok((stream, addr)) => {
                    self.succeed();
                    let admission = if gauge.enter() {
                        tally.accepted += 1;
                        Admission::Admitted
                    } else {
                        tally.refused += 1;
                        Admission::Refused
                    };
                    take(stream, canonical(addr), admission);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => {
                        self.is_ready = false;
                        return;
                    }
                    // A signal came, or the peer was gone before its turn came.
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    _ => {
                        tally.accept_errors += 1;
                        return self.fail(&error);
                    }
                },
            }
        }
    }

    fn succeed(&mut self) {
        if self.failing.take().is_some() {
            log::info!("accepting connections again");
        }
    }

    /// Most likely the process has no descriptor left. Those who wait go on waiting in the
    /// system's queue; trying at once and for ever would only heat the processor.
    fn fail(&mut self, error: &io::Error) {
        if self.failing.is_none() {
            log::warn!("cannot accept connections, trying again until it works: {error}");
        }
        let delay = self.failing.map_or(BACK_OFF, |delay| (delay * 2).min(MAX_BACK_OFF));
        self.failing = Some(delay);
        self.waits_until = Some(Instant::now() + delay);
    }
}

/// The address that a person would call it by: IPv4 even where it came through an IPv6 socket.
fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}
