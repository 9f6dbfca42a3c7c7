//! The sanitiser: bytes of any kind become one line of safe text.

use super::fate::Fate;
use super::invisible::has_use;

/// How many combining marks may follow one another: as many as in the Stream-Safe Text Format of
/// Unicode UAX 15. No language needs so many; what has more climbs over the lines around it.
const MOST_MARKS: u8 = 30;

/// Gives the safe form of `bytes`: themselves if they are plain, else made in `scratch`.
///
/// The answer is valid UTF-8, and its own safe form.
pub(in crate::wire) fn clean<'a>(bytes: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if is_plain(bytes) {
        return bytes;
    }
    scratch.clear();
    let mut cleaner = Cleaner::new(scratch);
    for chunk in bytes.utf8_chunks() {
        cleaner.take(chunk.valid());
        if !chunk.invalid().is_empty() {
            cleaner.take("\u{fffd}");
        }
    }
    cleaner.settle(None);
    scratch
}

/// Whether there is nothing to see in these bytes.
pub(in crate::wire) fn is_blank(bytes: &[u8]) -> bool {
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

/// A line in the making.
#[derive(Debug)]
struct Cleaner<'a> {
    out: &'a mut Vec<u8>,
    /// The last character that stayed. A line starts as a word does, after a space.
    before: char,
    /// How many combining marks have come since the last character that is none.
    marks: u8,
    /// An invisible character that stays only if it has a use before what comes next.
    waiting: Option<char>,
}

impl<'a> Cleaner<'a> {
    fn new(out: &'a mut Vec<u8>) -> Cleaner<'a> {
        Cleaner { out, before: ' ', marks: 0, waiting: None }
    }

    /// Adds the safe form of what comes next. What stays as it is, is copied a run at a time.
    fn take(&mut self, text: &str) {
        let mut run = 0;
        for (at, c) in text.char_indices() {
            let safe = self.judge(c);
            if safe == Some(c) {
                continue;
            }
            self.out.extend_from_slice(&text.as_bytes()[run..at]);
            run = at + c.len_utf8();
            if let Some(safe) = safe {
                push(self.out, safe);
            }
        }
        self.out.extend_from_slice(&text.as_bytes()[run..]);
    }

    /// What is to be in the place of this character now, if anything is.
    fn judge(&mut self, c: char) -> Option<char> {
        let safe = match Fate::of(c) {
            Fate::Keep | Fate::Emoji => {
                self.marks = 0;
                c
            }
            Fate::Mark if self.marks == MOST_MARKS => return None,
            Fate::Mark => {
                self.marks += 1;
                c
            }
            Fate::Replace => {
                self.marks = 0;
                char::REPLACEMENT_CHARACTER
            }
            Fate::Remove => return None,
            Fate::Wait => {
                self.settle(Some(c));
                self.waiting = Some(c);
                return None;
            }
        };
        self.settle(Some(safe));
        self.before = safe;
        Some(safe)
    }

    /// Adds the character that waits, if it has a use here. Only what was left out has come since,
    /// so that its place is still the end of the line.
    fn settle(&mut self, next: Option<char>) {
        let Some(waiting) = self.waiting.take() else { return };
        if has_use(waiting, self.before, next) {
            push(self.out, waiting);
            self.before = waiting;
        }
    }
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
