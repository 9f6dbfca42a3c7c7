//! Many rooms of one server, in each of which one message is under way: when it has reached all the
//! others, the next one in the room speaks.

use std::time::{Duration, Instant};

use crate::Result;
use crate::joining::join;
use crate::numbered::Numbered;
use crate::peers::{PATIENCE, Peers};
use crate::room::Pass;
use crate::server::Server;

/// The length of a message, with its newline.
const TEXT_BYTES: usize = 66;

/// The rooms and their clients. The server is dropped first, as in a [`Room`](crate::room::Room).
#[derive(Debug)]
pub(crate) struct Chatter {
    server: Server,
    peers: Peers,
    rooms: Vec<Circle>,
    /// What the server puts before the lines of each client.
    prefixes: Vec<String>,
}

/// One room. Its members are the clients whose numbers leave the room's number when they are divided
/// by the number of rooms: who is in a room came at different times, as people do.
#[derive(Debug)]
struct Circle {
    next: Numbered,
    /// The member whose turn it is.
    speaker: usize,
    /// The line that is under way, as it is to arrive.
    due: Vec<u8>,
    /// How many bytes of it each member has.
    has: Vec<usize>,
    /// How many members have not got all of it.
    waiting: usize,
}

impl Chatter {
    /// Connects the clients and has them go into so many rooms of so many members.
    pub(crate) fn open(server: Server, rooms: usize, members: usize) -> Result<Self> {
        let mut peers = Peers::new(server.address())?;
        peers.add(rooms * members)?;
        let mut prefixes = Vec::with_capacity(peers.len());
        for client in 0..peers.len() {
            peers.set_nodelay(client)?;
            prefixes.push(format!("{}: ", peers.port(client)?));
        }
        join(&mut peers, |client| room_name(client % rooms))?;
        let circle = |room| Circle {
            next: Numbered::new(room, TEXT_BYTES),
            speaker: 0,
            due: Vec::new(),
            has: vec![0; members],
            waiting: 0,
        };
        Ok(Self { server, peers, rooms: (0..rooms).map(circle).collect(), prefixes })
    }

    /// Lets all rooms talk for a time, and then what is under way arrive.
    ///
    /// Every line is compared at every member: one that is lost, changed, doubled or comes from
    /// another room is an error.
    pub(crate) fn run(&mut self, time: Duration) -> Result<Pass> {
        let cpu_before = self.server.cpu_time()?;
        let started = Instant::now();
        let mut lines = 0;
        let mut silent: Vec<_> = (0..self.rooms.len()).collect();
        let mut under_way = 0;
        loop {
            let goes_on = started.elapsed() < time;
            for room in silent.drain(..) {
                if goes_on {
                    self.say(room)?;
                    lines += 1;
                    under_way += 1;
                }
            }
            if under_way == 0 {
                break;
            }
            if !self.turn(PATIENCE, &mut silent)? || started.elapsed() > time + PATIENCE {
                let spent = started.elapsed();
                let what = format!("given up after {spent:.1?}: {under_way} rooms wait for a line");
                return Err(what.into());
            }
            under_way -= silent.len();
        }
        let elapsed = started.elapsed();
        // As in a single room: what comes twice comes now, and the server goes to rest.
        while self.turn(Duration::from_millis(5), &mut silent)? {}
        let cpu = self.server.cpu_time()?.zip(cpu_before);
        let cpu = cpu.map(|(after, before)| after.saturating_sub(before));
        let hearers = self.rooms.first().map_or(0, |room| room.has.len() as u64 - 1);
        Ok(Pass { lines, deliveries: lines * hearers, elapsed, cpu })
    }

    /// Has the member of a room speak whose turn it is.
    fn say(&mut self, room: usize) -> Result<()> {
        let rooms = self.rooms.len();
        let circle = &mut self.rooms[room];
        circle.speaker = (circle.speaker + 1) % circle.has.len();
        let client = circle.speaker * rooms + room;
        circle.due.clear();
        circle.due.extend_from_slice(self.prefixes[client].as_bytes());
        circle.due.extend_from_slice(circle.next.text());
        circle.has.fill(0);
        circle.waiting = circle.has.len() - 1;
        self.peers.outbox(client).extend_from_slice(circle.next.text());
        circle.next.advance();
        self.peers.flush(client)
    }

    /// Notes what has arrived, and in which rooms the line has reached all; false when nothing came.
    fn turn(&mut self, timeout: Duration, silent: &mut Vec<usize>) -> Result<bool> {
        let Self { peers, rooms, .. } = self;
        let count = rooms.len();
        peers.turn(timeout, |client, bytes| {
            let (room, member) = (client % count, client / count);
            if rooms[room].hear(member, bytes)? {
                silent.push(room);
            }
            Ok(())
        })
    }
}

impl Circle {
    /// Compares what a member was sent. True if that was the last that was to come in this room.
    fn hear(&mut self, member: usize, bytes: &[u8]) -> Result<bool> {
        if bytes.is_empty() {
            return Ok(false);
        }
        let rest = &self.due[self.has[member]..];
        if member == self.speaker || !rest.starts_with(bytes) {
            let (came, rest) = (bytes.escape_ascii(), rest.escape_ascii());
            return Err(format!("member {member} was sent `{came}` instead of `{rest}`").into());
        }
        self.has[member] += bytes.len();
        if rest.len() > bytes.len() {
            return Ok(false);
        }
        self.waiting -= 1;
        Ok(self.waiting == 0)
    }
}

/// What a room is called, by its number.
pub(crate) fn room_name(room: usize) -> String {
    format!("room-{room}")
}
