//! Text that no terminal can be hurt by.
//!
//! The chat relays what strangers type to other people's terminals. A line that carries an escape
//! sequence could recolour, retitle or clear them; one with a carriage return or a bidirectional
//! override could pass for somebody else's line. So text is made safe once, where it comes in.
//!
//! What may pass is decided by category, and nothing else passes: Unicode grows, and a list of what
//! is bad is never complete.

mod clean;
mod fate;
mod invisible;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

pub(super) use clean::{clean, is_blank};

/// One line of text, not empty, that is safe to show on any terminal.
///
/// It is valid UTF-8 and has only letters, marks, numbers, punctuation, symbols and spaces, as
/// Unicode sorts them, and tabs. So it has no line breaks, no control characters, no controls of
/// the writing direction, and nothing that is not assigned. Characters that cannot be seen are in it
/// only where they have a use, such as the joiners within an emoji or a Persian word. There are at most
/// 30 combining marks in a row. It can only be built that way. A clone shares the text.
///
/// ```
/// use chat_core::wire::{Text, TextError};
///
/// assert_eq!(&*Text::new("שלום, 👩‍🚀!")?, "שלום, 👩‍🚀!");
/// assert_eq!(Text::new("two\nlines"), Err(TextError::LineBreak));
/// assert_eq!(&*Text::lossy(b"red \x1b[31m").unwrap(), "red \u{fffd}[31m");
/// # Ok::<(), TextError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Arc<str>);

/// Why a string is not a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// There is nothing in it but white space.
    #[error("a line needs at least one visible character")]
    Blank,
    /// It is more than one line.
    #[error("a line cannot contain a line break")]
    LineBreak,
    /// It has a character that never reaches a terminal, or does not in such a place.
    #[error("a line cannot contain the character {}", .0.escape_unicode())]
    Unsafe(char),
}

impl Text {
    /// Takes a string as it is, or not at all.
    ///
    /// # Errors
    ///
    /// [`TextError`] says what in the string cannot be part of a line.
    pub fn new(text: &str) -> Result<Text, TextError> {
        let bytes = text.as_bytes();
        if is_blank(bytes) {
            return Err(TextError::Blank);
        }
        let mut safe = Vec::new();
        let safe = clean(bytes, &mut safe);
        if safe == bytes {
            return Ok(Text(text.into()));
        }
        if text.contains(['\n', '\r']) {
            return Err(TextError::LineBreak);
        }
        // The first character that is not kept is what the caller wants to know of.
        let safe = String::from_utf8_lossy(safe);
        let mut kept = safe.chars();
        let lost = text.chars().find(|given| kept.next() != Some(*given));
        Err(TextError::Unsafe(lost.unwrap_or_default()))
    }

    /// Makes any bytes safe: what must not reach a terminal is replaced by U+FFFD or, where it
    /// could not be seen anyway, left out. `None` if nothing visible is left.
    pub fn lossy(bytes: &[u8]) -> Option<Text> {
        let mut safe = Vec::new();
        let safe = clean(bytes, &mut safe);
        if is_blank(safe) {
            return None;
        }
        // What `clean` gives is valid UTF-8, so that this only looks.
        Some(Text(String::from_utf8_lossy(safe).into()))
    }

    /// A text of what a program gives for somebody to read: made safe, and a dash if it is blank.
    pub(crate) fn shown(given: &str) -> Text {
        Text::lossy(given.as_bytes()).unwrap_or_else(|| Text("-".into()))
    }

    /// The line as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Text {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Text, TextError> {
        Text::new(text)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
