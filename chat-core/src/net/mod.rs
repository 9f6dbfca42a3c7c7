//! The sockets: bytes in, bytes out, and nothing of what they mean to the chat.
//!
//! A few I/O threads own all the sockets. Each waits in one `poll` for its sockets and its bell,
//! and **never waits for anything else**: what it reads goes into an inbox that may be full,
//! what it is to do comes from a feed that rings the bell.
//!
//! ```text
//!  socket ──read──▶ decoder ──▶ Arrival ──▶ inbox ─ ─ ─▶ (the rules)
//!  socket ◀─write── cursor ◀── window ◀── Order ◀── feed + bell ◀─ ─ ┘
//! ```

mod bell;
mod bucket;
mod conn;
mod counters;
mod direct;
mod feed;
mod fresh;
mod flow;
mod gate;
mod guests;
mod inbox;
mod lap;
mod io_thread;
mod listener;
mod inbound;
mod outbound;
mod notices;
mod places;
mod rooms;
mod shard;
mod slab;
mod socket;
mod timers;

pub(crate) use bell::Bell;
pub(crate) use conn::Conn;
pub(crate) use counters::{Counters, Gauge, Tally};
#[cfg(feature = "testing")]
pub(crate) use feed::feed;
pub(crate) use feed::{Feed, Order};
pub(crate) use gate::Gate;
pub(crate) use inbound::Got;
pub(crate) use inbox::{Arrival, Inbox};
pub(crate) use io_thread::IoThread;
pub(crate) use listener::Acceptor;
pub(crate) use outbound::{Flushed, Turn};
pub(crate) use shard::Settings;
#[cfg(feature = "testing")]
pub(crate) use shard::Shard;
pub(crate) use socket::{Readiness, Socket};
