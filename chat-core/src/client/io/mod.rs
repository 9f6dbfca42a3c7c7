//! A client's thread: the same connection as a server's, alone in its poll, and made again when it
//! is lost.

mod connection;
mod dial;
mod hear;
mod link;
mod send;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use mio::net::TcpStream;
use mio::{Events, Poll, Token};

use super::Shared;
use super::backoff::Backoff;
use super::place::Place;
use super::requests::Outgoing;
use super::talk::Talk;
use crate::config::ClientConfig;
use crate::deadline::after;
use crate::error::Error;
use crate::event::{ClientEvent, CloseReason};
use crate::handler::{Caller, RETRY};
use crate::net::{Bell, Readiness};
use crate::wire::Rules;
use connection::Connection;
use hear::Ears;
use link::Link;

const SOCKET: Token = Token(0);
const BELL: Token = Token(1);

const READ_BUFFER: usize = 64 * 1024;
/// How long an unfinished line of a server that speaks lines may stay unfinished. Long enough for
/// a lost packet to be sent again; a server that relays lines and chunks needs it.
const LINE_PATIENCE: Duration = Duration::from_secs(1);

/// What a client's thread owns.
#[derive(Debug)]
pub(super) struct ClientIo {
    common: Common,
    poll: Poll,
    link: Link,
    /// `None`: the first connection is the only one.
    backoff: Option<Backoff>,
    place: Place,
    shared: Arc<Shared>,
}

/// What all connections of a client have in common.
#[derive(Debug)]
struct Common {
    config: ClientConfig,
    rules: Rules,
    unsent: Receiver<Outgoing>,
    ears: Ears,
    buffer: Box<[u8]>,
    closing: Closing,
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
    /// Takes over the first connection, to a server in this place.
    pub(super) fn new(
        stream: StdStream,
        place: Place,
        config: ClientConfig,
        unsent: Receiver<Outgoing>,
        caller: Caller<ClientEvent>,
        lives: Option<Sender<Infallible>>,
    ) -> Result<(ClientIo, Arc<Shared>), Error> {
        let prepare = || Error::system("prepare the socket");
        stream.set_nonblocking(true).map_err(prepare())?;
        let mut stream = TcpStream::from_std(stream);
        let poll = Poll::new().map_err(Error::system("create a poll"))?;
        let registered = poll.registry().register(&mut stream, SOCKET, dial::INTEREST);
        registered.map_err(Error::system("wait for a socket"))?;
        let bell = Bell::new(poll.registry(), BELL).map_err(Error::system("create a waker"))?;
        let shared = Arc::new(Shared::new(bell, addrs_of(&stream).map_err(prepare())?));
        let rules = Rules {
            framing: config.framing,
            line: config.line,
            endless: usize::MAX,
            commands: false,
            line_patience: Some(LINE_PATIENCE),
        };
        let backoff = config.reconnect.map(Backoff::new);
        let mut talk = Talk::new(&config, lives);
        talk.open(false);
        let ears = Ears { caller, talk };
        let buffer = vec![0; READ_BUFFER].into();
        let closing = Closing::No;
        let common = Common { config, rules, unsent, ears, buffer, closing };
        let connection = Connection::new(stream, &common).map_err(prepare())?;
        let link = Link::Up(Box::new(connection));
        let io = ClientIo { common, poll, link, backoff, place, shared: Arc::clone(&shared) };
        Ok((io, shared))
    }

    /// Serves the connection, and those that follow it, until it is over for good, and tells why it
    /// is.
    pub(super) fn run(mut self) -> Result<CloseReason, Error> {
        let result = self.serve();
        let reason = match &result {
            Ok(reason) => *reason,
            Err(_) => CloseReason::Failed(io::ErrorKind::Other),
        };
        let Ears { mut caller, mut talk } = self.common.ears;
        if let Link::Up(connection) = &self.link {
            talk.note_out(connection.left());
        }
        let unsent = talk.unsent(self.common.unsent.len());
        // Whoever hears of the end can rely on it that all requests have theirs.
        drop(talk);
        caller.call(ClientEvent::Disconnected { reason, unsent });
        caller.idle();
        result
    }

    fn serve(&mut self) -> Result<CloseReason, Error> {
        let mut events = Events::with_capacity(8);
        loop {
            self.wait(&mut events)?;
            if let Link::Up(connection) = &mut self.link {
                // What the bell was rung for is looked for in every turn.
                for event in events.iter().filter(|event| event.token() == SOCKET) {
                    connection.note(Readiness::of(event));
                }
            }
            self.notice_close();
            if let Some(reason) = self.turn() {
                return Ok(reason);
            }
        }
    }

    fn wait(&mut self, events: &mut Events) -> Result<(), Error> {
        if !matches!(&self.link, Link::Up(connection) if connection.conn.is_readable) {
            self.common.ears.caller.idle();
        }
        self.shared.bell.sleep();
        let timeout = self.timeout();
        self.shared.bell.wait(&mut self.poll, events, timeout)
    }

    /// How long to wait for events: not at all if there is work left over.
    fn timeout(&self) -> Option<Duration> {
        let common = &self.common;
        let is_told =
            common.closing == Closing::No && self.shared.is_closing.load(Ordering::Acquire);
        let (is_busy, due) = match &self.link {
            Link::Up(connection) => {
                let Connection { quiet_at, gap_until, answer_by, holds_at, .. } = **connection;
                (connection.is_busy(common), [quiet_at, gap_until, answer_by, holds_at])
            }
            Link::Waiting { until, .. } => (false, [Some(*until), None, None, None]),
            Link::Dialling { dial, .. } => (false, [dial.until(), None, None, None]),
        };
        if is_busy || is_told {
            return Some(Duration::ZERO);
        }
        let until = match common.closing {
            Closing::No => None,
            Closing::Asked { until } | Closing::Sent { until } => Some(until),
        };
        let now = Instant::now();
        // A handler that took no more is asked again whether it takes what it was not told.
        let retry = common.ears.caller.is_behind().then(|| now + RETRY);
        let first = due.into_iter().chain([until, retry]).flatten().min()?;
        Some(first.saturating_duration_since(now))
    }

    fn notice_close(&mut self) {
        if self.common.closing == Closing::No && self.shared.is_closing.load(Ordering::Acquire) {
            let until = after(Instant::now(), self.common.config.close_timeout);
            self.common.closing = Closing::Asked { until };
        }
    }
}

/// The addresses of both ends of a connection, ours first.
fn addrs_of(stream: &TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
    Ok((stream.local_addr()?, stream.peer_addr()?))
}
