//! Lines of a chat, always the same ones.

use std::fmt::Write;

use chat_core::store::Lines;
use chat_core::wire::RoomName;

use crate::Result;

/// How many words there are but for the special ones: the first are said often, the last seldom.
const WORDS: f64 = 20_000.0;
/// The line that has the rare word.
const RARE: u64 = 123_456;

/// What is said in one room.
#[derive(Debug)]
pub(crate) struct Talk {
    seq: u64,
    next: u64,
    random: u64,
    bytes: u64,
    has_labels: bool,
}

impl Default for Talk {
    fn default() -> Talk {
        Talk { seq: 0, next: 1, random: 0x9e37_79b9_7f4a_7c15, bytes: 0, has_labels: false }
    }
}

impl Talk {
    /// One in which each line has a label.
    pub(crate) fn with_labels() -> Talk {
        Talk { has_labels: true, ..Talk::default() }
    }

    /// How many bytes were said.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many lines were said.
    pub(crate) fn said(&self) -> u64 {
        self.next - 1
    }

    /// The next lines, of so many bytes at least.
    pub(crate) fn batch(&mut self, bytes: usize) -> Result<Lines> {
        self.batch_in(&RoomName::new("lobby")?, bytes)
    }

    /// The next lines, said in this room.
    pub(crate) fn batch_in(&mut self, room: &RoomName, bytes: usize) -> Result<Lines> {
        let (mut text, mut marks) = (String::with_capacity(bytes + 200), Vec::new());
        while text.len() < bytes {
            self.say(&mut text, &mut marks)?;
        }
        self.seq += 1;
        self.bytes += text.len() as u64;
        let lines = Lines::read(self.seq, room.clone(), &marks, text.as_bytes());
        Ok(lines.ok_or("the lines do not fit together")?)
    }

    fn say(&mut self, text: &mut String, marks: &mut Vec<u8>) -> Result<()> {
        let author = self.random() % 200;
        let start = text.len();
        write!(text, "user{author}")?;
        let called = u16::try_from(text.len() - start)?;
        let parity = if self.next.is_multiple_of(2) { "even" } else { "odd" };
        write!(text, ": chat {parity}")?;
        for _ in 0..6 {
            // Of random numbers that are alike in their logarithms, small ones are more frequent.
            let share = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
            write!(text, " w{}", WORDS.powf(share) as u64)?;
        }
        if self.next == RARE {
            text.push_str(" zanzibar");
        }
        text.push('\n');
        // As the store's format has it: flags, kind, length of the name, lines, number, time, session
        // and label.
        marks.extend([if self.has_labels { 3 } else { 1 }, 0]);
        marks.extend(called.to_le_bytes());
        marks.extend(1_u32.to_le_bytes());
        marks.extend(self.next.to_le_bytes());
        marks.extend((1_800_000_000_000 + self.next).to_le_bytes());
        let session = if self.has_labels { self.next % 1000 } else { author };
        marks.extend(u32::try_from(session + 1)?.to_le_bytes());
        if self.has_labels {
            let label = format!("{:08}", self.next);
            marks.extend(8_u32.to_le_bytes());
            marks.extend(label.as_bytes());
        }
        self.next += 1;
        Ok(())
    }

    /// A generator by Marsaglia, "Xorshift RNGs", 2003.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
