//! What the integration tests share: peers that speak raw bytes, a server whose events are
//! recorded, and waiting that ends in a loud failure instead of a hanging test.
//!
//! Nothing in here sleeps in the hope that something has happened by then. Whoever waits, waits
//! for the thing itself, and says what it was and what had come so far when it does not come.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a panic is how a test fails"
)]

mod pairs;
mod patience;
mod peer;
mod random;
mod recorder;
mod server;

pub use pairs::{Stay, check_pairs};
pub use patience::{Deadline, PATIENCE, eventually, within};
pub use peer::{Peer, whole_lines};
pub use random::Random;
pub use recorder::Recorder;
pub use server::TestServer;
