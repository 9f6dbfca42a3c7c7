//! How a client is connected, and how it comes back when its connection is lost.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Instant;

use mio::net::TcpStream;

use super::connection::Connection;
use super::dial::{self, Dial, Dialled};
use super::{ClientIo, Closing, addrs_of};
use crate::deadline::after;
use crate::event::{ClientEvent, CloseReason};

/// How the client is connected.
#[derive(Debug)]
pub(super) enum Link {
    Up(Box<Connection>),
    /// The connection was lost for this reason, and it is to be tried again then.
    Waiting {
        until: Instant,
        reason: CloseReason,
    },
    /// It is being tried, since it was lost for this reason.
    Dialling {
        dial: Dial,
        reason: CloseReason,
    },
}

impl ClientIo {
    /// Does what can be done now. The answer is why all is over, if it is.
    pub(super) fn turn(&mut self) -> Option<CloseReason> {
        let now = Instant::now();
        match &mut self.link {
            Link::Up(connection) => {
                let reason = connection.serve(&mut self.common)?;
                self.lose(reason)
            }
            // There is nobody to whom `exit` could be said.
            Link::Waiting { reason, .. } | Link::Dialling { reason, .. }
                if self.common.closing != Closing::No =>
            {
                Some(*reason)
            }
            Link::Waiting { until, .. } if now < *until => None,
            Link::Waiting { reason, .. } => {
                let patience = self.common.config.connect_timeout;
                let dial = Dial::new(self.place.addrs().into(), patience);
                self.link = Link::Dialling { dial, reason: *reason };
                self.turn()
            }
            Link::Dialling { dial, .. } => match dial.advance(self.poll.registry(), now) {
                Dialled::Waits => None,
                Dialled::Connected(stream) => self.come_back(stream),
                Dialled::Failed(reason) => self.try_again(reason),
            },
        }
    }

    /// The connection is lost. The answer is the reason if it is not to be made again.
    fn lose(&mut self, reason: CloseReason) -> Option<CloseReason> {
        let Link::Up(connection) = &mut self.link else { return None };
        if self.common.ears.talk.is_removed() && reason != CloseReason::Exit {
            return Some(CloseReason::Kicked);
        }
        let is_wanted = self.common.closing == Closing::No
            && !self.common.ears.talk.has_left()
            && reason != CloseReason::OtherProtocol;
        let Some(backoff) = self.backoff.as_mut().filter(|_| is_wanted) else {
            return Some(reason);
        };
        let talk = &mut self.common.ears.talk;
        let holds = connection.has_held() && !connection.is_overdue;
        if talk.is_answered() || holds {
            backoff.reset();
        }
        talk.lose(connection.left());
        dial::forget(self.poll.registry(), &mut connection.conn.stream);
        self.try_again(reason)
    }

    /// Waits before the next attempt. The answer is the reason if there were enough.
    fn try_again(&mut self, reason: CloseReason) -> Option<CloseReason> {
        // The keys of hash tables are the one source of chance that the standard library has.
        let chance = RandomState::new().hash_one(());
        let Some((attempt, wait)) = self.backoff.as_mut().and_then(|backoff| backoff.next(chance))
        else {
            return Some(reason);
        };
        // The server may be elsewhere by then.
        self.place.look_again();
        // The socket is closed before anybody is told.
        self.link = Link::Waiting { until: after(Instant::now(), wait), reason };
        let event = ClientEvent::Reconnecting { attempt, after: wait, reason };
        self.common.ears.caller.call(event);
        None
    }

    /// There is a connection again. The answer is as that of [`ClientIo::try_again`].
    fn come_back(&mut self, stream: TcpStream) -> Option<CloseReason> {
        let found = addrs_of(&stream);
        let made = found.and_then(|addrs| Ok((addrs, Connection::new(stream, &self.common)?)));
        match made {
            Ok((addrs, connection)) => {
                self.shared.set_addrs(addrs);
                self.link = Link::Up(Box::new(connection));
                self.common.ears.talk.open(true);
                if let Link::Up(connection) = &mut self.link {
                    connection.expect_answer(&self.common);
                }
                None
            }
            // It was lost as soon as it was there.
            Err(error) => self.try_again(CloseReason::of_error(&error)),
        }
    }
}
