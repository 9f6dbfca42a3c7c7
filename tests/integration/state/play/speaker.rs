//! What follows from what one peer sends.

use std::time::Duration;

use chat_core::CloseReason;
use chat_core::wire::{Framing, Text};

use super::script::{Setup, Speech};

/// How long bytes stay without an end until they are a message.
pub(super) const QUIET: Duration = Duration::from_millis(20);

/// What one peer has sent, and the messages that follow from it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Speaker {
    framing: Framing,
    line: usize,
    endless: usize,
    is_tight: bool,
    /// Whether it is known which messages follow. It is not where bytes without an end meet delays.
    pub(super) is_exact: bool,
    /// How fast it may talk is limited.
    is_limited: bool,
    /// It has sent bytes without an end.
    leaves_open: bool,
    has_begun: bool,
    speaks_lines: bool,
    /// What was sent since the server last ran.
    unread: Vec<u8>,
    /// What is no message yet, and since when.
    pending: Vec<u8>,
    since: Duration,
    /// The pending message was refused already.
    is_refused: bool,
    /// Why what comes now does not count.
    pub(super) end: Option<CloseReason>,
    /// What the others are to read, and how much of that was told of.
    expected: Vec<String>,
    told: usize,
    /// All that was sent, without line ends, and where in it the last message was found.
    sent: String,
    found: usize,
    pub(super) refused: u64,
}

impl Speaker {
    pub(super) fn new(setup: &Setup) -> Speaker {
        let limits = &setup.config.limits;
        Speaker {
            framing: setup.config.framing,
            line: limits.line,
            endless: limits.endless_line,
            is_tight: setup.is_tight(),
            is_exact: !setup.is_tight(),
            is_limited: limits.flood.is_some(),
            leaves_open: false,
            has_begun: false,
            speaks_lines: setup.config.framing == Framing::Lines,
            unread: Vec::new(),
            pending: Vec::new(),
            since: Duration::ZERO,
            is_refused: false,
            end: None,
            expected: Vec::new(),
            told: 0,
            sent: String::new(),
            found: 0,
            refused: 0,
        }
    }

    /// The bytes of a speech, in which each text is one that was never said before.
    pub(super) fn put(&self, what: Speech, serial: &mut usize) -> Vec<u8> {
        let mut text = |filler: usize| {
            *serial += 1;
            format!("t{serial}.{}", "-".repeat(filler))
        };
        match what {
            Speech::Lines { count, filler } => {
                (0..count).map(|_| text(filler) + "\n").collect::<String>().into()
            }
            Speech::Crlf { filler } => (text(filler) + "\r\n").into(),
            Speech::Part { filler } => text(filler).into(),
            Speech::Newline => b"\n".to_vec(),
            Speech::Blank => b" \t\n\r\n".to_vec(),
            Speech::Longest { more } => {
                let filled = format!("{:-<1$}", text(0), self.line + more);
                (filled + "\r\n").into()
            }
            Speech::Endless { more } => vec![b'~'; self.endless + 1 + more],
            Speech::Exit { is_ended } => if is_ended { " eXit \n" } else { "exit" }.into(),
            Speech::Garbage { seed, is_ended } => {
                let odd = [0x1b, 0xff, 0x80, 0xc3, 0xe2, 0x07, b'x', b'\r', 0xf0, 0x9f];
                let mut bytes = text(0).into_bytes();
                bytes.extend((0..seed % 8).map(|at| odd[usize::from(seed / 8 + at) % odd.len()]));
                bytes.extend(is_ended.then_some(b'\n'));
                bytes
            }
            Speech::Tls => vec![0x16, 0x03, 0x01, 0x02, 0x00],
        }
    }

    /// It sends these bytes, which the server reads when it runs.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.unread.extend(bytes);
        self.leaves_open |= bytes.last().is_some_and(|&last| last != b'\n');
        // It may be cut in the middle of a character, which the server waits for a moment to see.
        self.is_exact &= self.framing != Framing::Chunks || bytes.is_ascii();
        self.doubt();
        let text = String::from_utf8_lossy(bytes);
        self.sent.extend(text.chars().filter(|c| !matches!(c, '\n' | '\r')));
    }

    /// How fast it may talk changes.
    pub(super) fn limit(&mut self, is_limited: bool) {
        self.is_limited |= is_limited;
        self.doubt();
    }

    fn doubt(&mut self) {
        self.is_exact &= !(self.leaves_open && (self.is_limited || self.is_tight));
    }

    /// Whether the server never leaves what it sends where it is.
    pub(super) fn is_read_at_once(&self) -> bool {
        !self.is_limited && !self.is_tight
    }

    /// Whether what it is sent may end with no newline.
    pub(super) fn may_speak_chunks(&self) -> bool {
        match self.framing {
            Framing::Lines => false,
            Framing::Chunks => true,
            _ => self.leaves_open,
        }
    }

    /// What it sent last and the server has not read is lost.
    pub(super) fn lose(&mut self) {
        self.unread.clear();
    }

    /// The server runs.
    pub(super) fn settle(&mut self, now: Duration) {
        let unread = std::mem::take(&mut self.unread);
        if unread.is_empty() || self.end.is_some() {
            return;
        }
        if !self.has_begun && unread.starts_with(&[0x16, 0x03]) {
            self.end = Some(CloseReason::OtherProtocol);
            return;
        }
        self.has_begun = true;
        self.since = now;
        for byte in unread {
            match byte {
                b'\n' => {
                    self.speaks_lines |= self.framing == Framing::Auto;
                    self.complete();
                }
                byte => self.add(byte),
            }
            if self.end.is_some() {
                return;
            }
        }
        if self.framing == Framing::Chunks {
            self.complete();
        }
    }

    /// Time has gone by.
    pub(super) fn elapse(&mut self, now: Duration) {
        if !self.speaks_lines && !self.pending.is_empty() && now.saturating_sub(self.since) >= QUIET
        {
            self.complete();
        }
    }

    /// Nothing will ever come.
    pub(super) fn finish(&mut self, reason: CloseReason) {
        if self.end.is_none() {
            self.complete();
            self.end.get_or_insert(reason);
        }
    }

    fn add(&mut self, byte: u8) {
        self.pending.push(byte);
        // The last one could be the first half of CRLF.
        if self.pending.len() > self.line + 1 {
            self.refuse();
        }
        if self.pending.len() > self.endless {
            self.end = Some(CloseReason::EndlessLine);
        }
    }

    fn refuse(&mut self) {
        self.refused += u64::from(!std::mem::replace(&mut self.is_refused, true));
    }

    fn complete(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let line = pending.strip_suffix(b"\r").unwrap_or(&pending);
        if line.len() > self.line {
            self.refuse();
        }
        if std::mem::take(&mut self.is_refused) {
            return;
        }
        let Some(text) = Text::lossy(line) else { return };
        if text.trim().eq_ignore_ascii_case("exit") {
            self.end = Some(CloseReason::Exit);
        } else {
            self.expected.push(text.to_string());
        }
    }

    /// The server says that this was said.
    pub(super) fn is_told(&mut self, text: &str) {
        if self.is_exact {
            assert_eq!(self.expected.get(self.told).map(String::as_str), Some(text));
        } else if text.is_ascii() {
            let at = self.sent[self.found..].find(text);
            let at = at.unwrap_or_else(|| panic!("{text:?} is not what comes next"));
            self.found += at + text.len();
        }
        self.told += 1;
    }

    /// All that it said must have been told by now.
    pub(super) fn is_done(&self) {
        if self.is_exact {
            assert_eq!(self.expected.get(self.told), None, "it was told {} lines", self.told);
        }
    }
}
