//! A raw socket on the other side of one of the programs: it sees every byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::cast::{PATIENCE, Transcript, fail};

/// A socket that is connected to a server.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: TcpStream,
    received: Arc<Transcript>,
}

impl Peer {
    /// Connects to a server. Until the server has told that it knows of it, this peer may miss
    /// what the others say: `Server::join` waits for that.
    pub(crate) fn connect(addr: SocketAddr) -> Peer {
        Peer::new(TcpStream::connect(addr).expect("the server accepts"))
    }

    /// Takes over a socket.
    pub(crate) fn new(stream: TcpStream) -> Peer {
        stream.set_nodelay(true).expect("a fresh socket takes options");
        stream.set_read_timeout(Some(PATIENCE)).expect("a fresh socket takes options");
        let name = stream.local_addr().expect("a connected socket has an address");
        Peer { stream, received: Transcript::new(&format!("what {name} received")) }
    }

    /// Its port: the name that others see.
    pub(crate) fn port(&self) -> u16 {
        self.stream.local_addr().expect("a connected socket has an address").port()
    }

    /// Sends these bytes as they are.
    #[track_caller]
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.stream.write_all(bytes.as_ref()) {
            fail(&format!("cannot send: {error}"));
        }
    }

    /// Ends this half of the stream, as `nc -N` does at the end of its input.
    pub(crate) fn end_our_half(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the socket is connected");
    }

    /// Reads as many bytes as these are, and checks that they are these.
    #[track_caller]
    pub(crate) fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut got = vec![0; expected.len()];
        let mut len = 0;
        while len < expected.len() {
            match self.stream.read(&mut got[len..]) {
                Ok(0) => miss(expected, "the end of the stream came"),
                Ok(count) => {
                    self.received.add(&got[len..len + count]);
                    len += count;
                    if !expected.starts_with(&got[..len]) {
                        miss(expected, "something else came");
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => miss(expected, &error.to_string()),
            }
        }
    }

    /// Reads all that comes until the stream ends in good order.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let result = self.stream.read_to_end(&mut rest);
        self.received.add(&rest);
        self.received.end();
        if let Err(error) = result {
            fail(&format!("the stream did not end in good order: {error}"));
        }
        rest
    }

    /// Checks that all that comes until the end of the stream is this.
    #[track_caller]
    pub(crate) fn expect_rest(&mut self, expected: impl AsRef<[u8]>) {
        let rest = self.rest();
        if rest != expected.as_ref() {
            miss(expected.as_ref(), "something else came");
        }
    }

    /// Breaks the connection off, as a crash of the peer's machine does in the end.
    pub(crate) fn reset(self) {
        // With no time to linger, closing sends a reset and no end of stream.
        let linger = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        linger.expect("a connected socket takes options");
    }
}

/// Ends the test, since what was due did not come.
#[track_caller]
fn miss(expected: &[u8], why: &str) -> ! {
    let shown = &expected[..expected.len().min(500)];
    fail(&format!("{why}, where this was due: {:?}", String::from_utf8_lossy(shown)))
}
