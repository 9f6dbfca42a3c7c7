//! The other end of a connection, without any help of the library: connecting, sending, leaving.

mod expect;

use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use super::patience::PATIENCE;
use super::transcript::{Transcript, Visible, Way};

/// A raw TCP connection that knows nothing of the protocol but what a test tells it.
///
/// Everything that waits here has a deadline, and each failure is a panic that shows what this
/// peer has sent and received until then, in order: `>` before what was sent, `<` before what was
/// received, with nothing invisible in it. Of a long conversation it shows the last few kilobytes.
///
/// ```
/// use chat_core::testing::TestServer;
///
/// let server = TestServer::start();
/// let (mut a, mut b) = (server.join(), server.join());
/// a.say("hello");
/// b.expect(&a.says("hello"));
/// a.send("ex");
/// a.send("it\n");
/// a.expect_end();
/// ```
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    patience: Duration,
    /// What has come and was not asked for yet.
    waiting: Vec<u8>,
    /// Shared with the peers that [`Peer::reader`] gave: it is one conversation.
    transcript: Arc<Mutex<Transcript>>,
}

impl Peer {
    /// Connects to a server. Until the server has taken it in, this peer may miss what others say:
    /// [`TestServer::join`](super::TestServer::join) waits for that.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached within [`PATIENCE`].
    #[track_caller]
    pub fn connect(addr: SocketAddr) -> Peer {
        Peer::new(TcpStream::connect_timeout(&addr, PATIENCE).expect("connect"))
    }

    /// Connects from this address of the machine, at any free port of it: for limits that count
    /// clients by their address. On Linux each `127.x.y.z` is an address of the machine; other
    /// systems have to be told first.
    ///
    /// # Panics
    ///
    /// If the machine does not have the address `from`, and as [`Peer::connect`] does.
    #[track_caller]
    pub fn connect_from(from: IpAddr, addr: SocketAddr) -> Peer {
        Peer::open(addr, |socket| socket.bind(&SocketAddr::new(from, 0).into()))
    }

    /// Connects with a receive buffer of about this size in bytes, the smallest that the system
    /// allows at least: so the other side is soon told to wait.
    ///
    /// # Panics
    ///
    /// As [`Peer::connect`] does.
    #[track_caller]
    pub fn connect_narrow(addr: SocketAddr, receive_buffer: usize) -> Peer {
        // It decides on the window that is offered, so that it has to come before connecting.
        Peer::open(addr, |socket| socket.set_recv_buffer_size(receive_buffer))
    }

    /// Connects with a socket that something is done to before.
    #[track_caller]
    fn open(addr: SocketAddr, prepare: impl FnOnce(&Socket) -> io::Result<()>) -> Peer {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).expect("a socket");
        prepare(&socket).expect("prepare the socket");
        socket.connect_timeout(&addr.into(), PATIENCE).expect("connect");
        Peer::new(socket.into())
    }

    /// Takes over a connection that is there: one that a test has accepted, to play the server.
    ///
    /// # Panics
    ///
    /// If the system does not let the socket's options be set.
    #[track_caller]
    pub fn new(stream: TcpStream) -> Peer {
        stream.set_nodelay(true).expect("send at once");
        let peer =
            Peer { stream, patience: PATIENCE, waiting: Vec::new(), transcript: Arc::default() };
        peer.patient(PATIENCE)
    }

    /// The same peer, which waits so long at most for anything. Default: [`PATIENCE`].
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    #[track_caller]
    pub fn patient(mut self, patience: Duration) -> Peer {
        self.patience = patience;
        self.stream.set_write_timeout(Some(patience)).expect("set a timeout");
        self
    }

    /// The address of this end.
    ///
    /// # Panics
    ///
    /// If the system has forgotten the connection.
    pub fn addr(&self) -> SocketAddr {
        self.stream.local_addr().expect("an address")
    }

    /// The address of the other end.
    ///
    /// # Panics
    ///
    /// As [`Peer::addr`] does.
    pub fn peer_addr(&self) -> SocketAddr {
        self.stream.peer_addr().expect("an address")
    }

    /// The port of this end, which is the name that others see.
    ///
    /// # Panics
    ///
    /// As [`Peer::addr`] does.
    pub fn port(&self) -> u16 {
        self.addr().port()
    }

    /// The line that others read when this peer says `text`, without its newline.
    ///
    /// # Panics
    ///
    /// As [`Peer::addr`] does.
    pub fn says(&self, text: &str) -> String {
        format!("{}: {text}", self.port())
    }

    /// What this peer has sent and received so far, the last of it, as failures show it.
    pub fn transcript(&self) -> String {
        self.record().to_string()
    }

    /// A peer for another thread to read from, while this one goes on sending. What this one has
    /// received already stays here. The two share one transcript.
    ///
    /// # Panics
    ///
    /// If the system gives no other handle to the socket.
    #[must_use]
    pub fn reader(&self) -> Peer {
        Peer {
            stream: self.stream.try_clone().expect("another handle to the socket"),
            patience: self.patience,
            waiting: Vec::new(),
            transcript: Arc::clone(&self.transcript),
        }
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    ///
    /// If they cannot be sent, or only later than this peer waits.
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
    /// What the system says. Some of the bytes may be out then.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.record().add(Way::Sent, &rest[..count]);
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends a line with its newline.
    ///
    /// # Panics
    ///
    /// As [`Peer::send`] does.
    #[track_caller]
    pub fn say(&mut self, text: &str) {
        self.send(format!("{text}\n"));
    }

    /// Ends this half of the stream; the other one goes on.
    pub fn end_sending(&mut self) {
        // A server that has closed already has ended both halves.
        drop(self.stream.shutdown(Shutdown::Write));
        self.record().end(Way::Sent);
    }

    /// Breaks the connection off, so that the other side sees a reset. While a
    /// [`reader`](Peer::reader) of it lives it is not broken off.
    ///
    /// # Panics
    ///
    /// If the system does not let the socket be set to that.
    pub fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("set to reset");
    }

    /// Fails the test, and shows the conversation so far.
    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let name = self.stream.local_addr().map_or_else(|_| "?".into(), |addr| addr.to_string());
        let (transcript, waiting) = (self.transcript(), Visible(&self.waiting));
        panic!(
            "peer {name}: {what}\n\
             sent (>) and received (<):\n{transcript}\
             received and not asked for yet: \"{waiting}\""
        );
    }

    fn record(&self) -> MutexGuard<'_, Transcript> {
        // A reader on another thread that has failed has left it in order.
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many whole lines these bytes are; an unfinished one at the end does not count.
pub fn whole_lines(bytes: &[u8]) -> usize {
    bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")).count()
}
