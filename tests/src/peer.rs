//! The other end of a connection, without any help of the library.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::patience::{Deadline, PATIENCE};

/// A raw TCP connection that knows nothing of the protocol but what a test tells it.
///
/// All that waits here has a deadline, and a failure shows what had been received until then.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    /// What has come and was not asked for yet.
    waiting: Vec<u8>,
    /// The end of what was asked for before, to show in failures.
    taken: Vec<u8>,
}

/// How much of what came before is shown in a failure.
const SHOWN: usize = 2000;

impl Peer {
    /// Connects to a server.
    #[track_caller]
    pub fn connect(addr: SocketAddr) -> Peer {
        Peer::new(TcpStream::connect_timeout(&addr, PATIENCE).expect("connect"))
    }

    /// Connects with a receive buffer of about this size, the smallest that the system allows at
    /// least: so the other side is soon told to wait.
    #[track_caller]
    pub fn connect_narrow(addr: SocketAddr, receive_buffer: usize) -> Peer {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).expect("a socket");
        // It decides on the window that is offered, so that it has to come before connecting.
        socket.set_recv_buffer_size(receive_buffer).expect("set the receive buffer");
        socket.connect_timeout(&addr.into(), PATIENCE).expect("connect");
        Peer::new(socket.into())
    }

    /// Takes over a connection that is there.
    pub fn new(stream: TcpStream) -> Peer {
        stream.set_nodelay(true).expect("send at once");
        stream.set_write_timeout(Some(PATIENCE)).expect("set a timeout");
        Peer { stream, waiting: Vec::new(), taken: Vec::new() }
    }

    /// The address of this end.
    pub fn addr(&self) -> SocketAddr {
        self.stream.local_addr().expect("an address")
    }

    /// The port of this end, which is the name that others see.
    pub fn port(&self) -> u16 {
        self.addr().port()
    }

    /// The line that others read when this peer says `text`.
    pub fn says(&self, text: &str) -> String {
        format!("{}: {text}", self.port())
    }

    /// A peer for another thread to read from, while this one goes on sending. What this one has
    /// received already stays here.
    #[must_use]
    pub fn reader(&self) -> Peer {
        Peer::new(self.stream.try_clone().expect("another handle to the socket"))
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.try_send(bytes) {
            self.fail(&format!("cannot send: {error}"));
        }
    }

    /// Sends bytes to somebody who may have gone.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Sends a line with its newline.
    #[track_caller]
    pub fn say(&mut self, text: &str) {
        self.send(format!("{text}\n"));
    }

    /// The next line, without its newline.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let deadline = Deadline::new();
        // What was searched already need not be searched again for every piece that comes.
        let mut searched = 0;
        loop {
            if let Some(at) = self.waiting[searched..].iter().position(|&byte| byte == b'\n') {
                let mut line = self.take(searched + at + 1);
                line.pop();
                return String::from_utf8(line).expect("a server sends valid UTF-8");
            }
            searched = self.waiting.len();
            if !self.fill(deadline, "a line") {
                self.fail("the stream ended where a line was expected");
            }
        }
    }

    /// Reads a line, which is to be this one.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        let got = self.line();
        if got != line {
            self.fail(&format!("expected the line {line:?}, got {got:?}"));
        }
    }

    /// Reads lines, which are to be these.
    #[track_caller]
    pub fn expect_all<S: AsRef<str>>(&mut self, lines: impl IntoIterator<Item = S>) {
        for line in lines {
            self.expect(line.as_ref());
        }
    }

    /// Reads as many bytes as these, which they are to be.
    #[track_caller]
    pub fn expect_bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let deadline = Deadline::new();
        while self.waiting.len() < bytes.len() {
            if !self.fill(deadline, &format!("the bytes {:?}", bytes.escape_ascii().to_string())) {
                self.fail("the stream ended too early");
            }
        }
        let got = self.take(bytes.len());
        if got != bytes {
            let (expected, got) = (bytes.escape_ascii(), got.escape_ascii());
            self.fail(&format!("expected the bytes\n  \"{expected}\", got\n  \"{got}\""));
        }
    }

    /// Reads the end of the stream, with nothing before it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let rest = self.rest();
        if !rest.is_empty() {
            let rest = rest.escape_ascii();
            self.fail(&format!("expected the end of the stream, got \"{rest}\""));
        }
    }

    /// All that still comes until the stream ends.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let deadline = Deadline::new();
        while self.fill(deadline, "the end of the stream") {}
        self.take(self.waiting.len())
    }

    /// All that still comes until the stream ends or breaks: for peers that the server does not
    /// close in good order, since it cannot.
    #[track_caller]
    pub fn rest_until_broken(&mut self) -> Vec<u8> {
        let deadline = Deadline::new();
        while matches!(self.try_fill(deadline), Ok(1..)) {}
        if deadline.left().is_none() {
            self.fail("waited in vain for the end of the stream");
        }
        self.take(self.waiting.len())
    }

    /// Reads once, at most this many bytes, as a slow reader would. Empty at the end of the
    /// stream.
    #[track_caller]
    pub fn sip(&mut self, most: usize) -> Vec<u8> {
        if self.waiting.is_empty() {
            let mut buffer = vec![0; most];
            self.stream.set_read_timeout(Some(PATIENCE)).expect("set a timeout");
            match self.stream.read(&mut buffer) {
                Ok(count) => buffer.truncate(count),
                Err(error) => self.fail(&format!("cannot read: {error}")),
            }
            return buffer;
        }
        self.take(most.min(self.waiting.len()))
    }

    /// Ends this half of the stream; the other one goes on.
    pub fn end_sending(&mut self) {
        // A server that has closed already has ended both halves.
        drop(self.stream.shutdown(Shutdown::Write));
    }

    /// Breaks the connection off, so that the other side sees a reset.
    pub fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("set to reset");
    }

    /// Takes bytes out of those that wait.
    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.waiting.split_off(count);
        let taken = std::mem::replace(&mut self.waiting, rest);
        self.taken.extend_from_slice(&taken);
        let old = self.taken.len().saturating_sub(SHOWN);
        self.taken.drain(..old);
        taken
    }

    /// Waits for more bytes. It answers whether there are any: if not, the stream has ended.
    #[track_caller]
    fn fill(&mut self, deadline: Deadline, what: &str) -> bool {
        match self.try_fill(deadline) {
            Ok(count) => count > 0,
            Err(error) if is_timeout(&error) => {
                self.fail(&format!("waited {PATIENCE:?} in vain for {what}"))
            }
            Err(error) => self.fail(&format!("got an error instead of {what}: {error}")),
        }
    }

    fn try_fill(&mut self, deadline: Deadline) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let left = deadline.left().ok_or(ErrorKind::TimedOut)?;
        self.stream.set_read_timeout(Some(left))?;
        let count = self.stream.read(&mut buffer)?;
        self.waiting.extend_from_slice(&buffer[..count]);
        Ok(count)
    }

    /// Fails the test, and shows what has come so far.
    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let (taken, waiting) = (self.taken.escape_ascii(), self.waiting.escape_ascii());
        panic!(
            "peer {}: {what}\nread before: \"{taken}\"\nwaiting: \"{waiting}\"",
            self.stream.local_addr().map_or_else(|_| "?".into(), |addr| addr.to_string()),
        );
    }
}

/// How many whole lines these bytes are; an unfinished one at the end does not count.
pub fn whole_lines(bytes: &[u8]) -> usize {
    bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")).count()
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
