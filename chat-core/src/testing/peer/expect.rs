//! The other end of a connection: what it reads, and what it is to read.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read};

use super::super::patience::Deadline;
use super::super::transcript::{Visible, Way};
use super::Peer;

/// Reading. What is read is taken: the next call begins behind it. Each of these panics with the
/// transcript of both sides, if what it waits for does not come in time, if the stream ends before
/// it, or if the connection breaks; the items say what else they panic at.
impl Peer {
    /// The next line, without its newline.
    ///
    /// # Panics
    ///
    /// If it is not valid UTF-8.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let deadline = self.deadline();
        // What was searched already need not be searched again for every piece that comes.
        let mut searched = 0;
        loop {
            if let Some(at) = self.waiting[searched..].iter().position(|&byte| byte == b'\n') {
                let mut line = self.take(searched + at + 1);
                line.pop();
                return String::from_utf8(line)
                    .unwrap_or_else(|error| self.fail(&format!("got a line that is {error}")));
            }
            searched = self.waiting.len();
            if !self.fill(deadline, "a line") {
                self.fail("the stream ended where a line was expected");
            }
        }
    }

    /// Reads a line, which is to be this one.
    ///
    /// # Panics
    ///
    /// If it is another one.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        let got = self.line();
        if got != line {
            self.fail(&format!("expected the line {line:?}, got {got:?}"));
        }
    }

    /// Reads lines, which are to be these.
    ///
    /// # Panics
    ///
    /// If one of them is another one.
    #[track_caller]
    pub fn expect_all<S: AsRef<str>>(&mut self, lines: impl IntoIterator<Item = S>) {
        for line in lines {
            self.expect(line.as_ref());
        }
    }

    /// Reads as many bytes as these, which they are to be.
    ///
    /// # Panics
    ///
    /// As soon as other ones come.
    #[track_caller]
    pub fn expect_bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let deadline = self.deadline();
        let mut checked = 0;
        loop {
            let come = self.waiting.len().min(bytes.len());
            if self.waiting[checked..come] != bytes[checked..come] {
                self.differ(bytes, &self.waiting);
            }
            if come == bytes.len() {
                self.take(come);
                return;
            }
            checked = come;
            let due = Visible(&bytes[come..]);
            if !self.fill(deadline, format_args!("the bytes \"{due}\"")) {
                self.fail(&format!("the stream ended before the bytes \"{due}\""));
            }
        }
    }

    /// Reads the end of the stream, with nothing before it.
    ///
    /// # Panics
    ///
    /// If there is something before it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        self.expect_rest("");
    }

    /// Reads to the end of the stream, and what comes before it is to be this.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn expect_rest(&mut self, bytes: impl AsRef<[u8]>) {
        let rest = self.rest();
        if rest != bytes.as_ref() {
            self.differ(bytes.as_ref(), &rest);
        }
    }

    /// All that still comes until the stream ends.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let deadline = self.deadline();
        while self.fill(deadline, "the end of the stream") {}
        self.take(self.waiting.len())
    }

    /// All that still comes until the stream ends or breaks: for peers that the server does not
    /// close in good order, since it cannot.
    #[track_caller]
    pub fn rest_until_broken(&mut self) -> Vec<u8> {
        let deadline = self.deadline();
        loop {
            match self.try_fill(deadline) {
                Ok(1..) => {}
                Err(error) if is_timeout(&error) => {
                    self.fail("waited in vain for the end of the stream")
                }
                Ok(0) | Err(_) => return self.take(self.waiting.len()),
            }
        }
    }

    /// Reads once, at most this many bytes, as a slow reader would. Empty at the end of the
    /// stream.
    #[track_caller]
    pub fn sip(&mut self, most: usize) -> Vec<u8> {
        if self.waiting.is_empty() {
            let mut buffer = vec![0; most];
            match self.read(self.deadline(), &mut buffer) {
                Ok(count) => buffer.truncate(count),
                Err(error) => self.fail(&format!("cannot read: {error}")),
            }
            return buffer;
        }
        self.take(most.min(self.waiting.len()))
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.patience)
    }

    /// Fails the test, and shows from where on what came is not what it was to be.
    #[track_caller]
    fn differ(&self, expected: &[u8], got: &[u8]) -> ! {
        let same = expected.iter().zip(got).take_while(|(one, other)| one == other).count();
        let (due, came) = (Visible(&expected[same..]), Visible(&got[same..]));
        self.fail(&format!(
            "after {same} bytes as expected, expected\n  \"{due}\", got\n  \"{came}\""
        ))
    }

    /// Takes bytes out of those that wait.
    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.waiting.split_off(count);
        std::mem::replace(&mut self.waiting, rest)
    }

    /// Waits for more bytes. It answers whether there are any: if not, the stream has ended.
    #[track_caller]
    fn fill(&mut self, deadline: Deadline, what: impl Display) -> bool {
        match self.try_fill(deadline) {
            Ok(count) => count > 0,
            Err(error) if is_timeout(&error) => {
                self.fail(&format!("waited {:?} in vain for {what}", self.patience))
            }
            Err(error) => self.fail(&format!("got an error instead of {what}: {error}")),
        }
    }

    fn try_fill(&mut self, deadline: Deadline) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let count = self.read(deadline, &mut buffer)?;
        self.waiting.extend_from_slice(&buffer[..count]);
        Ok(count)
    }

    /// Reads once and writes it down.
    fn read(&mut self, deadline: Deadline, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            let left = deadline.left().ok_or(ErrorKind::TimedOut)?;
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        match count {
            0 => self.record().end(Way::Received),
            _ => self.record().add(Way::Received, &buffer[..count]),
        }
        Ok(count)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
