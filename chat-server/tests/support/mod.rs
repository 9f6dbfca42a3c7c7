//! What the tests of both programs share: real processes, raw sockets, and waits that never sleep
//! blindly and fail loudly.
//!
//! `chat-client/tests` takes this directory in by its path.

#![allow(dead_code, reason = "each of the two test crates uses a part of this")]

pub(crate) mod cast;
pub(crate) mod peer;
pub(crate) mod process;
pub(crate) mod programs;
pub(crate) mod server;

/// The lines as a program prints them.
pub(crate) fn lines<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    text
}
