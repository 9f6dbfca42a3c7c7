//! A kit for testing programs that embed the chat: with the feature `testing`.
//!
//! A test starts a server on a free port with [`TestServer`], lets raw connections take part with
//! [`Peer`], and says what each of them is to read. Nothing in here sleeps in the hope that
//! something has happened by then. Whoever waits, waits for the thing itself, and if it does not
//! come says what it was and what had come so far: a [`Peer`] shows all that went to and fro.
//!
//! ```
//! use chat_core::testing::TestServer;
//! use chat_core::{ServerEvent, ServerHandle};
//!
//! // The program under test: a host that welcomes whoever comes.
//! fn host(server: &ServerHandle, event: &ServerEvent) {
//!     if let ServerEvent::Connected { conn, addr } = event {
//!         drop(server.send_to(*conn, &format!("welcome, {}", addr.port())));
//!     }
//! }
//!
//! let server = TestServer::hooked(|config| config.limits.line = 20, host);
//! let (mut a, mut b) = (server.join(), server.join());
//! a.expect(&format!("* welcome, {}", a.port()));
//! b.expect(&format!("* welcome, {}", b.port()));
//! a.say("hello");
//! b.expect(&a.says("hello"));
//! a.say("this is longer than 20 bytes");
//! a.expect("* line refused: it is longer than 20 bytes");
//! ```
//!
//! # What there is
//!
//! - [`TestServer`]: a server that is ready to use, whose events are recorded;
//! - [`Peer`]: a raw connection to it, or to any other one: sends lines ([`say`](Peer::say)) and
//!   bytes as they are ([`send`](Peer::send)), expects lines and bytes, reads slowly, leaves in
//!   every way;
//! - [`Hostile`]: the ways in which a peer can be up to no good, to see that the others do not
//!   suffer;
//! - [`Recorder`]: events in order, for whoever waits for one, and [`check_pairs`], which checks
//!   what must be true of them;
//! - [`eventually`] and [`within`]: waiting for everything else, up to [`PATIENCE`];
//! - [`ManualClock`]: time that stands still until the test moves it;
//! - [`MemoryServer`] and [`MemoryPeer`]: a server and connections to it without threads, sockets
//!   and time of their own: whatever happens is the test's doing, and is the same in every run;
//! - [`Random`]: randomness that is the same in every run.
//!
//! To switch it on for the tests alone:
//!
//! ```toml
//! [dev-dependencies]
//! chat-core = { version = "0.1", features = ["testing"] }
//! ```
//!
//! All of it fails by a panic, as tests do: it is not for programs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a panic is how a test fails; what all of a type panic at is said at the type"
)]

mod patience;
mod random;
mod transcript;
mod recorder;
mod pairs;
mod peer;
mod hostile;
mod server;
mod memory;

pub use crate::clock::ManualClock;
pub use hostile::{Attack, Hostile};
pub use memory::{MemoryPeer, MemoryServer};
pub use pairs::{Stay, check_pairs};
pub use patience::{Deadline, PATIENCE, eventually, within};
pub use peer::{Peer, whole_lines};
pub use random::Random;
pub use recorder::Recorder;
pub use server::{TestServer, narrow};
