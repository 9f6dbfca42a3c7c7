//! The sockets of all clients, driven by one thread.

use std::error::Error;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::Result;
use crate::dial::dial;

/// How long nothing may happen before a run is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// One read takes what a server wrote in one go, however much that was.
const BUFFER: usize = 256 * 1024;

/// Many clients that are connected to one server. Each is known by its number, which is also its
/// token in the poll.
#[derive(Debug)]
pub(crate) struct Peers {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    all: Vec<Peer>,
}

/// One client.
#[derive(Debug)]
struct Peer {
    stream: TcpStream,
    /// What it has said and the kernel has not taken yet.
    outbox: Vec<u8>,
}

impl Peers {
    /// No client yet, for the server at this address.
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        Ok(Self {
            address,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            all: Vec::new(),
        })
    }

    /// How many clients there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Connects more clients, all at once, and waits until each of them is connected.
    ///
    /// Nothing may be under way to the clients that are there: what arrives meanwhile is only
    /// looked at with the next thing that comes for the same client.
    pub(crate) fn add(&mut self, count: usize) -> Result<()> {
        self.add_by(count, dial)
    }

    /// The same, with another way to dial: it is given the server and the client's number.
    pub(crate) fn add_by(
        &mut self,
        count: usize,
        mut dial: impl FnMut(SocketAddr, usize) -> io::Result<TcpStream>,
    ) -> Result<()> {
        let started = Instant::now();
        let first = self.all.len();
        for token in first..first + count {
            let mut stream = dial(self.address, token)
                .map_err(|error| format!("client {token} cannot connect: {error}"))?;
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(token), both)?;
            self.all.push(Peer { stream, outbox: Vec::new() });
        }
        let mut connected = vec![false; count];
        let mut waiting = count;
        while waiting > 0 {
            if !self.wait(PATIENCE)? || started.elapsed() > 3 * PATIENCE {
                let spent = started.elapsed();
                let what = format!("{waiting} of {count} clients were not let in for {spent:.1?}");
                return Err(what.into());
            }
            for event in self.events.iter().filter(|event| event.is_writable()) {
                let Token(token) = event.token();
                let Some(connected) = token.checked_sub(first).map(|new| &mut connected[new])
                else {
                    continue;
                };
                if let Some(error) = self.all[token].stream.take_error()? {
                    return Err(format!("client {token} was not let in: {error}").into());
                }
                waiting -= usize::from(!std::mem::replace(connected, true));
            }
        }
        Ok(())
    }

    /// Makes the kernel send what a client says at once, and never wait for more of it.
    pub(crate) fn set_nodelay(&self, token: usize) -> Result<()> {
        Ok(self.all[token].stream.set_nodelay(true)?)
    }

    /// The port that a client connected from, which is its name in the chat.
    pub(crate) fn port(&self, token: usize) -> Result<u16> {
        Ok(self.all[token].stream.local_addr()?.port())
    }

    /// Where to put what a client says; [`flush`](Self::flush) sends it.
    pub(crate) fn outbox(&mut self, token: usize) -> &mut Vec<u8> {
        &mut self.all[token].outbox
    }

    /// Sends as much as the kernel takes; the rest follows when it takes more.
    pub(crate) fn flush(&mut self, token: usize) -> Result<()> {
        self.all[token].flush().map_err(|error| fault(token, &error))
    }

    /// Waits until something happens and hands over all that has arrived, client by client. False
    /// when nothing happened for so long.
    pub(crate) fn turn(
        &mut self,
        timeout: Duration,
        mut arrived: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<bool> {
        if !self.wait(timeout)? {
            return Ok(false);
        }
        for event in &self.events {
            let Token(token) = event.token();
            let peer = &mut self.all[token];
            if event.is_readable() {
                // A read that does not fill the buffer has emptied the socket, and what comes later
                // is a new event. So the call that would only learn "nothing more" is saved, which
                // is half of all reads when one line is under way.
                let mut full = true;
                while full {
                    let count =
                        peer.read(&mut self.buffer).map_err(|error| fault(token, &error))?;
                    full = count == self.buffer.len();
                    arrived(token, &self.buffer[..count])?;
                }
            }
            if event.is_writable() {
                peer.flush().map_err(|error| fault(token, &error))?;
            }
        }
        Ok(true)
    }

    /// Stops reading these clients, as a program does that hangs. They leave the poll as well, so
    /// that they cost nothing here.
    pub(crate) fn stall(&mut self, tokens: Range<usize>) -> Result<()> {
        for peer in &mut self.all[tokens] {
            self.poll.registry().deregister(&mut peer.stream)?;
        }
        Ok(())
    }

    /// Reads stalled clients again until each has come to the end of its stream; tells how many did
    /// within the time. A server may also cut a client off without sending what is left for it.
    pub(crate) fn read_to_end(&mut self, tokens: Range<usize>, patience: Duration) -> usize {
        let mut open = tokens.collect::<Vec<_>>();
        let count = open.len();
        let started = Instant::now();
        while !open.is_empty() && started.elapsed() < patience {
            open.retain(|&token| self.all[token].read(&mut self.buffer).is_ok());
            thread::sleep(Duration::from_millis(1));
        }
        count - open.len()
    }

    /// Waits for events; false when none came in time.
    fn wait(&mut self, timeout: Duration) -> Result<bool> {
        loop {
            match self.poll.poll(&mut self.events, Some(timeout)) {
                Ok(()) => return Ok(!self.events.is_empty()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Peer {
    /// Reads what is there, which may be nothing. The end of the stream is an error.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Writes as much of the outbox as the kernel takes.
    fn flush(&mut self) -> io::Result<()> {
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Says which client has lost its connection, and how.
fn fault(token: usize, error: &io::Error) -> Box<dyn Error> {
    if error.kind() == ErrorKind::UnexpectedEof {
        return format!("the server closed the connection of client {token}").into();
    }
    format!("client {token} lost its connection: {error}").into()
}
