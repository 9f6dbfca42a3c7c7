//! Text that no terminal can be hurt by.
//!
//! The chat relays what strangers type to other people's terminals. A line that carries an escape
//! sequence could recolour, retitle or clear them; one with a carriage return or a bidirectional
//! override could pass for somebody else's line. So text is made safe once, where it comes in.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

/// One line of text, not empty, that is safe to show on any terminal.
///
/// It is valid UTF-8 without line breaks, without control characters other than tab, without
/// controls of the writing direction and without characters that cannot be seen. It can only be
/// built that way. A clone shares the text.
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
    /// It has a character that never reaches a terminal.
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
        if clean(bytes, &mut safe) == bytes {
            return Ok(Text(text.into()));
        }
        if text.contains(['\n', '\r']) {
            return Err(TextError::LineBreak);
        }
        // The first character that is not kept is what the caller wants to know of.
        let kept = String::from_utf8_lossy(&safe);
        let first = text.chars().zip(kept.chars()).find(|(given, kept)| given != kept);
        Err(TextError::Unsafe(
            first.map_or_else(|| text.chars().last(), |(given, _)| Some(given)).unwrap_or_default(),
        ))
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

/// Gives the safe form of `bytes`: themselves if they are plain, else made in `scratch`.
///
/// The answer is valid UTF-8.
pub(super) fn clean<'a>(bytes: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if is_plain(bytes) {
        return bytes;
    }
    scratch.clear();
    let mut joiner = None;
    let mut before = ' ';
    for chunk in bytes.utf8_chunks() {
        let broken =
            if chunk.invalid().is_empty() { None } else { Some(char::REPLACEMENT_CHARACTER) };
        for c in chunk.valid().chars().chain(broken) {
            let safe = match fate(c) {
                Fate::Keep => c,
                Fate::Replace => char::REPLACEMENT_CHARACTER,
                Fate::Remove => continue,
                Fate::Join => {
                    joiner = Some(c);
                    continue;
                }
            };
            // A joiner stays between two characters that it can join, as in emoji sequences and in
            // Persian and Indic words; anywhere else it would be an invisible character.
            if let Some(joiner) = joiner.take().filter(|_| is_joined(before) && is_joined(safe)) {
                push(scratch, joiner);
            }
            push(scratch, safe);
            before = safe;
        }
    }
    scratch
}

/// Whether there is nothing to see in these bytes.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    let first = bytes.first().copied().unwrap_or(b' ');
    // One look at the first byte answers for nearly every line.
    if first.is_ascii_graphic() {
        return false;
    }
    str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty())
}

/// Whether all is printable ASCII or tab, as nearly all lines are.
///
/// Written without an early exit within a block, so that it compiles to vector instructions.
fn is_plain(bytes: &[u8]) -> bool {
    let plain = |b: u8| u8::from((0x20..0x7f).contains(&b)) | u8::from(b == b'\t');
    bytes.chunks(64).all(|block| block.iter().fold(1, |all, &b| all & plain(b)) == 1)
}

/// What becomes of a character.
enum Fate {
    Keep,
    /// It would act on a terminal: readers see that something was there.
    Replace,
    /// It cannot be seen, so that its only use in a line is to deceive.
    Remove,
    /// It is invisible and has a use between certain characters only.
    Join,
}

fn fate(c: char) -> Fate {
    match c {
        '\t' => Fate::Keep,
        // C0, DEL, C1, and the line and paragraph separators.
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => Fate::Replace,
        // Zero-width non-joiner and joiner.
        '\u{200c}' | '\u{200d}' => Fate::Join,
        _ if is_invisible(c) => Fate::Remove,
        _ => Fate::Keep,
    }
}

/// Whether a character shows nothing, and is not one of those that join.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        // Soft hyphen, Hangul fillers, Khmer inherent vowels, Mongolian vowel separator.
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        // Bidirectional marks, embeddings, overrides and isolates (Unicode UAX 9).
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Zero-width space, word joiner, invisible operators, deprecated format characters.
        | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
        // Hangul fillers, interlinear annotations, shorthand format controls.
        | '\u{3164}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        // Musical format controls, tag characters, and the rest of their plane's ignorables.
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}'
    )
}

fn is_joined(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace()
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lossy(bytes: &[u8]) -> String {
        Text::lossy(bytes).map_or_else(String::new, |text| text.to_string())
    }

    #[test]
    fn what_would_act_on_a_terminal_is_replaced() {
        for (attack, safe) in [
            (&b"\x1b[2J"[..], "\u{fffd}[2J"),
            (b"a\rb", "a\u{fffd}b"),
            (b"nul\0", "nul\u{fffd}"),
            ("csi \u{9b}31m".as_bytes(), "csi \u{fffd}31m"),
            ("next\u{85}line".as_bytes(), "next\u{fffd}line"),
            ("line\u{2028}sep".as_bytes(), "line\u{fffd}sep"),
            (b"latin1 \xe9t\xe9", "latin1 \u{fffd}t\u{fffd}"),
            (b"del\x7f", "del\u{fffd}"),
        ] {
            assert_eq!(lossy(attack), safe);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        for (attack, safe) in [
            ("over\u{202e}ride", "override"),
            ("iso\u{2066}late\u{2069}", "isolate"),
            ("zero\u{200b}width", "zerowidth"),
            ("\u{feff}bom", "bom"),
            ("tag\u{e0041}", "tag"),
            ("join\u{200d}ed ascii", "joined ascii"),
            ("ends in a joiner é\u{200d}", "ends in a joiner é"),
            (" \u{200b}\u{2060} ", ""),
        ] {
            assert_eq!(lossy(attack.as_bytes()), safe);
        }
    }

    #[test]
    fn what_people_write_stays_whole() {
        for text in [
            "שלום",
            "مرحبا",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "e\u{301}",
            "👩‍👩‍👧‍👦",
            "❤️‍🔥",
            "🇮🇱",
            "a\tb",
            "日本語",
        ] {
            assert_eq!(lossy(text.as_bytes()), text);
            assert_eq!(Text::new(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_strict_text_says_what_is_wrong() {
        assert_eq!(Text::new(" \t"), Err(TextError::Blank));
        assert_eq!(Text::new(""), Err(TextError::Blank));
        assert_eq!(Text::new("a\r\nb"), Err(TextError::LineBreak));
        assert_eq!(Text::new("a\x1b[0m"), Err(TextError::Unsafe('\x1b')));
        assert_eq!(Text::new("a\u{202e}b"), Err(TextError::Unsafe('\u{202e}')));
        assert_eq!(Text::new("ab\u{200b}"), Err(TextError::Unsafe('\u{200b}')));
    }
}
