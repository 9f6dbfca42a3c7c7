//! Cuts a stream of bytes into messages, whichever way the peer marks their ends.
//!
//! Most peers end a message with a newline. The clients that this chat grew out of end it with
//! nothing: one `send` is one message. A decoder finds out by itself which kind it has before it:
//!
//! ```text
//!              newline                  newline
//!   ┌─────────┐──────▶┌───────┐◀──────────────────┐
//!   │ Unknown │       │ Lines │                   │
//!   └─────────┘       └───────┘                   │
//!        │ 20 ms with bytes and no newline   ┌────────┐
//!        └──────────────────────────────────▶│ Chunks │
//!                                            └────────┘
//! ```
//!
//! A client's decoder knows a fourth kind, Mixed: a server that relays the newlines of some users
//! and the chunks of others. It is found when a line has stayed unfinished for long.
//!
//! It has no clock: [`Decoder::patience`] says how long the caller is to wait for more bytes
//! before it calls [`Decoder::quiet`].

mod framing;

pub use framing::{Framing, FramingError};

use std::mem;
use std::time::Duration;

use memchr::memchr;

/// What a program begins with that comes back: the rest of the line has a secret, and must not be said to
/// all if it comes late.
const SECRET: &[u8] = b"/resume ";

/// How long bytes may stay without a newline until they count as a message.
pub const QUIET: Duration = Duration::from_millis(20);

/// What all decoders of a server, or the one of a client, have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// Whether the framing is found or given.
    pub framing: Framing,
    /// The longest message in bytes, without its end; a longer one is [`Frame::TooLong`].
    pub line: usize,
    /// How many bytes may come without an end until they are [`Frame::Endless`].
    pub endless: usize,
    /// Whether a line that starts with a slash is a command.
    pub commands: bool,
    /// How long an unfinished line of a peer that speaks lines waits for its end until it counts
    /// as a message all the same; `None`: forever. A client sets it, since a server that speaks
    /// chunks passes on the newlines in its users' messages.
    pub line_patience: Option<Duration>,
}

impl Rules {
    /// Rules with these bounds, as a server has them: a line that starts with a slash is a command,
    /// and an unfinished line waits forever.
    pub const fn new(framing: Framing, line: usize, endless: usize) -> Rules {
        Rules { framing, line, endless, commands: true, line_patience: None }
    }

    /// The frame that a whole message is; its end may have been CRLF.
    fn judge<'a>(&self, line: &'a [u8]) -> Frame<'a> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.line { Frame::TooLong } else { Frame::Message(line) }
    }
}

/// What a decoder found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// A message, without its line end. It may be empty, and its bytes may be anything.
    Message(&'a [u8]),
    /// A message longer than [`Rules::line`]; the bytes of it are skipped.
    TooLong,
    /// More than [`Rules::endless`] bytes without an end. Nothing comes after it.
    Endless,
    /// The peer's first bytes are a TLS handshake (RFC 8446, section 5.1). Nothing comes after it.
    Tls,
}

/// Cuts the bytes of one connection into [`Frame`]s.
///
/// It owns memory only while a message is incomplete, and at most [`Rules::line`] bytes.
///
/// ```
/// use chat_core::wire::{Decoder, Frame, Framing, Rules};
///
/// let rules = Rules::new(Framing::Auto, 8, 64);
/// let mut decoder = Decoder::new(&rules);
/// let mut frames = Vec::new();
/// // It does not matter how the bytes are cut on their way.
/// for bytes in [&b"hel"[..], b"lo\nthis is longer than 8\nwo", b"rld\n"] {
///     decoder.push(&rules, bytes, |frame| {
///         frames.push(match frame {
///             Frame::Message(line) => String::from_utf8_lossy(line).into_owned(),
///             other => format!("{other:?}"),
///         });
///     });
/// }
/// assert_eq!(frames, ["hello", "TooLong", "world"]);
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of a message whose end has not come yet. Hardly any connection has one at
    /// rest: then this is a null pointer.
    #[expect(clippy::box_collection, reason = "there is a decoder for each client")]
    partial: Option<Box<Vec<u8>>>,
    /// How many bytes of a message that is too long have been skipped; 0 if none is.
    skipped: usize,
    mode: Mode,
    /// Whether enough has come to tell what the peer speaks.
    has_begun: bool,
    /// Whether the peer puts tags before its lines, and reads them before those it gets.
    is_tagged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Unknown,
    Lines,
    /// The peer has sent newlines, and messages without: it relays both kinds.
    Mixed,
    Chunks,
    /// Something came after which nothing counts.
    Ended,
}

impl Decoder {
    /// A decoder for a connection that has sent nothing yet.
    pub fn new(rules: &Rules) -> Decoder {
        let mode = match rules.framing {
            Framing::Auto => Mode::Unknown,
            Framing::Lines => Mode::Lines,
            Framing::Chunks => Mode::Chunks,
        };
        Decoder { mode, ..Decoder::default() }
    }

    /// Whether what is sent to this peer ends with no newline.
    pub fn speaks_chunks(&self) -> bool {
        self.mode == Mode::Chunks
    }

    /// Whether this peer has asked for tags: what is sent to it begins with them.
    pub fn is_tagged(&self) -> bool {
        self.is_tagged
    }

    /// Notes whether this peer has asked for tags.
    pub(super) fn set_tagged(&mut self, is_tagged: bool) {
        self.is_tagged = is_tagged;
    }

    /// Takes the bytes that came next and gives the frames that are complete by them.
    pub fn push(&mut self, rules: &Rules, mut bytes: &[u8], mut take: impl FnMut(Frame<'_>)) {
        if !self.has_begun {
            self.begin(bytes, &mut take);
        }
        while self.mode != Mode::Ended {
            let Some(end) = memchr(b'\n', bytes) else {
                return self.keep(rules, bytes, &mut take);
            };
            if matches!(self.mode, Mode::Unknown | Mode::Chunks) && rules.framing == Framing::Auto {
                self.mode = Mode::Lines;
            }
            self.end_line(rules, &bytes[..end], &mut take);
            bytes = &bytes[end + 1..];
        }
    }

    /// How many bytes are kept of a message that has no end yet.
    pub fn pending(&self) -> usize {
        self.beginning().len()
    }

    /// The bytes that are kept of a message that has no end yet.
    pub(super) fn beginning(&self) -> &[u8] {
        self.partial.as_ref().map_or(&[], |partial| &partial[..])
    }

    /// Gives up the message that has no end yet, as if it were too long: the rest of it is skipped.
    /// It answers whether there was one.
    pub fn refuse(&mut self) -> bool {
        let length = self.pending();
        if length > 0 {
            self.partial = None;
            self.skipped = length;
        }
        length > 0
    }

    /// How long to wait for more bytes before [`Decoder::quiet`] is due; `None` if nothing is
    /// pending or only a newline will end it.
    pub fn patience(&self, rules: &Rules) -> Option<Duration> {
        if self.length() == 0 {
            return None;
        }
        match self.mode {
            Mode::Unknown if self.beginning().starts_with(SECRET) => None,
            // One read is one message there, but it must not end in the middle of a character.
            Mode::Chunks
                if rules.framing == Framing::Chunks && !ends_mid_character(self.beginning()) =>
            {
                Some(Duration::ZERO)
            }
            Mode::Unknown | Mode::Mixed | Mode::Chunks => Some(QUIET),
            Mode::Lines => rules.line_patience,
            Mode::Ended => None,
        }
    }

    /// Nothing more has come for as long as [`Decoder::patience`] said: what is pending is a
    /// message.
    pub fn quiet(&mut self, rules: &Rules, take: impl FnMut(Frame<'_>)) {
        self.mode = match self.mode {
            Mode::Unknown => Mode::Chunks,
            Mode::Lines => Mode::Mixed,
            Mode::Mixed | Mode::Chunks | Mode::Ended => self.mode,
        };
        self.has_begun = true;
        self.finish(rules, take);
    }

    /// Nothing will ever come: what is pending is a message.
    pub fn finish(&mut self, rules: &Rules, mut take: impl FnMut(Frame<'_>)) {
        self.skipped = 0;
        if let Some(last) = self.partial.take() {
            take(rules.judge(&last));
        }
    }

    fn end_line(&mut self, rules: &Rules, end: &[u8], take: &mut impl FnMut(Frame<'_>)) {
        let length = self.length() + end.len();
        if length > rules.endless {
            if self.skipped == 0 {
                take(Frame::TooLong);
            }
            return self.end(Frame::Endless, take);
        }
        if mem::take(&mut self.skipped) > 0 {
            return;
        }
        // Most lines come whole and are given without a copy.
        match self.partial.take() {
            None => take(rules.judge(end)),
            Some(mut whole) => {
                whole.extend_from_slice(end);
                take(rules.judge(&whole));
            }
        }
    }

    fn keep(&mut self, rules: &Rules, bytes: &[u8], take: &mut impl FnMut(Frame<'_>)) {
        let length = self.length() + bytes.len();
        // One byte more than a line may have, since it may be the first half of CRLF.
        if self.skipped == 0 && length <= rules.line.saturating_add(1) {
            if !bytes.is_empty() {
                self.partial.get_or_insert_default().extend_from_slice(bytes);
            }
            return;
        }
        if self.skipped == 0 {
            take(Frame::TooLong);
        }
        self.partial = None;
        self.skipped = length;
        if length > rules.endless {
            self.end(Frame::Endless, take);
        }
    }

    /// How many bytes of the message have come that has no end yet.
    fn length(&self) -> usize {
        self.pending() + self.skipped
    }

    fn end(&mut self, last: Frame<'_>, take: &mut impl FnMut(Frame<'_>)) {
        *self = Decoder { mode: Mode::Ended, has_begun: true, ..Decoder::default() };
        take(last);
    }

    /// Looks at the connection's first two bytes, which tell if it speaks TLS: a record of the
    /// handshake kind, of any version.
    fn begin(&mut self, bytes: &[u8], take: &mut impl FnMut(Frame<'_>)) {
        let mut first = self.beginning().iter().chain(bytes).copied();
        match (first.next(), first.next()) {
            (None, _) | (Some(0x16), None) => {}
            (Some(0x16), Some(0x03)) => self.end(Frame::Tls, take),
            (Some(_), _) => self.has_begun = true,
        }
    }
}

/// Whether the last bytes are the beginning of a UTF-8 character whose rest has not come.
fn ends_mid_character(bytes: &[u8]) -> bool {
    let last = bytes.len().saturating_sub(3);
    let start = bytes[last..].iter().rposition(|&b| b >= 0xc0);
    start.is_some_and(|at| {
        // A character of several bytes says by its first one how many they are.
        let tail = &bytes[last + at..];
        tail.len() < tail[0].leading_ones() as usize && tail[0] < 0xf8
    })
}

#[cfg(test)]
mod tests;
