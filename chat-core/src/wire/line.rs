//! What a server sends, line by line.

use std::fmt;
use std::io::Write;

use memchr::memchr_iter;

use super::text::Text;

/// A line from a server, taken apart.
///
/// Its `Display` form is the line as it came.
///
/// ```
/// use chat_core::wire::{Line, Text};
///
/// let line = Line::from(Text::new("51839: Hello: everyone!")?);
/// let Line::Message { from, text } = &line else { panic!() };
/// assert_eq!((&**from, &**text), ("51839", "Hello: everyone!"));
/// # Ok::<(), chat_core::wire::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Line {
    /// `NAME: text`, said by another client.
    Message {
        /// Who said it: its name, or the port of its connection if it has none.
        from: Text,
        /// What it said.
        text: Text,
    },
    /// `* text`, from the server itself.
    Notice(
        /// The notice without its star.
        Text,
    ),
    /// Anything else, such as what a client does (`NAME * text`), or a line of another kind of server.
    Other(
        /// The whole line.
        Text,
    ),
}

impl From<Text> for Line {
    fn from(line: Text) -> Line {
        if let Some(Ok(notice)) = line.strip_prefix("* ").map(Text::new) {
            return Line::Notice(notice);
        }
        // A name has no white space in it, so that a sentence with a colon is not taken for one.
        let parts = line.split_once(": ").filter(|(name, _)| !name.contains(char::is_whitespace));
        match parts.map(|(name, text)| (Text::new(name), Text::new(text))) {
            Some((Ok(from), Ok(text))) => Line::Message { from, text },
            _ => Line::Other(line),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Message { from, text } => write!(f, "{from}: {text}"),
            Line::Notice(text) => write!(f, "* {text}"),
            Line::Other(line) => write!(f, "{line}"),
        }
    }
}

/// The bytes of a notice, its newline included.
pub(crate) fn notice(text: &Text) -> Vec<u8> {
    format!("* {text}\n").into_bytes()
}

/// How many lines end in these bytes.
pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// `NAME: `, what a message starts with on the others' screens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    bytes: [u8; Prefix::MAX],
    len: u8,
}

impl Prefix {
    /// The digits of a port, a colon and a space.
    const MAX: usize = 7;

    /// The prefix of a client that goes by its port number.
    pub(crate) fn of_port(port: u16) -> Prefix {
        let mut bytes = [0; Prefix::MAX];
        let mut rest = &mut bytes[..];
        // There is room for the longest port, so that this cannot fail.
        let written = write!(rest, "{port}: ").map(|()| rest.len());
        let len = written.map_or(0, |left| Prefix::MAX - left);
        Prefix { bytes, len: u8::try_from(len).unwrap_or(0) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_it_was() {
        for line in
            ["51839: hi", "* full: try later", "hello there: you", ": x", "* ", "a:b", "1: "]
        {
            let Some(text) = Text::lossy(line.as_bytes()) else { continue };
            assert_eq!(Line::from(text.clone()).to_string(), text.as_str());
        }
    }

    #[test]
    fn ports_of_every_length() {
        for port in [0, 1, 80, 65535] {
            assert_eq!(Prefix::of_port(port).as_bytes(), format!("{port}: ").as_bytes());
        }
    }
}
