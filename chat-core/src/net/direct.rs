//! Lines for one connection alone.

/// Lines that wait to be written to one connection, beside what it reads from its room's log.
///
/// Nearly every connection has none nearly always: then this is one null pointer.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// How many of the bytes are out.
    written: usize,
}

impl Direct {
    /// Adds lines, each with its newline, unless more than `limit` bytes would wait then.
    #[must_use]
    pub(crate) fn push(&mut self, lines: &[u8], limit: usize) -> bool {
        if self.len() + lines.len() > limit {
            return false;
        }
        let waiting = self.waiting.get_or_insert_default();
        waiting.bytes.drain(..waiting.written);
        waiting.written = 0;
        waiting.bytes.extend_from_slice(lines);
        true
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.bytes().len()
    }

    /// How many lines wait, one that is written in part included.
    pub(crate) fn lines(&self) -> u64 {
        memchr::memchr_iter(b'\n', self.bytes()).count() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_none()
    }

    /// What is to be written next.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.waiting.as_ref().map_or(&[], |waiting| &waiting.bytes[waiting.written..])
    }

    /// Whether a line of these has been written in part, so that its rest must come next.
    pub(crate) fn is_inside_a_line(&self) -> bool {
        let Some(waiting) = &self.waiting else { return false };
        let last = waiting.written.checked_sub(1);
        last.is_some_and(|last| waiting.bytes[last] != b'\n')
    }

    /// Notes that so many bytes are out, and gives the memory back with the last of them.
    pub(crate) fn advance(&mut self, written: usize) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.written += written;
        if waiting.written >= waiting.bytes.len() {
            self.waiting = None;
        }
    }
}
