//! One I/O thread's share of the connections, as a state machine.
//!
//! It does all that an I/O thread does but wait: it reads and writes sockets that do not block, and
//! is told by its owner what they are ready for and what time it is. So it is the same whether its
//! sockets are the system's or a test's.
//!
//! A turn goes once along the pipeline; each step is a file:
//!
//! ```text
//! admit ─▶ read ─▶ obey ─▶ serve ─▶ tick
//! (new)   (inbox) (feed)  (sockets) (timers)      and the way to the end: close
//!          │               │
//!          pace, company   behind                 what is done to the too fast and the too slow
//! ```

mod admit;
mod behind;
mod close;
mod command;
mod company;
mod custom;
mod obey;
mod pace;
mod read;
mod screen;
mod serve;
mod tell;
mod wait;

pub(super) use admit::say_no;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use self::close::Stage;
use super::conn::Conn;
use super::counters::{Counters, Gauge, Tally};
use super::feed::Order;
use super::fresh::Fresh;
use super::inbox::{Inbox, Outgoing};
use super::rooms::View;
use super::slab::Slab;
use super::socket::{Readiness, Socket};
use super::timers::{Due, Timers};
use crate::budget::{Budget, Charge};
use crate::clock::Clock;
use crate::config::Limits;
use crate::deadline::Deadline;
use crate::event::Report;
use crate::guard::Guards;
use crate::ids::ConnId;
use crate::wire::Rules;

/// How much one read asks for. One buffer of this size serves all connections of a shard.
const READ_BUFFER: usize = 64 * 1024;
/// How long a connection that is to be closed may take to get what it is due.
const CLOSING: Duration = Duration::from_secs(5);
/// How long we go on reading from a peer that we have closed our half to.
const LINGERING: Duration = Duration::from_secs(1);

/// What all I/O threads of a server have in common.
#[derive(Debug)]
pub(crate) struct Settings {
    /// How bytes are cut into messages.
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    /// How many connections there are and may be.
    pub(crate) gauge: Gauge,
    /// What the embedding program decides.
    pub(crate) guards: Guards,
    /// The memory that all the I/O threads and the hub share.
    pub(crate) budget: Budget,
    pub(crate) clock: Clock,
    /// By when all is to be over, once the server is told to stop.
    pub(crate) deadline: Arc<Deadline>,
}

/// The connections of one I/O thread, and all that it takes to serve them.
#[derive(Debug)]
pub(crate) struct Shard<S, I: Inbox> {
    settings: Arc<Settings>,
    /// What the hub wants done.
    orders: Receiver<Order>,
    /// What was read, on its way to the hub.
    outgoing: Outgoing<I>,
    conns: Slab<S>,
    /// The rooms by their index.
    views: Vec<View>,
    /// The rooms whose members are to be served, and those whose windows are not empty: there may be many
    /// rooms, and few of them in which something is going on.
    fresh: Fresh,
    kept: Vec<usize>,
    /// How many writes there may have been since the latter were looked at.
    untrimmed: usize,
    /// The rooms, few of them, in which somebody has still to be given much.
    late: Vec<usize>,
    /// The number of the last batch that has come, in whichever room. All that a connection gets has
    /// its place before or after it.
    last: u64,
    /// Slots whose sockets may have bytes to read.
    reads: VecDeque<usize>,
    /// Slots that have something to write and were not served with their room.
    writes: VecDeque<usize>,
    timers: Timers,
    /// When those of the many who are too fast may be read again, in company.
    patient: Timers,
    /// How many pauses of connections are not over.
    pauses: usize,
    /// The time at the start of the turn.
    now: Instant,
    /// What short times are counted from.
    origin: Instant,
    buffer: Box<[u8]>,
    /// How many bytes its connections hold, unfinished lines and lines for them alone.
    charge: Charge,
    /// When to look next for those who hold memory, or are behind.
    look_at: Instant,
    stage: Stage,
    pub(super) tally: Tally,
    counters: Arc<Counters>,
}

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// A shard without connections.
    pub(crate) fn new(
        index: usize,
        settings: Arc<Settings>,
        inbox: I,
        orders: Receiver<Order>,
        counters: Arc<Counters>,
    ) -> Shard<S, I> {
        let now = settings.clock.now();
        let charge = settings.budget.charge(0);
        Shard {
            settings,
            orders,
            outgoing: Outgoing::new(inbox),
            conns: Slab::new(index),
            views: Vec::new(),
            fresh: Fresh::default(),
            kept: Vec::new(),
            untrimmed: 0,
            late: Vec::new(),
            last: 0,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            timers: Timers::default(),
            patient: Timers::default(),
            pauses: 0,
            now,
            origin: now,
            buffer: vec![0; READ_BUFFER].into(),
            charge,
            look_at: now,
            stage: Stage::Running,
            tally: Tally::default(),
            counters,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time at the start of the turn.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Whether it takes part in the chat, and is not on its way to the end.
    pub(super) fn is_running(&self) -> bool {
        self.stage.is_running()
    }

    /// How long it is until a time of the clock, `None` if it does not come by itself.
    pub(super) fn time_until(&self, at: Instant) -> Option<Duration> {
        self.settings.clock.time_until(at)
    }

    /// A turn begins: it looks at the clock.
    pub(crate) fn begin_turn(&mut self) {
        self.now = self.settings.clock.now();
    }

    /// Notes what a socket has become ready for; what follows from it is done in the turn.
    pub(crate) fn note(&mut self, slot: usize, ready: Readiness) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.note(ready) {
            enqueue_write(&mut self.writes, conn);
        }
        if ready.is_broken {
            conn.is_paused = false;
        }
        if ready.can_read {
            enqueue_read(&mut self.reads, conn);
        }
    }

    /// Does all that there is to do, a turn of it, and gives the report when it was the last one.
    pub(crate) fn turn(&mut self) -> Option<Report> {
        self.read();
        self.read_in_company();
        // What follows from a part of it makes room for the next one.
        while self.outgoing.deliver() {
            self.obey();
        }
        self.obey();
        self.serve();
        self.tick();
        self.relieve();
        self.trim();
        self.tally.publish(&self.counters);
        self.report()
    }

    /// Does what has become due with time.
    fn tick(&mut self) {
        while let Some(timer) = self.timers.pop(self.now) {
            match timer.due {
                Due::Quiet => self.has_been_quiet(timer.conn, timer.stamp),
                Due::Resume => {
                    self.pauses -= 1;
                    self.resume(timer.conn);
                }
                Due::Stalled => self.look_if_stalled(timer.conn),
                Due::Idle => self.look_if_idle(timer.conn),
                Due::End => self.give_up(timer.conn, timer.stamp),
            }
        }
    }

    /// Arms a timer.
    fn arm(&mut self, delay: Duration, due: Due, conn: ConnId, stamp: u32) {
        self.timers.arm(self.now, delay, due, conn, stamp);
    }

    /// Charges what a connection holds now to the budget. It is done at once: within one turn, all
    /// of them may bring something.
    fn account(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        let held = u32::try_from(conn.held()).unwrap_or(u32::MAX);
        let before = std::mem::replace(&mut conn.charged, held);
        if held != before {
            self.charge.set(self.charge.bytes() + held as usize - before as usize);
        }
    }

    /// The time in milliseconds, for where little room is; it starts anew after seven weeks.
    fn millis(&self) -> u32 {
        let millis = self.now.saturating_duration_since(self.origin).as_millis();
        u32::try_from(millis % (1 << 32)).unwrap_or(0)
    }
}

/// Has a connection read in its turn.
fn enqueue_read<S>(reads: &mut VecDeque<usize>, conn: &mut Conn<S>) {
    if !std::mem::replace(&mut conn.reads_next, true) {
        reads.push_back(conn.id.slot());
    }
}

/// Has a connection write in its turn.
fn enqueue_write<S>(writes: &mut VecDeque<usize>, conn: &mut Conn<S>) {
    if !std::mem::replace(&mut conn.writes_next, true) {
        writes.push_back(conn.id.slot());
    }
}

#[cfg(test)]
mod tests;
