//! One connection of a client, from when it is made until it is lost.

use std::time::{Duration, Instant};
use std::{io, mem};

use mio::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

use super::hear::{Ears, tell};
use super::{Closing, Common};
use crate::deadline::after;
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::net::{Conn, Got, Readiness};
use crate::wire::Decoder;

/// After how long a silence the system begins to look whether the server is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// How long what was sent in a session may go without any sign of the server. Systems try for a
/// quarter of an hour, and do not probe meanwhile.
#[cfg(any(target_os = "android", target_os = "linux"))]
const NO_SIGN: Duration = Duration::from_mins(1);

/// A connection that is there.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) conn: Conn<TcpStream>,
    /// When it will have held for long enough to count, until it has.
    pub(super) holds_at: Option<Instant>,
    /// When pending bytes will count as a line.
    pub(super) quiet_at: Option<Instant>,
    /// Before when a server that speaks chunks is sent nothing more.
    pub(super) gap_until: Option<Instant>,
    /// By when the server has to have answered that it knows the client again.
    pub(super) answer_by: Option<Instant>,
    /// Whether it has not.
    pub(super) is_overdue: bool,
    /// What the end of the stream means.
    pub(super) at_end: CloseReason,
    /// Whether a server that shows no sign of life is given up soon.
    is_hasty: bool,
}

impl Connection {
    /// Takes a socket over that is connected, and that the poll watches.
    pub(super) fn new(stream: TcpStream, common: &Common) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        let probes = TcpKeepalive::new().with_time(KEEPALIVE);
        if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&probes) {
            // A connection without probes is better than none.
            log::debug!("the server will not be probed: {error}");
        }
        let mut conn = Conn::new(ConnId::new(0, 0, 1), stream, Decoder::new(&common.rules));
        // What was told of the socket before may have been just that.
        conn.is_readable = true;
        Ok(Connection {
            conn,
            holds_at: common.config.reconnect.map(|back| after(Instant::now(), back.first)),
            quiet_at: None,
            gap_until: None,
            answer_by: None,
            is_overdue: false,
            at_end: CloseReason::EndOfStream,
            is_hasty: false,
        })
    }

    /// The server has to answer in time, or to go on with what was missed.
    pub(super) fn expect_answer(&mut self, common: &Common) {
        let patience = common.config.connect_timeout;
        let by = || after(Instant::now(), patience);
        self.answer_by = common.ears.talk.awaits_answer().then(by);
    }

    /// Notes what has become possible.
    pub(super) fn note(&mut self, ready: Readiness) {
        self.conn.note(ready);
    }

    /// Whether it has been there for as long as it takes to count.
    pub(super) fn has_held(&self) -> bool {
        self.holds_at.is_none()
    }

    /// How many lines were not all handed to the system.
    pub(super) fn left(&self) -> u64 {
        self.conn.direct.lines()
    }

    /// Whether there is something to do at once.
    pub(super) fn is_busy(&self, common: &Common) -> bool {
        self.conn.is_readable || self.can_send(common)
    }

    /// Does what can be done now. The answer is why the connection is over, if it is.
    pub(super) fn serve(&mut self, common: &mut Common) -> Option<CloseReason> {
        self.hold(common);
        let over = self.read(common).or_else(|| self.write(common));
        if common.ears.talk.has_session() && !mem::replace(&mut self.is_hasty, true) {
            // To come back too early costs nothing then.
            self.be_hasty();
        }
        over.or_else(|| self.tick(common, Instant::now()))
    }

    /// Notes that it has held for long enough: before it is read, for what comes now comes to one who
    /// is back.
    fn hold(&mut self, common: &mut Common) {
        if self.holds_at.take_if(|at| *at <= Instant::now()).is_some() {
            let Ears { caller, talk } = &mut common.ears;
            talk.hold(&mut tell(caller));
        }
    }

    #[cfg(any(target_os = "android", target_os = "linux"))]
    fn be_hasty(&self) {
        if let Err(error) = SockRef::from(&self.conn.stream).set_tcp_user_timeout(Some(NO_SIGN)) {
            log::debug!("a dead server will be noticed late: {error}");
        }
    }

    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    #[expect(clippy::unused_self, reason = "elsewhere there is no such option")]
    fn be_hasty(&self) {}

    /// Reads what is there, as much as one turn allows, and hands the lines to the handler.
    pub(super) fn read(&mut self, common: &mut Common) -> Option<CloseReason> {
        let mut has_come = false;
        // Between two reads of a server that never pauses, what is to be sent gets its turn.
        for _ in 0..4 {
            if !self.conn.is_readable {
                break;
            }
            match self.conn.read(&mut common.buffer) {
                Got::Bytes(count) => {
                    has_come = true;
                    let Common { rules, ears, buffer, .. } = &mut *common;
                    let mut over = None;
                    let bytes = &buffer[..count];
                    self.conn.decoder.push(rules, bytes, |frame| over = over.or(ears.hear(frame)));
                    if over.is_some() {
                        return over;
                    }
                }
                Got::Nothing => break,
                Got::End => return Some(self.end(common, self.at_end)),
                Got::Failure(error) => {
                    return Some(self.end(common, CloseReason::of_error(&error)));
                }
            }
        }
        if has_come {
            if self.answer_by.is_some() && common.ears.talk.is_under_way() {
                self.expect_answer(common);
            }
            let patience = self.conn.decoder.patience(&common.rules);
            // Some end their lines, however long that takes.
            let patience = patience.filter(|_| !common.ears.talk.hears_whole_lines());
            self.quiet_at = patience.map(|wait| Instant::now() + wait);
        }
        None
    }

    /// The stream has ended: what is pending is the last line, or a part of it.
    pub(super) fn end(&mut self, common: &mut Common, reason: CloseReason) -> CloseReason {
        let Common { rules, ears, .. } = &mut *common;
        if !ears.talk.hears_whole_lines() {
            self.conn.decoder.finish(rules, |frame| {
                ears.hear(frame);
            });
        }
        // A server that is told `exit` may close in whatever way it likes.
        if common.has_said_exit() { CloseReason::Exit } else { reason }
    }

    /// Does what has become due with time.
    fn tick(&mut self, common: &mut Common, now: Instant) -> Option<CloseReason> {
        if self.gap_until.is_some_and(|until| until <= now) {
            self.gap_until = None;
            if let Some(reason) = self.write(common) {
                return Some(reason);
            }
        }
        if self.quiet_at.is_some_and(|at| at <= now) && !self.conn.is_readable {
            self.quiet_at = None;
            let Common { rules, ears, .. } = &mut *common;
            self.conn.decoder.quiet(rules, |frame| {
                ears.hear(frame);
            });
        }
        if self.answer_by.is_some_and(|by| by <= now) && !self.conn.is_readable {
            self.is_overdue = true;
            return Some(CloseReason::TimedOut);
        }
        match common.closing {
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
