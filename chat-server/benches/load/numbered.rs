//! Numbered lines: what the senders say, and the proof at a receiver that all of it arrived, once,
//! unharmed and in order.

use crate::Result;

/// Each line of a sender starts with a letter for the sender, and this many digits for its number.
const DIGITS: usize = 12;

/// The lines of one sender: all of the same length, each with the next number.
#[derive(Clone, Debug)]
pub(crate) struct Numbered {
    text: Vec<u8>,
}

impl Numbered {
    /// The first line of a sender; `bytes` is its length with the newline.
    pub(crate) fn new(sender: usize, bytes: usize) -> Self {
        const FILLER: &[u8] = b" the quick brown fox jumps over the lazy dog";
        let mut text = Vec::with_capacity(bytes);
        text.push(b'A' + u8::try_from(sender % 26).unwrap_or(0));
        text.resize(1 + DIGITS, b'0');
        text.extend(FILLER.iter().cycle().take(bytes.saturating_sub(text.len() + 1)));
        text.push(b'\n');
        Self { text }
    }

    /// The line, with its newline.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The number of this line.
    pub(crate) fn number(&self) -> u64 {
        self.number_of(&self.text).unwrap_or(0)
    }

    /// The number of a line of the same sender; none if the line is anything else.
    pub(crate) fn number_of(&self, line: &[u8]) -> Option<u64> {
        let (letter, filler) = (&self.text[..1], &self.text[1 + DIGITS..]);
        let digits = line.strip_prefix(letter)?.strip_suffix(filler)?;
        if digits.len() != DIGITS {
            return None;
        }
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
        })
    }

    /// Goes on to the next number. Counting in the digits themselves changes one byte nine times
    /// out of ten, and makes comparing a line with the expected one a single `memcmp`.
    pub(crate) fn advance(&mut self) {
        for digit in self.text[1..=DIGITS].iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
    }
}

/// Reads along at one receiver and compares each line with the one that must come next.
///
/// The other receivers are only counted in bytes, which costs next to nothing; the server sends
/// them the same bytes.
#[derive(Debug)]
pub(crate) struct Witness {
    /// Which client it is.
    peer: usize,
    /// The length of a line as it is delivered: with the author's name before the text.
    line_bytes: usize,
    /// The next line of each sender.
    expected: Vec<Numbered>,
    /// The start of a line whose rest has not come yet.
    partial: Vec<u8>,
}

impl Witness {
    /// Expects these lines next, in any mixture of the senders.
    pub(crate) fn new(peer: usize, line_bytes: usize, expected: Vec<Numbered>) -> Self {
        Self { peer, line_bytes, expected, partial: Vec::with_capacity(line_bytes) }
    }

    /// Compares what came for a client, if it is the one watched.
    pub(crate) fn check(&mut self, peer: usize, mut bytes: &[u8]) -> Result<()> {
        if peer != self.peer {
            return Ok(());
        }
        if !self.partial.is_empty() {
            let rest = bytes.len().min(self.line_bytes - self.partial.len());
            self.partial.extend_from_slice(&bytes[..rest]);
            bytes = &bytes[rest..];
            if self.partial.len() < self.line_bytes {
                return Ok(());
            }
            check_line(&mut self.expected, &self.partial)?;
            self.partial.clear();
        }
        let lines = bytes.chunks_exact(self.line_bytes);
        self.partial.extend_from_slice(lines.remainder());
        for line in lines {
            check_line(&mut self.expected, line)?;
        }
        Ok(())
    }
}

/// Compares one line with the next one of its sender, and goes on to the one after that.
fn check_line(expected: &mut [Numbered], line: &[u8]) -> Result<()> {
    // All texts are of the same length, and the author's name before them is not our concern.
    let length = expected.first().map_or(0, |next| next.text().len());
    let text = &line[line.len() - length..];
    let sender = text.first().map_or(0, |letter| usize::from(letter.wrapping_sub(b'A')));
    let next = expected.get_mut(sender).ok_or_else(|| unexpected(text, b"another line"))?;
    if text != next.text() {
        return Err(unexpected(text, next.text()).into());
    }
    next.advance();
    Ok(())
}

/// Says which line came and which should have come.
fn unexpected(came: &[u8], expected: &[u8]) -> String {
    format!(
        "lines were lost, doubled, changed or reordered: `{}` came instead of `{}`",
        came.trim_ascii_end().escape_ascii(),
        expected.trim_ascii_end().escape_ascii()
    )
}
