//! Drives the hub: a turn takes inputs, and sends off what follows from them.
//!
//! The hub is one state machine that belongs to one thread at a time. What waits in the inbox is the
//! hub thread's to deal with. But to cross over to it and back costs two switches between threads,
//! which is more than all the rest of what the server does for a single message. So the driver lies
//! in a [`Slot`] while nobody needs it, and an I/O thread that finds it there, with an empty inbox
//! before it, drives one turn itself. Nobody waits for the slot but the hub thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender, bounded};

use super::egress::Egress;
use crate::budget::Budget;
use crate::clock::Clock;
use crate::deadline::{Deadline, after};
use crate::hub::{Hub, Input, Now};
use crate::net::Settings;
use crate::store::Kept;

/// How many bytes make a batch large enough to be sent off.
const BATCH: usize = 64 * 1024;
/// How long what has waited for the store may take to go out when the server stops.
const GOING_OUT: Duration = Duration::from_millis(250);
/// How long the store has for its last words, however late they come.
const MOMENT: Duration = Duration::from_secs(1);
/// How many inputs are taken before those who wait for their effects are woken.
const TURN: usize = 256;

/// The hub, and all that its effects go to.
#[derive(Debug)]
pub(super) struct Driver {
    hub: Hub,
    egress: Egress,
    /// What the inputs in the inbox are charged to.
    budget: Budget,
    clock: Clock,
    /// By when all is to be over, once the server is told to stop.
    deadline: Arc<Deadline>,
}

impl Driver {
    pub(super) fn new(hub: Hub, egress: Egress, settings: &Settings) -> Driver {
        let (budget, clock) = (settings.budget.clone(), settings.clock.clone());
        Driver { hub, egress, budget, clock, deadline: Arc::clone(&settings.deadline) }
    }

    /// Puts back what was kept, before anything else happens.
    pub(super) fn restore(&mut self, kept: Kept) {
        self.egress.begin_turn(false);
        let now = self.now();
        self.hub.restore(kept, now, &mut self.egress);
        self.egress.end_turn(now.at);
    }

    /// A turn of an I/O thread, which waits for nobody: takes inputs, until there are none or they fill
    /// a turn, and publishes what was said as one batch: under load the batches grow by themselves and the cost per message falls, while a
    /// single message goes out at once.
    pub(super) fn turn(&mut self, inputs: impl Iterator<Item = Input>) {
        self.egress.begin_turn(false);
        self.turn_at(self.now(), inputs);
    }

    fn turn_at(&mut self, now: Now, inputs: impl Iterator<Item = Input>) {
        for input in inputs.take(TURN) {
            self.hub.handle(input, now, &mut self.egress);
            if self.hub.unpublished() >= BATCH || self.hub.is_stopped() {
                break;
            }
        }
        self.hub.publish(&mut self.egress);
        self.egress.end_turn(now.at);
    }

    /// A turn of what is due with time, and of what waits in the inbox. It may wait for room in the
    /// feeds, unless nobody else could make any.
    pub(super) fn turn_of(&mut self, inbox: &Receiver<Input>, may_wait: bool) {
        self.egress.begin_turn(may_wait);
        let budget = self.budget.clone();
        let now = self.now();
        if let Some(stored) = self.egress.overdue(now.at, self.last_call() == Some(Duration::ZERO))
        {
            self.hub.handle(Input::Stored(stored), now, &mut self.egress);
        }
        self.hub.tick(now, &mut self.egress);
        self.turn_at(now, inbox.try_iter().inspect(|input| budget.give_back(input.weight())));
    }

    /// How many of these inputs a turn can take without waiting for anybody: the first ones, as far as
    /// there is room for what follows from them.
    pub(super) fn takes(&self, inputs: &VecDeque<Input>) -> usize {
        let most = if self.hub.is_running() { self.egress.room().min(TURN) } else { 0 };
        inputs.iter().take(most).take_while(|input| input.is_small()).count()
    }

    /// Whether no turn will ever come again.
    pub(super) fn is_done(&self) -> bool {
        // What waits for the store is to go out before the end.
        self.hub.is_stopped() && !self.egress.is_holding() || self.egress.is_broken()
    }

    /// Waits until one of these is ready or something is due with time, and meanwhile for room for
    /// events that are still to be sent.
    pub(super) fn wait<'a>(&'a self, mut ready: Select<'a>) {
        self.egress.watch_room(&mut ready);
        wait(&mut ready, self.time_to_wait());
    }

    /// When something is due with time, by its clock.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.hub.next_timer().into_iter().chain(self.egress.next_timer()).min()
    }

    /// Whether something is due with time.
    pub(super) fn is_due(&self) -> bool {
        self.time_to_wait() == Some(Duration::ZERO)
    }

    /// How long it is until something is due, `None` if that does not come by itself.
    pub(super) fn time_to_wait(&self) -> Option<Duration> {
        if self.egress.has_left() {
            return Some(Duration::ZERO);
        }
        let due = self.next_timer().and_then(|at| self.clock.time_until(at));
        due.into_iter().chain(self.last_call()).min()
    }

    /// How long the store may still be waited for, if something waits for it while the server stops: so
    /// that all can still go out without it.
    fn last_call(&self) -> Option<Duration> {
        if self.hub.is_running() || !self.egress.is_holding() {
            return None;
        }
        let left = self.deadline.get()?.saturating_duration_since(Instant::now());
        Some(left.saturating_sub(GOING_OUT))
    }

    fn now(&self) -> Now {
        Now { at: self.clock.now(), wall: self.clock.wall() }
    }

    /// Whether there are orders that the hub thread has to give.
    pub(super) fn has_left(&self) -> bool {
        self.egress.has_left()
    }

    /// Whether there are events that are still to be sent.
    pub(super) fn is_behind(&self) -> bool {
        self.egress.is_behind()
    }
}

/// Until when the store is waited for after all else has ended: the server's deadline, or a moment
/// longer if that is over.
pub(super) fn last_moment(deadline: Option<Instant>) -> Instant {
    let soon = after(Instant::now(), MOMENT);
    deadline.map_or(soon, |deadline| deadline.max(soon))
}

/// Waits until one of these is ready, for this time at most.
pub(super) fn wait(ready: &mut Select<'_>, time: Option<Duration>) {
    match time {
        // What it was that ended the wait is looked for anyway.
        Some(time) => ready.ready_timeout(time).ok(),
        None => Some(ready.ready()),
    };
}

/// The place of the driver while nobody drives, and what wakes the hub thread when it is to look at
/// the time anew.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    put: Sender<Option<Box<Driver>>>,
    take: Receiver<Option<Box<Driver>>>,
    wake: Sender<()>,
    woken: Receiver<()>,
}

impl Slot {
    /// A slot whose driver is still to come.
    pub(super) fn new() -> Slot {
        let (put, take) = bounded(1);
        let (wake, woken) = bounded(1);
        Slot { put, take, wake, woken }
    }

    /// Puts the driver in.
    pub(super) fn fill(&self, driver: Box<Driver>) {
        self.put(Some(driver));
    }

    /// Has the hub thread look at the time anew: it has jumped, or something is due earlier than the
    /// thread knows.
    pub(super) fn wake(&self) {
        self.waker()();
    }

    /// A way to do that which does not keep the driver.
    pub(super) fn waker(&self) -> impl Fn() + Send + 'static {
        let wake = self.wake.clone();
        move || {
            // Once is as good as twice.
            let _: Result<(), _> = wake.try_send(());
        }
    }

    /// What the hub thread waits for: an input, or that it is woken.
    pub(super) fn ready<'a>(&'a self, inbox: &'a Receiver<Input>) -> Select<'a> {
        let mut ready = Select::new();
        ready.recv(inbox);
        ready.recv(&self.woken);
        ready
    }

    /// Notes that the hub thread is awake, and looks at the time from now on.
    pub(super) fn has_woken(&self) {
        let _: Result<(), _> = self.woken.try_recv();
    }

    /// Puts the driver back, or word that there is none any more.
    fn put(&self, driver: Option<Box<Driver>>) {
        // There is one driver and one place for it.
        if self.put.try_send(driver).is_err() {
            log::error!("there is a second hub");
        }
    }

    /// Takes the driver, when nobody else has it.
    pub(super) fn take(&self) -> Option<Taken<'_>> {
        Some(Taken { driver: self.take.recv().ok()?, slot: self })
    }

    /// Takes the driver, if nobody else has it.
    pub(super) fn try_take(&self) -> Option<Taken<'_>> {
        Some(Taken { driver: self.take.try_recv().ok()?, slot: self })
    }
}

/// The driver in somebody's hands, from which it goes back into its slot. If they drop it in a
/// panic, its state is not to be trusted: it is gone, and so are the feeds and the server.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    driver: Option<Box<Driver>>,
    slot: &'a Slot,
}

impl Taken<'_> {
    /// The driver, if it is not gone.
    pub(super) fn driver(&mut self) -> Option<&mut Driver> {
        self.driver.as_deref_mut()
    }

    /// Ends the driver. In its place the slot has word that there is none any more.
    pub(super) fn finish(mut self) {
        if let Some(driver) = self.driver.take() {
            let until = last_moment(driver.deadline.get());
            driver.egress.finish(until);
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.slot.put(self.driver.take().filter(|_| !thread::panicking()));
    }
}
