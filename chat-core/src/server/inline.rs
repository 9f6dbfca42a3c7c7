//! A server without threads: all of it but the waiting, for tests that decide what happens when.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::counters::Counters;
use super::driver::{Driver, Slot};
use super::egress::Egress;
use super::ingress::Ingress;
use super::notified::Notified;
use super::parts::{events, settings, start};
use super::stats::Stats;
use crate::clock::Clock;
use crate::config::ServerConfig;
use crate::deadline::{Deadline, after};
use crate::error::Error;
use crate::event::{Report, ServerEvent};
use crate::guard::Guards;
use crate::handler::{Caller, Handler};
use crate::hub::{Command, Hub, Input};
use crate::net::{Bell, Gate, Readiness, Shard, Socket, feed};

/// As many orders as a turn of the hub can bring, and more. Nobody takes any during the turn, so that
/// to wait for room would be to wait for ever.
const ORDERS: usize = 2048;

/// The parts of a server with one I/O thread, put together as ever, and driven by hand.
#[derive(Debug)]
pub(crate) struct Inline<S> {
    gate: Gate,
    shard: Shard<S, Ingress>,
    bell: Arc<Bell>,
    slot: Slot,
    inbox: Sender<Input>,
    inputs: Receiver<Input>,
    notified: Notified,
    caller: Caller<ServerEvent>,
    counters: Arc<Counters>,
    deadline: Arc<Deadline>,
    report: Option<Report>,
}

impl<S: Socket> Inline<S> {
    /// A server without clients.
    pub(crate) fn new(
        mut config: ServerConfig,
        clock: Clock,
        handler: Box<dyn Handler<ServerEvent>>,
    ) -> Result<Inline<S>, Error> {
        config.io_threads = 1;
        config.check()?;
        let counters = Arc::new(Counters::new(&config, config.limits.clients));
        let deadline = Arc::new(Deadline::unset());
        let budget = counters.budget.clone();
        let guards = Guards::default();
        let settings = settings(&config, &counters, guards, clock, Arc::clone(&deadline));
        let (inbox, inputs) = bounded(config.limits.inbox);
        let bell = Arc::new(Bell::silent());
        let (giver, orders) = feed(Arc::clone(&bell), config.limits.feed.max(ORDERS));
        let slot = Slot::new();
        let ingress = Ingress::new(inbox.clone(), slot.clone(), budget.clone());
        let net = Arc::clone(&counters.net[0]);
        let shard = Shard::new(0, Arc::clone(&settings), ingress, orders, net);
        let (giving, notified, caller) = events(&config, handler, &counters);
        let egress = Egress::new(vec![giver], Some(giving), None, Arc::clone(&counters));
        let hub = Hub::new(start(&config, &settings, 1, false));
        slot.fill(Box::new(Driver::new(hub, egress, &settings)));
        let gate = Gate::new(settings);
        let report = None;
        Ok(Inline {
            gate,
            shard,
            bell,
            slot,
            inbox,
            inputs,
            notified,
            caller,
            counters,
            deadline,
            report,
        })
    }

    /// Somebody connects. The answer is the slot under which it is to be [noted](Inline::note) what
    /// the socket is ready for.
    pub(crate) fn admit(&mut self, stream: S, addr: SocketAddr) -> Option<usize> {
        self.shard.begin_turn();
        let slot = self.shard.next_id()?.slot();
        match self.gate.enter(addr, self.shard.now()) {
            Ok(ticket) => self.shard.adopt(stream, addr, ticket),
            Err(refusal) => self.shard.turn_away(stream, addr, &refusal),
        }
        Some(slot)
    }

    /// A socket has become ready for something.
    pub(crate) fn note(&mut self, slot: usize, ready: Readiness) {
        self.shard.note(slot, ready);
    }

    /// Does what there is to do, a turn of it, and answers whether there is more.
    pub(crate) fn turn(&mut self) -> bool {
        if self.report.is_some() {
            return false;
        }
        self.shard.begin_turn();
        self.report = self.shard.turn();
        self.shard.hand_over(&self.bell);
        self.drive();
        self.notified.tell_waiting(&mut self.caller);
        let is_due = self.next_timer().is_some_and(|at| at <= self.shard.now());
        let has_input = self.shard.is_starving() || !self.inputs.is_empty();
        let has_left = self.has_left();
        self.report.is_none() && (is_due || has_input || has_left || self.shard.has_work())
    }

    fn drive(&mut self) {
        let Some(mut taken) = self.slot.try_take() else { return };
        let Some(driver) = taken.driver() else { return };
        // Nobody else is there to make room.
        driver.turn_of(&self.inputs, false);
        if driver.is_done() {
            taken.finish();
        }
    }

    /// Asks something of the hub, which does it in the next turn.
    pub(crate) fn command(&self, command: Command) {
        if self.inbox.try_send(Input::Command(command)).is_err() {
            log::error!("the inbox is full");
        }
    }

    /// Tells the server to stop within this time, which is the system's.
    pub(crate) fn stop(&self, within: Duration) {
        self.deadline.bring_forward(after(Instant::now(), within));
        self.command(Command::Stop);
    }

    /// The report, once the server has stopped.
    pub(crate) fn report(&self) -> Option<Report> {
        self.report
    }

    /// When something is due next, in the clock's time.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.shard.next_timer().into_iter().chain(self.hub_timer()).min()
    }

    fn has_left(&self) -> bool {
        let Some(mut taken) = self.slot.try_take() else { return false };
        taken.driver().is_some_and(|driver| driver.has_left())
    }

    fn hub_timer(&self) -> Option<Instant> {
        self.slot.try_take()?.driver()?.next_timer()
    }

    /// What was counted so far.
    pub(crate) fn stats(&self) -> Stats {
        self.counters.read()
    }
}
