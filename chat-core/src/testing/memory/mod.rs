//! A server and connections to it in memory, driven by the test alone.

mod pipe;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::pipe::{Pipe, ServerEnd};
use crate::clock::{Clock, ManualClock};
use crate::hub::Command;
use crate::server::Inline;
use crate::wire::Text;
use crate::{ConnId, Flood, Report, ServerConfig, ServerEvent, Stats, WhenBehind};

/// How many turns are more than any test can need until all is at rest.
const MOST_TURNS: usize = 1_000_000;
/// How many bytes fit on the way to a peer, if nobody says otherwise.
const ROOM: usize = 1 << 20;

/// A server without threads, without sockets of the system, and without a clock of its own.
///
/// It is the real server but for those: the same connections, the same rules, the same limits. It
/// does what follows from what happened when [`run`](MemoryServer::run) is called, on the calling
/// thread, and time goes by only by [`advance`](MemoryServer::advance). So a test says exactly what
/// happens when, and the same happens in every run.
///
/// ```
/// use chat_core::ServerConfig;
/// use chat_core::testing::MemoryServer;
///
/// let mut server = MemoryServer::new(ServerConfig::default());
/// let (a, b) = (server.connect(), server.connect());
/// a.send("hello\n");
/// server.run();
/// assert_eq!(b.read(), format!("{}: hello\n", a.port()));
/// ```
#[derive(Debug)]
pub struct MemoryServer {
    inline: Inline<ServerEnd>,
    clock: ManualClock,
    events: Arc<Mutex<Vec<ServerEvent>>>,
    /// The connections that the server has, each with its slot there.
    links: Vec<(usize, Pipe)>,
    next_port: u16,
}

/// The peer's end of a connection to a [`MemoryServer`]. Clones are the same end.
#[derive(Clone)]
pub struct MemoryPeer {
    pipe: Pipe,
    addr: SocketAddr,
}

impl MemoryServer {
    /// A server with this config, of which the number of I/O threads has no meaning.
    ///
    /// # Panics
    ///
    /// If a field of the config cannot work.
    pub fn new(config: ServerConfig) -> MemoryServer {
        let clock = ManualClock::new();
        let events = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&events);
        let handler =
            move |event| record.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        let inline = Inline::new(config, Clock::Manual(clock.clone()), Box::new(handler));
        let inline = inline.expect("a config that can work");
        MemoryServer { inline, clock, events, links: Vec::new(), next_port: 1 }
    }

    /// Connects a peer from the loopback, which some limits leave alone. Each has the port after the
    /// one before; after 65,535 of them they begin anew with 1.
    ///
    /// # Panics
    ///
    /// As [`MemoryServer::connect_from`] does.
    pub fn connect(&mut self) -> MemoryPeer {
        let port = self.next_port;
        // There is no port 0.
        self.next_port = port.checked_add(1).unwrap_or(1);
        self.connect_from((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Connects a peer from this address, of which the port is its name.
    ///
    /// # Panics
    ///
    /// If there are more connections than any server can have, and as [`MemoryServer::run`] does.
    pub fn connect_from(&mut self, addr: SocketAddr) -> MemoryPeer {
        let pipe = Pipe::new(ROOM);
        let slot = self.inline.admit(ServerEnd { pipe: pipe.clone() }, addr);
        self.links.push((slot.expect("a slot"), pipe.clone()));
        self.run();
        MemoryPeer { pipe, addr }
    }

    /// Does all that follows from what has happened.
    ///
    /// # Panics
    ///
    /// If that never ends.
    pub fn run(&mut self) {
        for _ in 0..MOST_TURNS {
            let mut has_news = false;
            let inline = &mut self.inline;
            self.links.retain(|(slot, pipe)| {
                let Some(news) = pipe.news() else { return false };
                if news != crate::net::Readiness::default() {
                    has_news = true;
                    inline.note(*slot, news);
                }
                true
            });
            let has_more = self.inline.turn();
            if !has_news && !has_more {
                return;
            }
        }
        panic!("the server does not come to rest: {}, {:#?}", self.stats(), self.links);
    }

    /// Lets time go by, and does all that becomes due meanwhile, each thing at its time.
    ///
    /// # Panics
    ///
    /// As [`MemoryServer::run`] does, and if so much time is more than the system's clock can hold.
    pub fn advance(&mut self, by: Duration) {
        self.run();
        let until = self.clock.now() + by;
        while let Some(next) = self.inline.next_timer().filter(|&next| next <= until) {
            self.clock.advance(next.saturating_duration_since(self.clock.now()));
            self.run();
        }
        self.clock.advance(until.saturating_duration_since(self.clock.now()));
        self.run();
    }

    /// The events since this was last asked.
    pub fn events(&mut self) -> Vec<ServerEvent> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the server has counted so far.
    pub fn stats(&self) -> Stats {
        self.inline.stats()
    }

    /// Says something to all clients, as the server.
    ///
    /// # Panics
    ///
    /// If it cannot be a line.
    pub fn broadcast(&mut self, text: &str) {
        self.command(Command::Broadcast(line(text)));
    }

    /// Says something to one client, as the server.
    ///
    /// # Panics
    ///
    /// If it cannot be a line.
    pub fn send_to(&mut self, conn: ConnId, text: &str) {
        self.command(Command::SendTo { conn, text: line(text), reply: Box::new(drop) });
    }

    /// Removes a client, and tells it why.
    ///
    /// # Panics
    ///
    /// If the reason cannot be a line.
    pub fn kick(&mut self, conn: ConnId, reason: &str) {
        self.command(Command::Kick { conn, reason: Some(line(reason)), reply: Box::new(drop) });
    }

    /// Changes how fast one client may talk.
    pub fn set_flood(&mut self, conn: ConnId, flood: Option<Flood>) {
        let change = crate::change::Change::Flood(flood);
        self.command(Command::Adjust { conn, change, reply: Box::new(drop) });
    }

    /// Changes what happens to one client when it is too far behind.
    pub fn set_when_behind(&mut self, conn: ConnId, what: WhenBehind) {
        let change = crate::change::Change::WhenBehind(what);
        self.command(Command::Adjust { conn, change, reply: Box::new(drop) });
    }

    /// Stops the server, which gives those who do not read this long, in real time, and gives its
    /// report.
    ///
    /// # Panics
    ///
    /// If it was stopped before.
    pub fn stop(&mut self, within: Duration) -> Report {
        assert!(self.inline.report().is_none(), "the server was stopped before");
        self.inline.stop(within);
        loop {
            self.run();
            if let Some(report) = self.inline.report() {
                return report;
            }
            std::thread::yield_now();
        }
    }

    fn command(&mut self, command: Command) {
        self.inline.command(command);
        self.run();
    }
}

impl MemoryPeer {
    /// The address that the server knows it by.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its port, which is the name that others see.
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Sends bytes as they are. The server takes notice when it runs. After the end they go nowhere.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        self.pipe.send(bytes.as_ref());
    }

    /// Ends this half of the stream; the other one goes on.
    pub fn end(&self) {
        self.pipe.end();
    }

    /// Breaks the connection off.
    pub fn reset(&self) {
        self.pipe.reset();
    }

    /// Takes nothing any more, without a word: to write to this peer fails from now on, and what it
    /// has sent is still read.
    pub fn refuse(&self) {
        self.pipe.refuse();
    }

    /// Reads all that has come.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8, which a server always sends.
    pub fn read(&self) -> String {
        String::from_utf8(self.sip(usize::MAX)).expect("a server sends valid UTF-8")
    }

    /// Reads so many bytes of what has come, or all if it is less.
    pub fn sip(&self, most: usize) -> Vec<u8> {
        self.pipe.take(most)
    }

    /// How many bytes have come and were not read.
    pub fn waiting(&self) -> usize {
        self.pipe.waiting()
    }

    /// How many bytes were sent and the server has not read.
    pub fn unread(&self) -> usize {
        self.pipe.unread()
    }

    /// Changes how many bytes fit on the way to this peer: with few, the server writes in small
    /// parts, with none it cannot write at all. There is room for a megabyte at first.
    pub fn set_room(&self, bytes: usize) {
        self.pipe.set_room(bytes);
    }

    /// Whether nothing will come any more, beside what waits.
    pub fn is_over(&self) -> bool {
        self.pipe.is_over()
    }
}

impl fmt::Debug for MemoryPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPeer").field("addr", &self.addr).finish_non_exhaustive()
    }
}

fn line(text: &str) -> Text {
    Text::new(text).expect("a line")
}
