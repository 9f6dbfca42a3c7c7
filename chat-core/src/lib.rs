//! A small, fast chat that any program can embed: a server, a client, and the protocol they speak.
//!
//! What one client says goes to all the others in its room as `PORT: text`, or as `NAME: text` once it
//! has taken a name. `exit` leaves, and `/help` lists the rest. That is all that a person with `nc`
//! has to know, and all that a program has to. What the crate adds is how it is done: ten thousand
//! clients in a few megabytes, tens of millions of deliveries a second on two cores, and limits that
//! keep any client from hurting the others.
//!
//! # A room is a log, a client is a cursor
//!
//! ```text
//!            ┌────────── I/O threads (mio) ───────────┐
//!  socket ──▶ read ─▶ cut ─▶ make safe ─▶ [inbox] ─▶ hub ─▶ room log
//!  socket ◀── write ◀── cursor ◀── window ◀── [feed] ◀──┘     │
//!                                                       [events] ─▶ your handler
//! ```
//!
//! The hub, which one thread drives at a time, appends each message once to the log of its room. A
//! client is a position in that log: delivering is one `write` of the shared bytes from there to the
//! end. There is no queue for each client and no copy for each delivery; a client that is behind catches
//! up with one large write, and one that never reads is a cursor that stands still. Every queue is
//! bounded, and whatever is left out anywhere is counted.
//!
//! # A server in five lines
//!
//! ```no_run
//! use chat_core::Server;
//!
//! fn main() -> Result<(), chat_core::Error> {
//!     let server = Server::bind("127.0.0.1:12345")?;
//!     server.on_event(|event| println!("{event:?}")).run()?;
//!     Ok(())
//! }
//! ```
//!
//! # A server and a client in one program
//!
//! ```
//! use chat_core::{Client, ClientEvent, Server, ServerEvent};
//! use std::sync::mpsc;
//!
//! let (happened, happens) = mpsc::channel();
//! let server = Server::bind("127.0.0.1:0")?
//!     .on_event(move |event| drop(happened.send(event)))
//!     .spawn()?;
//! let (heard, hears) = mpsc::channel();
//! let listener = Client::connect(server.local_addr(), move |event| {
//!     if let ClientEvent::Line(line) = event {
//!         drop(heard.send(line.to_string()));
//!     }
//! })?;
//! // A client hears what is said from the moment at which the server says that it is in.
//! while !matches!(happens.recv()?, ServerEvent::Connected { .. }) {}
//! let speaker = Client::connect(server.local_addr(), |_| ())?;
//! speaker.send("hello")?;
//!
//! let port = speaker.local_addr().port();
//! assert_eq!(hears.recv()?, format!("{port}: hello"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to go from here
//!
//! - [`Server`] and its [`ServerHandle`], with which a program speaks, removes clients, counts
//!   ([`Stats`]) and stops, from anywhere;
//! - [`Server::on_connect`] and [`Server::on_message`], which decide who comes in and what is said,
//!   private texts included;
//! - [`Server::on_command`], which adds commands of the program's own;
//! - [`Server::store`] and the module [`store`], where what is said is kept so that it outlives the server;
//! - [`Client`] and what it is told ([`ClientEvent`]); with [`ClientConfig::tags`], typed events and
//!   requests with answers ([`Pending`]);
//! - [`Handler`], the contract of the events: on which thread they come, in which order, and what
//!   follows if it is slow;
//! - [`ServerConfig`], [`Limits`] and [`ClientConfig`], every number with its default;
//! - [`wire`], the protocol as values, for programs that speak it without these sockets.
//!
//! The project's `PROTOCOL.md` describes what travels on the wire, and `ARCHITECTURE.md` where
//! everything lives.
//!
//! # Features
//!
//! No feature is on by default; whatever needs more dependencies, or is for tests alone, has one.
//!
//! - `metrics`: a server publishes its [`Stats`] through the facade of the crate `metrics`, once a
//!   second, for whatever exporter the program installs. [`Stats`] has the names.
//! - `sqlite`: `store::SqliteStore`, which keeps what is said in one file, so that it outlives the server.
//!   It brings SQLite itself, compiled for it.
//! - `testing`: the module `testing`, a kit for the tests of programs that embed the chat. It has a
//!   server on a free port, raw peers whose failures show both sides, and hostile ones. It brings no
//!   dependency.

// In reading order: what everything is named by, bytes and values, the heart, the rules, the
// sockets, the two that put them together, and what tests them. A module uses only those above it,
// but for `error`, which names the errors of `config` and `store` as causes of its own.
mod ids;
pub mod wire;
mod error;
mod config;
mod change;
mod event;
mod handler;
mod custom;
mod guard;
mod about;
mod addr;
mod files;
mod deadline;
mod clock;
mod budget;
mod give;
mod shrink;
mod threads;
mod log;
pub mod store;
mod hub;
mod net;
mod server;
mod client;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::{Client, Pending, Present};
pub use config::{
    ClientConfig, Flood, History, Limits, Rate, RateError, Reconnect, Resume, ServerConfig,
    WhenBehind, WhenBehindError,
};
pub use custom::{CommandCall, Reply};
pub use error::{Error, HandleError, RequestError, SendError, with_causes};
pub use event::{ClientEvent, ClientInfo, CloseReason, Meta, Report, RoomInfo, ServerEvent};
pub use guard::{Admission, Incoming, Verdict};
pub use handler::Handler;
pub use ids::ConnId;
pub use server::{
    ClosedBy, RefusedBy, RunningServer, Server, ServerHandle, Slowest, Stats, StoreStats,
};
