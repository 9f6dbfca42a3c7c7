//! What the tests of both programs share: real processes, and waiting for what they print. Raw
//! sockets, and waiting for anything else, are in the library's own kit, `chat_core::testing`.
//!
//! `chat-client/tests` takes this directory in by its path.

#![allow(dead_code, reason = "each of the two test crates uses a part of this")]

pub(crate) mod process;
pub(crate) mod programs;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod transcript;

/// The lines as a program prints them.
pub(crate) fn lines<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    text
}
