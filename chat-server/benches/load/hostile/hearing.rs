//! What one honest client hears: a stream of bytes, cut into lines, and what each line is.

use crate::Result;

/// More of a line than this is not kept: an honest one is shorter.
const KEPT: usize = 256;

/// Cuts what arrives for one client into lines.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// The start of a line whose rest has not come yet, as far as it is kept.
    partial: Vec<u8>,
}

/// Who says a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line<'a> {
    /// A client with this port, and what it says.
    Said(u16, &'a [u8]),
    /// The server itself, or something that is no line of a chat.
    Other,
}

impl Hearing {
    /// Hands over each line that is complete now, with its newline unless it is too long.
    pub(super) fn hear(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        if !self.partial.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let (rest, after) = bytes.split_at(end.map_or(bytes.len(), |newline| newline + 1));
            self.keep(rest);
            if end.is_none() {
                return Ok(());
            }
            each(&self.partial)?;
            self.partial.clear();
            bytes = after;
        }
        let mut start = 0;
        for newline in memchr::memchr_iter(b'\n', bytes) {
            each(&bytes[start..=newline])?;
            start = newline + 1;
        }
        self.keep(&bytes[start..]);
        Ok(())
    }

    /// Adds to the line that is not complete.
    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT - self.partial.len();
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl<'a> Line<'a> {
    /// Reads `PORT: TEXT`.
    pub(super) fn read(line: &'a [u8]) -> Self {
        let mut port = 0_u16;
        for (place, &byte) in line.iter().enumerate() {
            if byte.is_ascii_digit() {
                let more =
                    port.checked_mul(10).and_then(|port| port.checked_add((byte - b'0').into()));
                let Some(more) = more else { return Self::Other };
                port = more;
                continue;
            }
            return match line[place..].strip_prefix(b": ") {
                Some(text) if place > 0 => Self::Said(port, text),
                _ => Self::Other,
            };
        }
        Self::Other
    }
}
