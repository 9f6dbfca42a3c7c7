//! The way between clients and a server, which breaks again and again.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use chat_core::testing::Random;
use socket2::SockRef;

/// How long, at most, bytes are held up, or a connection that is dead is not closed: so long that
/// other things happen meanwhile. Nothing waits for that to be over.
const LONGEST_PAUSE: usize = 20;

/// Relays connections to a server, and breaks them, as often as it is told to: at any byte, in either
/// direction, in any way. What becomes of a connection is decided by the seed, and by how many came
/// before it.
#[derive(Debug)]
pub(super) struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    seed: u64,
    /// How many connections are still to be broken.
    cuts: AtomicUsize,
    is_over: AtomicBool,
    /// All connections that have come.
    links: Mutex<Vec<Weak<Link>>>,
}

/// In which direction bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

/// How a connection breaks.
#[derive(Debug, Clone, Copy)]
enum Break {
    /// Both sides find the end of the stream.
    End,
    /// Both sides find that it was reset.
    Reset,
    /// Nothing goes either way any more, and both sides hear of the end later.
    HalfOpen,
    /// What was sent this way goes nowhere, and what is sent the other way arrives; until it ends.
    OneWay,
    /// The client finds the end of the stream, and the server does not.
    ClientAlone,
    /// The server finds the end of the stream, and the client does so later.
    ServerFirst,
}

/// What is to become of a connection.
#[derive(Debug, Clone, Copy)]
struct Plan {
    way: Way,
    /// After how many bytes that way, from when breaking has begun.
    after: usize,
    how: Break,
    pause: Duration,
    /// Which way all that is sent comes late.
    slow: Option<Way>,
}

/// One connection, as both of its directions see it.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    plan: Plan,
    /// How many bytes are left until it breaks.
    left: Mutex<usize>,
    is_frozen: AtomicBool,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Begins to relay to a server, and breaks nothing yet.
    pub(super) fn start(server: SocketAddr, seed: u64) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let (cuts, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let links = Mutex::default();
        let shared = Arc::new(Shared { server, seed, cuts, is_over, links });
        let relays = Arc::clone(&shared);
        thread::spawn(move || {
            for number in 0.. {
                let client = listener.accept().unwrap().0;
                if relays.is_over.load(Ordering::Acquire) {
                    return;
                }
                Link::open(client, &relays, number);
            }
        });
        Proxy { addr, shared }
    }

    /// Where clients connect.
    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Breaks so many connections from now on, and none after that.
    pub(super) fn set_cuts(&self, cuts: usize) {
        self.shared.cuts.store(cuts, Ordering::Release);
    }

    /// Breaks all connections that are there.
    pub(super) fn break_all(&self) {
        for link in self.shared.links.lock().unwrap().drain(..).filter_map(|link| link.upgrade()) {
            link.end(Shutdown::Both);
        }
    }

    /// How many are still to be broken.
    pub(super) fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        // Whoever accepts looks when somebody comes.
        drop(TcpStream::connect(self.addr));
    }
}

impl Plan {
    fn new(random: &mut Random) -> Plan {
        let way = if random.once_in(2) { Way::ToServer } else { Way::ToClient };
        // Some break while it is still being found out who comes back.
        let most = [20, 300, 2000, 8000][random.below(4)];
        let how = match random.below(6) {
            0 => Break::End,
            1 => Break::Reset,
            2 => Break::HalfOpen,
            3 => Break::OneWay,
            4 => Break::ClientAlone,
            _ => Break::ServerFirst,
        };
        let pause = Duration::from_millis(1 + random.below(LONGEST_PAUSE) as u64);
        let slow = [None, None, Some(Way::ToServer), Some(Way::ToClient)][random.below(4)];
        Plan { way, after: random.below(most), how, pause, slow }
    }
}

impl Link {
    fn open(client: TcpStream, shared: &Arc<Shared>, number: u64) {
        // There is none any more: so the client finds it, too.
        let Ok(server) = TcpStream::connect(shared.server) else { return };
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let mut random = Random::new(shared.seed << 32 | number);
        let plan = Plan::new(&mut random);
        let (left, is_frozen) = (Mutex::new(plan.after), AtomicBool::new(false));
        let shared = Arc::clone(shared);
        let link = Arc::new(Link { client, server, plan, left, is_frozen, shared });
        link.shared.links.lock().unwrap().push(Arc::downgrade(&link));
        for way in [Way::ToServer, Way::ToClient] {
            let (link, random) = (Arc::clone(&link), random.clone());
            thread::spawn(move || link.relay(way, random));
        }
    }

    /// Relays what is sent one way until nothing is any more.
    fn relay(&self, way: Way, mut random: Random) {
        let (mut from, mut to) = match way {
            Way::ToServer => (&self.client, &self.server),
            Way::ToClient => (&self.server, &self.client),
        };
        let mut buffer = [0; 4096];
        loop {
            let most = 1 + random.below(buffer.len());
            let count = match from.read(&mut buffer[..most]) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            if self.is_frozen.load(Ordering::Acquire) {
                return;
            }
            if self.plan.slow == Some(way) {
                thread::sleep(Duration::from_millis(1));
            }
            let passes = self.passes(way, count);
            if to.write_all(&buffer[..passes.unwrap_or(count)]).is_err() {
                break;
            }
            if passes.is_some() {
                return self.break_off(from);
            }
        }
        // Who says no more may still want to hear.
        let _ = to.shutdown(Shutdown::Write);
    }

    /// How many of so many bytes get through if the connection breaks then.
    fn passes(&self, way: Way, count: usize) -> Option<usize> {
        if way != self.plan.way || self.shared.cuts.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut left = self.left.lock().unwrap();
        if count <= *left {
            *left -= count;
            return None;
        }
        let take = |cuts: usize| cuts.checked_sub(1);
        let taken = self.shared.cuts.fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        taken.is_ok().then_some(*left)
    }

    /// The connection breaks, by what came `from` one side.
    fn break_off(&self, mut from: &TcpStream) {
        match self.plan.how {
            Break::End => self.end(Shutdown::Both),
            Break::Reset => {
                for stream in [&self.client, &self.server] {
                    SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
                }
                // It is reset when nobody has it any more, neither here nor where it is read.
                self.end(Shutdown::Read);
            }
            Break::HalfOpen => {
                self.is_frozen.store(true, Ordering::Release);
                thread::sleep(self.plan.pause);
                self.end(Shutdown::Both);
            }
            Break::OneWay => {
                from.set_read_timeout(Some(self.plan.pause)).unwrap();
                let mut buffer = [0; 4096];
                for _ in 0..10 {
                    match from.read(&mut buffer) {
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Ok(0) | Err(_) => break,
                        Ok(_) => {}
                    }
                }
                self.end(Shutdown::Both);
            }
            Break::ClientAlone => {
                self.is_frozen.store(true, Ordering::Release);
                let _ = self.client.shutdown(Shutdown::Both);
                // The server closes it when the client is back.
                let mut server = &self.server;
                while server.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
            }
            Break::ServerFirst => {
                self.is_frozen.store(true, Ordering::Release);
                let _ = self.server.shutdown(Shutdown::Both);
                thread::sleep(self.plan.pause);
                let _ = self.client.shutdown(Shutdown::Both);
            }
        }
    }

    fn end(&self, how: Shutdown) {
        // A side that is gone already needs no end.
        let _ = self.client.shutdown(how);
        let _ = self.server.shutdown(how);
    }
}
