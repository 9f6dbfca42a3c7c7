//! Takes connections in, and goes on when that fails.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};

use super::counters::Tally;
use super::gate::Refusal;
use super::shard::say_no;
use crate::files;

/// How many connections are taken in before the others get their turn.
pub(super) const TURN: usize = 16;
/// How long to wait after an accept failed, at first and at most.
const BACK_OFF: Duration = Duration::from_millis(20);
const MAX_BACK_OFF: Duration = Duration::from_secs(1);

/// The listening socket, and when to try it again.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    /// There may be connections to take in: nothing has told otherwise since the last event.
    is_ready: bool,
    /// How long the last wait was, zero before the first, while accepting fails.
    failing: Option<Duration>,
    /// Until when not to try.
    waits_until: Option<Instant>,
    /// A descriptor that is given up when there is none left, to tell those who wait.
    reserve: Option<File>,
}

impl Acceptor {
    /// Takes over a listening socket that does not block.
    pub(crate) fn new(listener: TcpListener) -> Acceptor {
        let reserve = files::reserve();
        Acceptor { listener, is_ready: false, failing: None, waits_until: None, reserve }
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

    /// Takes in one who waits, if somebody does and there is a descriptor for it. As long as there is
    /// none, those who wait are told so, one after the other, a turn of them.
    pub(super) fn accept(
        &mut self,
        now: Instant,
        tally: &mut Tally,
    ) -> Option<(TcpStream, SocketAddr)> {
        for _ in 0..TURN {
            let error = match self.next_one() {
                Ok(None) => return None,
                Ok(next) => {
                    self.succeed();
                    return next;
                }
                Err(error) => error,
            };
            tally.accept_errors += 1;
            self.fail(&error);
            if !files::are_used_up(&error) || !self.refuse(tally) {
                break;
            }
        }
        self.pause(now);
        None
    }

    /// The next one who waits, if anybody does.
    fn next_one(&mut self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        loop {
            match self.listener.accept() {
                Ok((stream, addr)) => return Ok(Some((stream, canonical(addr)))),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        self.is_ready = false;
                        return Ok(None);
                    }
                    // A signal came, or the peer was gone before its turn came.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    /// There is no descriptor for the next one who waits. The reserved one is given up for as long as
    /// it takes to tell him. The answer is whether that was possible, and somebody was there.
    fn refuse(&mut self, tally: &mut Tally) -> bool {
        let is_possible = self.reserve.take().is_some();
        let is_refused = is_possible && self.refuse_next(tally);
        // Where it could not be had again, others wait until the shortage is over.
        self.reserve = files::reserve();
        is_refused
    }

    fn refuse_next(&mut self, tally: &mut Tally) -> bool {
        let Ok(Some((mut stream, addr))) = self.next_one() else { return false };
        Refusal::NoFiles.count(tally);
        say_no(&mut stream, addr, &Refusal::NoFiles);
        true
    }

    fn succeed(&mut self) {
        if self.failing.take().is_some() {
            log::info!("accepting connections again");
        }
        // The first who gets in when there is one descriptor again leaves none to keep.
        self.reserve = self.reserve.take().or_else(files::reserve);
    }

    fn fail(&mut self, error: &io::Error) {
        if self.failing.is_none() {
            log::warn!("cannot accept connections, trying again until it works: {error}");
            self.failing = Some(Duration::ZERO);
        }
    }

    /// Most likely the process has no descriptor left. Those who wait go on waiting in the
    /// system's queue; trying at once and for ever would only heat the processor.
    fn pause(&mut self, now: Instant) {
        let last = self.failing.unwrap_or_default();
        let pause = (last * 2).clamp(BACK_OFF, MAX_BACK_OFF);
        self.failing = Some(pause);
        self.waits_until = Some(now + pause);
    }
}

/// The address that a person would call it by: IPv4 even where it came through an IPv6 socket.
fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}
