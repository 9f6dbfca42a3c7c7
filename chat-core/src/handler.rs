//! Who is told of events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::Sender;

/// How often a handler that took no more is offered again what it must be told.
pub(crate) const RETRY: Duration = Duration::from_millis(50);

/// Something that takes events: a closure, or a `Sender` of the crate `crossbeam-channel` (version 0.5).
///
/// # The contract
///
/// - A server calls its handler on one thread of its own, `chat-events`; a client calls it on its
///   I/O thread. Never two calls at a time, and always in the order in which things happened.
/// - No lock is held during a call. The handler of a server may call every method of
///   [`ServerHandle`](crate::ServerHandle), also those that wait for an answer. That of a client may
///   call every method of [`Client`](crate::Client); those that would wait for the thread that calls
///   it say so in place of waiting.
/// - A slow handler of a server delays nothing but later events. What does not fit into
///   [`Limits::events`](crate::Limits::events) is left out, counted, and told as `Missed`.
///   A client with a slow handler reads more slowly, and so, by way of TCP, is sent less by the server.
/// - A panic in the handler is caught, logged and counted; the chat goes on, and so do the events.
/// - [`Server::run`](crate::Server::run) and [`Client::join`](crate::Client::join) return after the
///   last call has returned: a handler that never returns keeps them waiting.
///
/// Nobody waits for a `Sender`: if its channel is full, the event is left out, counted, and told as
/// `Missed` when there is room again. Of a server, a `Disconnected` is not left out but kept until then.
/// Of a client, whose `Disconnected` is its last event, that the channel ends says the same, and always
/// comes.
///
/// ```
/// use chat_core::{Client, Server};
///
/// let (sender, events) = crossbeam_channel::bounded(1024);
/// let server = Server::bind("127.0.0.1:0")?.on_event(sender).spawn()?;
/// let client = Client::connect(server.local_addr(), |event| println!("{event:?}"))?;
/// assert!(format!("{:?}", events.recv()?).starts_with("Connected"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Handler<E>: Send + 'static {
    /// Takes an event. Answers `false` if it could not take it, so that the event is counted as missed.
    fn handle(&mut self, event: E) -> bool;

    /// Is called when nothing more is waiting at the moment: a good time to flush what is buffered.
    fn idle(&mut self) {}
}

impl<E, F: FnMut(E) + Send + 'static> Handler<E> for F {
    fn handle(&mut self, event: E) -> bool {
        self(event);
        true
    }
}

impl<E: Send + 'static> Handler<E> for Sender<E> {
    fn handle(&mut self, event: E) -> bool {
        self.try_send(event).is_ok()
    }
}

/// Calls a handler, whatever it does.
pub(crate) struct Caller<E> {
    handler: Box<dyn Handler<E>>,
    /// The event that tells of missed ones.
    missed: fn(u64) -> E,
    /// How many events the handler did not take since it was last told.
    untold: u64,
    counters: Arc<HandlerCounters>,
}

/// What is counted of a handler, for anybody to read.
#[derive(Debug, Default)]
pub(crate) struct HandlerCounters {
    /// Events that were left out.
    pub(crate) missed: AtomicU64,
    /// Calls that panicked.
    pub(crate) panics: AtomicU64,
}

impl<E: 'static> Caller<E> {
    pub(crate) fn new(
        handler: Box<dyn Handler<E>>,
        missed: fn(u64) -> E,
        counters: Arc<HandlerCounters>,
    ) -> Caller<E> {
        Caller { handler, missed, untold: 0, counters }
    }

    /// Hands an event over, or counts it as missed.
    pub(crate) fn call(&mut self, event: E) -> bool {
        let is_taken = self.offer(event);
        if !is_taken {
            self.miss(1);
        }
        is_taken
    }

    /// Hands an event over if the handler takes it, and before it what there is to tell of earlier
    /// ones.
    pub(crate) fn offer(&mut self, event: E) -> bool {
        self.tell_missed() && self.caught(|handler| handler.handle(event))
    }

    /// Counts events that the handler will not be handed.
    pub(crate) fn miss(&mut self, count: u64) {
        self.counters.missed.fetch_add(count, Ordering::Relaxed);
        self.untold += count;
    }

    /// Notes events that were counted as missed before they came here.
    pub(crate) fn was_missed(&mut self, count: u64) {
        self.untold += count;
    }

    /// Whether there are missed events of which the handler has not been told.
    pub(crate) fn is_behind(&self) -> bool {
        self.untold > 0
    }

    /// Lets the handler know that nothing is waiting.
    pub(crate) fn idle(&mut self) {
        self.tell_missed();
        self.caught(|handler| {
            handler.idle();
            true
        });
    }

    fn tell_missed(&mut self) -> bool {
        if self.untold > 0 {
            let told = (self.missed)(self.untold);
            if !self.caught(|handler| handler.handle(told)) {
                return false;
            }
            self.untold = 0;
        }
        true
    }

    fn caught(&mut self, call: impl FnOnce(&mut dyn Handler<E>) -> bool) -> bool {
        let handler = &mut *self.handler;
        // The handler's own state after a panic is its own affair; nothing of ours is in its hands.
        catch_unwind(AssertUnwindSafe(|| call(handler))).unwrap_or_else(|_| {
            self.counters.panics.fetch_add(1, Ordering::Relaxed);
            log::error!("the event handler panicked; the chat goes on");
            true
        })
    }
}

impl<E> std::fmt::Debug for Caller<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("untold", &self.untold).finish_non_exhaustive()
    }
}
