//! What a client sends, as the server understands it.

mod reading;

use super::context::{Context, TagError};
use super::text::Text;

/// One or more messages in one buffer: each a line of safe text that ends with a newline.
///
/// All the messages that one read of a socket brings travel together, so that the cost of handing
/// them on is paid once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Messages {
    /// Safe, valid UTF-8; every line ends with a newline and none is blank.
    bytes: Vec<u8>,
    count: usize,
}

impl Messages {
    /// One message.
    pub(crate) fn of(text: &Text) -> Messages {
        let mut messages = Messages::default();
        messages.bytes.reserve_exact(text.len() + 1);
        messages.add(text);
        messages
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The messages in the order in which they came, each without its newline.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let end = memchr::memchr(b'\n', rest)?;
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            Some(line)
        })
    }

    /// The size of them all in bytes, a newline each included.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a message: a safe text, or what is a part of one.
    pub(crate) fn add(&mut self, text: &str) {
        self.push(text.as_bytes(), text.len() + 1);
    }

    /// Adds a line that [`text::clean`](super::text::clean) has made.
    fn push(&mut self, safe: &[u8], expected: usize) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve_exact(expected);
        }
        self.bytes.extend_from_slice(safe);
        self.bytes.push(b'\n');
        self.count += 1;
    }
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

/// What the bytes of one read mean: messages and commands, then perhaps the end of the conversation.
///
/// ```
/// use chat_core::wire::{Decoder, End, Framing, Part, Reading, Request, Rules};
///
/// let rules = Rules::new(Framing::Auto, 8192, 65_536);
/// let mut decoder = Decoder::new(&rules);
/// let reading = Reading::of(&mut decoder, &rules, b"hello\n/who\nexit\nnot said\n");
/// assert!(reading.messages.iter().eq([b"hello"]));
/// let [Part::Command(line, _)] = &reading.rest[..] else { panic!("{reading:?}") };
/// assert_eq!(Request::parse(line), Ok(Request::Who(None)));
/// assert_eq!(reading.end, Some(End::Exit));
/// ```
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// What the client says to the others, up to the first command.
    pub messages: Messages,
    /// What follows from the first command on, in order.
    pub rest: Vec<Part>,
    /// How many messages were refused for their length.
    pub too_long: usize,
    /// Set if nothing that comes after counts.
    pub end: Option<End>,
}

/// A part of what a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// It says something to the others.
    Said(Messages),
    /// It says something to the others, and its tags say something of that.
    Tagged(Text, Box<Context>),
    /// A line that starts with a slash, for [`Request::parse`](super::Request::parse), and what its
    /// tags say.
    Command(Text, Option<Box<Context>>),
    /// Its tags are wrong, and the line is refused.
    Mistagged(TagError, Box<Context>),
}

/// How a client's side of the conversation ends by what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// It said `exit`.
    Exit,
    /// It sent more bytes without an end than are allowed.
    Endless,
    /// It speaks TLS, which nobody does here.
    Tls,
}
