//! A server and its clients: lets lines through, a window of them at a time, and times it.

use std::time::{Duration, Instant};

use crate::Result;
use crate::greeting::greet;
use crate::numbered::{Numbered, Witness};
use crate::peers::{PATIENCE, Peers};
use crate::report::real;
use crate::server::Server;
use crate::tally::Tally;

/// Who is in a room and what is said there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// How many of the clients send.
    pub(crate) senders: usize,
    /// How many clients only listen.
    pub(crate) receivers: usize,
    /// The length of a text, with its newline.
    pub(crate) text_bytes: usize,
}

impl Shape {
    /// All clients.
    pub(crate) fn clients(self) -> usize {
        self.senders + self.receivers
    }
}

/// When a run is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After this time.
    Elapsed(Duration),
    /// After this many lines.
    Sent(u64),
}

impl Until {
    /// When a run that is not over by then never will be.
    fn deadline(self) -> Duration {
        match self {
            Self::Elapsed(time) => time + PATIENCE,
            Self::Sent(_) => 6 * PATIENCE,
        }
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// Lines sent.
    pub(crate) lines: u64,
    /// Lines received, by all clients together.
    pub(crate) deliveries: u64,
    /// From the first line sent to the last one received.
    pub(crate) elapsed: Duration,
    /// The server's CPU time, where it is known.
    pub(crate) cpu: Option<Duration>,
}

/// The clients of one server. The server is dropped first: the side that closes first has to keep
/// the address for a while, and so the clients' ports are free again at once.
#[derive(Debug)]
pub(crate) struct Room {
    server: Server,
    peers: Peers,
    /// The next line of each sender; the senders are the first clients.
    next: Vec<Numbered>,
    sent: u64,
    tally: Tally,
    witness: Witness,
    /// How long it took until all clients were connected.
    pub(crate) connected_after: Duration,
    /// How long it took, from the same start, until a line had reached them all.
    pub(crate) reached_after: Duration,
}

impl Room {
    /// Connects the clients and passes a first line of each sender to everybody.
    pub(crate) fn open(server: Server, shape: Shape) -> Result<Self> {
        let started = Instant::now();
        let mut peers = Peers::new(server.address())?;
        // Whoever sends is connected first, and so accepted first.
        peers.add(shape.senders)?;
        for sender in 0..shape.senders {
            peers.set_nodelay(sender)?;
        }
        peers.add(shape.receivers)?;
        let connected_after = started.elapsed();
        let number = |sender| Numbered::new(sender, shape.text_bytes);
        let mut next: Vec<_> = (0..shape.senders).map(number).collect();
        let line_bytes = greet(&mut peers, &mut next)?;
        let reached_after = started.elapsed();
        let (tally, witness) = count_from_here(&peers, &next, line_bytes);
        Ok(Self { server, peers, next, sent: 0, tally, witness, connected_after, reached_after })
    }

    /// Lets more clients listen, who stay out of the count until [`greet`](Self::greet).
    pub(crate) fn add(&mut self, receivers: usize) -> Result<()> {
        self.peers.add(receivers)
    }

    /// Passes a first line of each sender to everybody, and starts the count anew behind it.
    pub(crate) fn greet(&mut self) -> Result<()> {
        let line_bytes = greet(&mut self.peers, &mut self.next)?;
        (self.tally, self.witness) = count_from_here(&self.peers, &self.next, line_bytes);
        self.sent = 0;
        Ok(())
    }

    /// Lets lines through: at most `in_flight` of them are sent and not yet received by the slowest
    /// client. At the end every client has every line exactly once.
    pub(crate) fn run(&mut self, in_flight: u64, until: Until) -> Result<Pass> {
        let cpu_before = self.server.cpu_time()?;
        let sent_before = self.sent;
        let started = Instant::now();
        loop {
            let under_way = self.sent - self.tally.slowest().min(self.sent);
            let left = match until {
                Until::Elapsed(time) if started.elapsed() < time => u64::MAX,
                Until::Elapsed(_) => 0,
                Until::Sent(lines) => sent_before + lines - self.sent,
            };
            if left == 0 && under_way == 0 {
                break;
            }
            self.send(in_flight.saturating_sub(under_way).min(left))?;
            if !self.turn(PATIENCE)? || started.elapsed() > until.deadline() {
                let (spent, missing) = (started.elapsed(), self.tally.missing(self.sent));
                return Err(format!("given up after {spent:.1?}: {missing}").into());
            }
        }
        let elapsed = started.elapsed();
        // A line that comes twice comes now. The pause also lets the server go to rest, so that its
        // CPU time is all on the books.
        while self.turn(Duration::from_millis(5))? && started.elapsed() < until.deadline() {}
        self.tally.verify(self.sent)?;
        let lines = self.sent - sent_before;
        let cpu_after = self.server.cpu_time()?;
        let cpu = cpu_after.zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
        Ok(Pass { lines, deliveries: lines * (self.tally.clients() as u64 - 1), elapsed, cpu })
    }

    /// Has the senders say so many lines, shared out evenly. The odd ones go to each in turn.
    fn send(&mut self, lines: u64) -> Result<()> {
        if lines == 0 {
            return Ok(());
        }
        let senders = self.next.len() as u64;
        let (share, odd) = (lines / senders, lines % senders);
        let first = self.sent % senders;
        for (sender, next) in self.next.iter_mut().enumerate() {
            let place = (sender as u64 + senders - first) % senders;
            let lines = share + u64::from(place < odd);
            let outbox = self.peers.outbox(sender);
            for _ in 0..lines {
                outbox.extend_from_slice(next.text());
                next.advance();
            }
            self.peers.flush(sender)?;
            self.tally.spared(sender, lines);
        }
        self.sent += lines;
        Ok(())
    }

    /// Counts and checks what has arrived; false when nothing came.
    fn turn(&mut self, timeout: Duration) -> Result<bool> {
        let Self { peers, tally, witness, .. } = self;
        peers.turn(timeout, |peer, bytes| {
            tally.arrived(peer, bytes.len());
            witness.check(peer, bytes)
        })
    }

    /// Makes the last `count` clients stop reading. They are not counted from now on.
    pub(crate) fn stall(&mut self, count: usize) -> Result<()> {
        let reading = self.peers.len() - count;
        self.tally.keep(reading);
        self.peers.stall(reading..self.peers.len())
    }

    /// Lets the stalled clients read again; tells how many of them find the end of their stream.
    pub(crate) fn read_stalled_to_end(&mut self) -> usize {
        self.peers.read_to_end(self.tally.clients()..self.peers.len(), PATIENCE)
    }

    /// The server, to ask what it uses.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }
}

impl Pass {
    /// Lines sent in a second.
    pub(crate) fn lines_per_second(&self) -> f64 {
        real(self.lines) / self.elapsed.as_secs_f64()
    }

    /// Lines received in a second.
    pub(crate) fn deliveries_per_second(&self) -> f64 {
        real(self.deliveries) / self.elapsed.as_secs_f64()
    }

    /// Seconds from a line to the next.
    pub(crate) fn seconds_per_line(&self) -> f64 {
        self.elapsed.as_secs_f64() / real(self.lines)
    }

    /// The server's CPU time for one line to one client, in seconds, where it is known.
    pub(crate) fn cpu_per_delivery(&self) -> Result<f64> {
        let cpu = self.cpu.ok_or("the server's CPU time is not known; name it with --pid")?;
        Ok(cpu.as_secs_f64() / real(self.deliveries))
    }
}

/// An empty count. The first client that only listens is the witness: it hears all senders.
fn count_from_here(peers: &Peers, next: &[Numbered], line_bytes: usize) -> (Tally, Witness) {
    let witness = Witness::new(next.len(), line_bytes, next.to_vec());
    (Tally::new(peers.len(), line_bytes), witness)
}
