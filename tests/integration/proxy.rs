//! A way to a server on which connections get lost: in the middle of a line, without a word, in one
//! direction only.
//!
//! What happens to a connection is decided when it comes, by the number of bytes that pass: so it
//! does not depend on how fast the machine is.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use chat_core::testing::Random;
use socket2::SockRef;

/// What becomes of one direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on for as long as both ends do.
    Good,
    /// After so many bytes the whole connection is broken off: both ends see a reset.
    Cut { after: usize },
    /// After so many bytes nothing passes any more, and nobody is told.
    Silent { after: usize },
}

/// What becomes of a connection, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fates {
    pub(crate) up: Fate,
    pub(crate) down: Fate,
    /// At most so many bytes pass at once.
    pub(crate) piece: usize,
}

impl Fates {
    /// Nothing happens to it.
    pub(crate) const GOOD: Fates = Fates { up: Fate::Good, down: Fate::Good, piece: 64 * 1024 };

    /// Something happens to most, after some hundreds of bytes.
    pub(crate) fn random(random: &mut Random) -> Fates {
        let mut fate = |span: usize| match random.below(4) {
            0 => Fate::Good,
            1 => Fate::Silent { after: random.below(span) },
            _ => Fate::Cut { after: random.below(span) },
        };
        let (up, down) = (fate(2_000), fate(6_000));
        Fates { up, down, piece: [1, 7, 100, 64 * 1024][random.below(4)] }
    }
}

/// A proxy between clients and a server. It goes on until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    policy: Mutex<Box<dyn FnMut(usize) -> Fates + Send>>,
    is_over: AtomicBool,
    connections: AtomicUsize,
    /// What keeps ends that are to hear nothing from being closed, and all that is to be closed at last.
    streams: Mutex<Vec<TcpStream>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("connections", &self.connections).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy to a server. The policy says what becomes of each connection, by its number.
    pub(crate) fn start(
        server: SocketAddr,
        policy: impl FnMut(usize) -> Fates + Send + 'static,
    ) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            policy: Mutex::new(Box::new(policy)),
            is_over: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            streams: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.is_over.load(Ordering::SeqCst) {
                    return;
                }
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) {
                    accepting.join(&client, &server);
                }
            }
        });
        Proxy { addr, shared }
    }

    /// Where clients are to connect.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Nothing happens to connections that come from now on, and all that there are are cut.
    pub(crate) fn be_good(&self) {
        *self.shared.policy.lock().unwrap() = Box::new(|_| Fates::GOOD);
        self.cut_all();
    }

    /// Cuts all connections that there are.
    pub(crate) fn cut_all(&self) {
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            // It may be over already.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.cut_all();
        // The door is to see that it is over.
        drop(TcpStream::connect(self.addr));
    }
}

impl Shared {
    fn join(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        let fates = (self.policy.lock().unwrap())(number);
        for stream in [client, server] {
            stream.set_nodelay(true).unwrap();
            self.streams.lock().unwrap().push(stream.try_clone().unwrap());
        }
        for (from, to, fate) in [(client, server, fates.up), (server, client, fates.down)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            thread::spawn(move || pump(from, to, fate, fates.piece));
        }
    }
}

/// Brings bytes from one end to the other, as far as it is to go.
fn pump(mut from: TcpStream, mut to: TcpStream, fate: Fate, piece: usize) {
    let mut left = match fate {
        Fate::Good => usize::MAX,
        Fate::Cut { after } | Fate::Silent { after } => after,
    };
    let mut buffer = vec![0; piece];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => {
                drop(to.shutdown(Shutdown::Write));
                return;
            }
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return cut(&from, &to),
        };
        let passed = count.min(left);
        left -= passed;
        if to.write_all(&buffer[..passed]).is_err() {
            return cut(&from, &to);
        }
        match fate {
            Fate::Cut { .. } if left == 0 => return cut(&from, &to),
            Fate::Good | Fate::Cut { .. } | Fate::Silent { .. } => {}
        }
    }
}

/// Breaks a connection off, so that both ends take notice.
fn cut(from: &TcpStream, to: &TcpStream) {
    for stream in [from, to] {
        // Where the system has closed it already, there is nothing to break off.
        drop(SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO)));
        drop(stream.shutdown(Shutdown::Both));
    }
}
