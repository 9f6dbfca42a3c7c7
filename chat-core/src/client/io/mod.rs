//! A client's thread: the same connection as a server's, alone in its poll.

mod hear;
mod send;

use std::collections::VecDeque;
use std::io;
use std::net::TcpStream as StdStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::Shared;
use super::requests::{Outgoing, Waiting};
use crate::config::ClientConfig;
use crate::deadline::after;
use crate::error::Error;
use crate::event::{ClientEvent, CloseReason};
use crate::handler::{Caller, RETRY};
use crate::ids::ConnId;
use crate::net::{Bell, Conn, Got, Readiness};
use crate::wire::{Decoder, Rules};
use hear::Ears;

const SOCKET: Token = Token(0);
const BELL: Token = Token(1);

const READ_BUFFER: usize = 64 * 1024;
/// How long an unfinished line of a server that speaks lines may stay unfinished. Long enough for
/// a lost packet to be sent again; a server that relays lines and chunks needs it.
const LINE_PATIENCE: Duration = Duration::from_secs(1);

/// What a client's thread owns.
#[derive(Debug)]
pub(super) struct ClientIo {
    config: ClientConfig,
    rules: Rules,
    poll: Poll,
    conn: Conn<TcpStream>,
    unsent: Receiver<Outgoing>,
    /// Lines that the client itself is to send before those, once there are tags.
    greeting: VecDeque<String>,
    /// How many lines it has sent itself. They come before all others.
    own_lines: u64,
    /// How many lines were taken to be sent.
    taken: u64,
    shared: Arc<Shared>,
    ears: Ears,
    buffer: Box<[u8]>,
    /// When pending bytes will count as a line.
    quiet_at: Option<Instant>,
    /// Before when a server that speaks chunks is sent nothing more.
    gap_until: Option<Instant>,
    closing: Closing,
    /// What the end of the stream means.
    at_end: CloseReason,
}

/// How far the client is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    /// `exit` is to be sent after the queue, and all is to be over by then.
    Asked {
        until: Instant,
    },
    /// All is sent; the server is to close by then.
    Sent {
        until: Instant,
    },
}

impl ClientIo {
    pub(super) fn new(
        stream: StdStream,
        config: ClientConfig,
        unsent: Receiver<Outgoing>,
        caller: Caller<ClientEvent>,
        waiting: Option<Waiting>,
    ) -> Result<(ClientIo, Arc<Shared>), Error> {
        let prepare = Error::system("prepare the socket");
        let prepared = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
        prepared.map_err(prepare)?;
        let mut stream = TcpStream::from_std(stream);
        let poll = Poll::new().map_err(Error::system("create a poll"))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = poll.registry().register(&mut stream, SOCKET, interest);
        registered.map_err(Error::system("wait for a socket"))?;
        let bell = Bell::new(poll.registry(), BELL).map_err(Error::system("create a waker"))?;
        let shared = Arc::new(Shared { bell, is_closing: AtomicBool::new(false) });
        let rules = Rules {
            framing: config.framing,
            line: config.line,
            endless: usize::MAX,
            commands: false,
            line_patience: Some(LINE_PATIENCE),
        };
        let mut conn = Conn::new(ConnId::new(0, 0, 1), stream, Decoder::new(&rules));
        conn.is_readable = true;
        let nick = config.name.iter().map(|name| format!("/nick {name}"));
        let greeting =
            nick.chain(config.rooms.iter().map(|room| format!("/join {room}"))).collect();
        let asks_for_tags = waiting.is_some();
        let mut io = ClientIo {
            config,
            rules,
            poll,
            conn,
            unsent,
            greeting,
            own_lines: 0,
            taken: 0,
            shared: Arc::clone(&shared),
            ears: Ears { caller, waiting, last_to_all: None },
            buffer: vec![0; READ_BUFFER].into(),
            quiet_at: None,
            gap_until: None,
            closing: Closing::No,
            at_end: CloseReason::EndOfStream,
        };
        if asks_for_tags {
            io.queue_own("/tags");
        }
        Ok((io, shared))
    }

    /// Serves the connection until it is over, and tells why it is.
    pub(super) fn run(mut self) -> Result<CloseReason, Error> {
        let result = self.serve();
        let reason = match &result {
            Ok(reason) => *reason,
            Err(_) => CloseReason::Failed(io::ErrorKind::Other),
        };
        let unsent = self.unsent();
        // Whoever hears of the end can rely on it that all requests have theirs.
        self.ears.waiting = None;
        self.ears.caller.call(ClientEvent::Disconnected { reason, unsent });
        self.ears.caller.idle();
        result
    }

    fn serve(&mut self) -> Result<CloseReason, Error> {
        let mut events = Events::with_capacity(8);
        loop {
            self.wait(&mut events)?;
            for event in &events {
                // What the bell was rung for is looked for in every turn.
                if event.token() == SOCKET {
                    self.conn.note(Readiness::of(event));
                }
            }
            self.notice_close();
            let over = self.read().or_else(|| self.write()).or_else(|| self.tick(Instant::now()));
            if let Some(reason) = over {
                return Ok(reason);
            }
        }
    }

    fn wait(&mut self, events: &mut Events) -> Result<(), Error> {
        if !self.conn.is_readable {
            self.ears.caller.idle();
        }
        self.shared.bell.sleep();
        let timeout = self.timeout();
        self.shared.bell.wait(&mut self.poll, events, timeout)
    }

    /// How long to wait for events: not at all if there is work left over.
    fn timeout(&self) -> Option<Duration> {
        let is_told = self.closing == Closing::No && self.shared.is_closing.load(Ordering::Acquire);
        if self.conn.is_readable || self.can_send() || is_told {
            return Some(Duration::ZERO);
        }
        let until = match self.closing {
            Closing::No => None,
            Closing::Asked { until } | Closing::Sent { until } => Some(until),
        };
        let now = Instant::now();
        // A handler that took no more is asked again whether it takes what it was not told.
        let retry = self.ears.caller.is_behind().then(|| now + RETRY);
        let first = [self.quiet_at, self.gap_until, until, retry].into_iter().flatten().min()?;
        Some(first.saturating_duration_since(now))
    }

    fn notice_close(&mut self) {
        if self.closing == Closing::No && self.shared.is_closing.load(Ordering::Acquire) {
            self.closing =
                Closing::Asked { until: after(Instant::now(), self.config.close_timeout) };
        }
    }

    /// Reads what is there, as much as one turn allows, and hands the lines to the handler.
    fn read(&mut self) -> Option<CloseReason> {
        let mut has_come = false;
        // Between two reads of a server that never pauses, what is to be sent gets its turn.
        for _ in 0..4 {
            if !self.conn.is_readable {
                break;
            }
            match self.conn.read(&mut self.buffer) {
                Got::Bytes(count) => {
                    has_come = true;
                    let (rules, ears) = (&self.rules, &mut self.ears);
                    let mut over = None;
                    let bytes = &self.buffer[..count];
                    self.conn.decoder.push(rules, bytes, |frame| over = over.or(ears.hear(frame)));
                    if over.is_some() {
                        return over;
                    }
                }
                Got::Nothing => break,
                Got::End => return Some(self.end(self.at_end)),
                Got::Failure(error) => return Some(self.end(CloseReason::of_error(&error))),
            }
        }
        if has_come {
            self.quiet_at =
                self.conn.decoder.patience(&self.rules).map(|wait| Instant::now() + wait);
        }
        None
    }

    /// The stream has ended: what is pending is the last line.
    fn end(&mut self, reason: CloseReason) -> CloseReason {
        let ears = &mut self.ears;
        self.conn.decoder.finish(&self.rules, |frame| {
            ears.hear(frame);
        });
        // A server that is told `exit` may close in whatever way it likes.
        if self.has_said_exit() { CloseReason::Exit } else { reason }
    }

    /// Does what has become due with time.
    fn tick(&mut self, now: Instant) -> Option<CloseReason> {
        if self.gap_until.is_some_and(|until| until <= now) {
            self.gap_until = None;
            if let Some(reason) = self.write() {
                return Some(reason);
            }
        }
        if self.quiet_at.is_some_and(|at| at <= now) && !self.conn.is_readable {
            self.quiet_at = None;
            let ears = &mut self.ears;
            self.conn.decoder.quiet(&self.rules, |frame| {
                ears.hear(frame);
            });
        }
        match self.closing {
            Closing::Asked { until } if until <= now => Some(CloseReason::TimedOut),
            // All is sent; a server that does not take notice is not worth waiting for.
            Closing::Sent { until } if until <= now => {
                let is_sent = self.conn.direct.is_empty();
                Some(if is_sent { CloseReason::Exit } else { CloseReason::TimedOut })
            }
            Closing::No | Closing::Asked { .. } | Closing::Sent { .. } => None,
        }
    }
}
