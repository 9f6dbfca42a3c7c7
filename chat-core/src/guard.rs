//! What the embedding program decides itself: who may come in, what may be said, and what its own
//! commands do.

use std::cell::Cell;
use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::custom::{CommandCall, Custom, Reply};
use crate::handler::HandlerCounters;
use crate::ids::ConnId;
use crate::wire::Text;

/// The answer to somebody who connects: see [`Server::on_connect`](crate::Server::on_connect).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It may come in.
    Admit,
    /// It may not: it reads `* reason`, and its connection is closed.
    Refuse(
        /// The reason.
        Text,
    ),
}

impl Admission {
    /// A refusal for this reason, made safe as all text is.
    ///
    /// ```
    /// use chat_core::Admission;
    ///
    /// let Admission::Refuse(reason) = Admission::refuse("not today") else { panic!() };
    /// assert_eq!(&*reason, "not today");
    /// ```
    pub fn refuse(reason: &str) -> Admission {
        Admission::Refuse(Text::shown(reason))
    }
}

/// A text on its way from a client to whoever is to read it: a message to a room, or what a client says
/// by `/me`, `/topic` or `/msg`. [`Server::on_message`](crate::Server::on_message) has the whole list.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Incoming<'a> {
    /// Who said it.
    pub conn: ConnId,
    /// The address of that client.
    pub addr: SocketAddr,
    /// What it said, made safe already; of a command, without its name, and of `/msg` without the
    /// name of the one who is to read it.
    pub text: &'a str,
}

/// The answer to a message: see [`Server::on_message`](crate::Server::on_message).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is passed on as it is.
    Pass,
    /// This is passed on in its place.
    Change(
        /// What is read instead.
        Text,
    ),
    /// Nobody reads it; its author reads `* reason`.
    Refuse(
        /// The reason.
        Text,
    ),
    /// Nobody reads it, nor anything that its author says after it: the author reads `* reason`, and
    /// its connection is closed, with [`CloseReason::Rejected`](crate::CloseReason::Rejected).
    Close(
        /// The reason.
        Text,
    ),
}

impl Verdict {
    /// [`Verdict::Change`] into this text, made safe as all text is.
    pub fn change(text: &str) -> Verdict {
        Verdict::Change(Text::shown(text))
    }

    /// [`Verdict::Refuse`] for this reason, made safe as all text is.
    pub fn refuse(reason: &str) -> Verdict {
        Verdict::Refuse(Text::shown(reason))
    }

    /// [`Verdict::Close`] for this reason, made safe as all text is.
    pub fn close(reason: &str) -> Verdict {
        Verdict::Close(Text::shown(reason))
    }
}

thread_local! {
    /// Whether this thread is asking the embedding program for a decision.
    static DECIDING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the embedding program is deciding something on this thread, an I/O thread: it must not
/// wait for others, since others wait for it.
pub(crate) fn is_deciding() -> bool {
    DECIDING.get()
}

pub(crate) type OnConnect = Box<dyn Fn(SocketAddr) -> Admission + Send + Sync>;
pub(crate) type OnMessage = Box<dyn Fn(&Incoming<'_>) -> Verdict + Send + Sync>;

/// The decisions of the embedding program, as the I/O threads ask for them.
///
/// A decision that panics is counted, and is a refusal: what could not be checked must not pass.
#[derive(Default)]
pub(crate) struct Guards {
    pub(crate) on_connect: Option<OnConnect>,
    pub(crate) on_message: Option<OnMessage>,
    /// The commands that it has added.
    pub(crate) customs: Vec<Custom>,
    pub(crate) counters: Arc<HandlerCounters>,
}

impl Guards {
    /// Whether messages are looked at.
    pub(crate) fn look_at_messages(&self) -> bool {
        self.on_message.is_some()
    }

    /// Whether it is asked something of which it is to know who is behind it.
    pub(crate) fn want_addresses(&self) -> bool {
        self.look_at_messages() || !self.customs.is_empty()
    }

    pub(crate) fn admit(&self, addr: SocketAddr) -> Admission {
        let Some(on_connect) = &self.on_connect else { return Admission::Admit };
        self.caught("on_connect", || on_connect(addr))
            .unwrap_or_else(|| Admission::refuse("the server could not check the connection"))
    }

    pub(crate) fn judge(&self, message: &Incoming<'_>) -> Verdict {
        let Some(on_message) = &self.on_message else { return Verdict::Pass };
        self.caught("on_message", || on_message(message))
            .unwrap_or_else(|| Verdict::refuse("the server could not check the message"))
    }

    pub(crate) fn answer(&self, custom: &Custom, asked: &CommandCall<'_>) -> Reply {
        self.caught("on_command", || (custom.answer)(asked))
            .unwrap_or_else(|| Reply::error(&format!("/{} has failed", custom.name)))
    }

    fn caught<T>(&self, name: &str, decide: impl FnOnce() -> T) -> Option<T> {
        DECIDING.set(true);
        // The program's own state after a panic is its own affair.
        let decision = catch_unwind(AssertUnwindSafe(decide)).ok();
        DECIDING.set(false);
        if decision.is_none() {
            self.counters.panics.fetch_add(1, Ordering::Relaxed);
            log::error!("{name} panicked; what it was asked about is refused");
        }
        decision
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guards")
            .field("on_connect", &self.on_connect.is_some())
            .field("on_message", &self.on_message.is_some())
            .field("customs", &self.customs)
            .finish_non_exhaustive()
    }
}
