//! A server's threads: how they start, and the order in which they end.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use mio::net::TcpListener;

use super::egress::Egress;
use super::handle::{ServerHandle, Shared};
use super::notify::notifier;
use super::stats::Counters;
use super::stop::Part;
use super::{Server, hub_thread};
use crate::config::ServerConfig;
use crate::error::Error;
use crate::event::{Report, ServerEvent};
use crate::handler::Caller;
use crate::hub::{Hub, Input};
use crate::net::{Acceptor, Arrival, Gauge, IoThread, Settings};
use crate::threads::Thread;
use crate::wire::Rules;

/// A server that runs. Dropping it stops the server and waits for the end, as
/// [`RunningServer::stop`] does.
#[derive(Debug)]
pub struct RunningServer {
    shared: Arc<Shared>,
    local_addr: std::net::SocketAddr,
    stop_timeout: Duration,
    // The threads in the order in which they end: each makes its end known to the next.
    io: Vec<Thread<Result<(), Error>>>,
    hub: Option<Thread<()>>,
    events: Option<Thread<()>>,
}

impl RunningServer {
    /// Starts the threads of a server.
    pub(super) fn start(server: Server) -> Result<RunningServer, Error> {
        let Server { listener, local_addr, config, handler, shared } = server;
        let counters = Arc::new(Counters::new(config.io_threads));
        let (inbox, inputs) = bounded::<Input>(config.limits.inbox);

        let mut running = RunningServer {
            shared: Arc::clone(&shared),
            local_addr,
            stop_timeout: config.stop_timeout,
            io: Vec::new(),
            hub: None,
            events: None,
        };

        let settings = Arc::new(settings(&config));
        let mut io_threads = Vec::new();
        let mut feeds = Vec::new();
        let mut doors = Vec::new();
        for (index, net) in counters.net.iter().enumerate() {
            let (thread, feed, door) =
                IoThread::new(index, Arc::clone(&settings), inbox.clone(), Arc::clone(net))?;
            io_threads.push(thread);
            feeds.push(feed);
            doors.push(door);
        }
        // The last one listens; it needs no door to itself.
        doors.pop();
        if let Some(last) = io_threads.last_mut() {
            last.listen(Acceptor::new(TcpListener::from_std(listener)), doors)?;
        }

        let notifier = match handler {
            None => None,
            Some(handler) => {
                let handler_counters = Arc::clone(&counters.handler);
                let (giving, taking) = notifier(
                    config.limits.events,
                    config.message_events,
                    Arc::clone(&handler_counters),
                );
                let caller =
                    Caller::new(handler, |count| ServerEvent::Missed { count }, handler_counters);
                let run = move || taking.run(caller);
                running.events = Some(Thread::spawn("chat-events".into(), run)?);
                Some(giving)
            }
        };

        let hub = Hub::new(config.io_threads);
        let egress = Egress::new(feeds, notifier, Arc::clone(&counters), Arc::clone(&shared));
        let run = move || hub_thread::run(hub, &inputs, egress);
        running.hub = Some(Thread::spawn("chat-hub".into(), run)?);
        let parts = Part::all(&shared, config.io_threads);
        shared.start(inbox, counters);
        for (index, (thread, part)) in io_threads.into_iter().zip(parts).enumerate() {
            let run = move || thread.run().map(|report| part.end(report));
            running.io.push(Thread::spawn(format!("chat-io-{index}"), run)?);
        }
        // Somebody may have asked for the end before there was a beginning.
        if shared.stop.deadline().is_some() {
            running.ask_to_stop();
        }
        Ok(running)
    }

    /// The address that the server listens on, with its real port.
    pub fn local_addr(&self) -> std::net::SocketAddr {
        self.local_addr
    }

    /// A handle to the server.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle::new(Arc::clone(&self.shared))
    }

    /// Stops the server within [`ServerConfig::stop_timeout`] and waits until all its threads have
    /// ended.
    ///
    /// # Errors
    ///
    /// Those of [`RunningServer::join`].
    pub fn stop(self) -> Result<Report, Error> {
        self.ask_to_stop();
        self.join()
    }

    /// Waits until somebody has stopped the server and all its threads have ended.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if the system refused something that the server cannot do without,
    /// [`Error::Panicked`] if a thread of the library did.
    pub fn join(mut self) -> Result<Report, Error> {
        self.finish()
    }

    fn ask_to_stop(&self) {
        // A server that does not run any more need not be stopped.
        let _: Result<(), _> = self.shared.stop(self.stop_timeout);
    }

    /// Waits for the threads: those of the sockets, for whose reports those who called `shutdown`
    /// are waiting, then the hub, then the one of the events, which may have been among them.
    fn finish(&mut self) -> Result<Report, Error> {
        let mut failure = None;
        for thread in self.io.drain(..) {
            let ended = thread.join().and_then(Option::transpose);
            failure = failure.or(ended.err());
        }
        let report = self.shared.stop.wait();
        for thread in [self.hub.take(), self.events.take()].into_iter().flatten() {
            failure = failure.or(thread.join().err());
        }
        failure.map_or(Ok(report), Err)
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.ask_to_stop();
        if let Err(error) = self.finish() {
            log::error!("{error}");
        }
    }
}

/// What the I/O threads need to know of the config.
fn settings(config: &ServerConfig) -> Settings {
    let limits = &config.limits;
    Settings {
        rules: Rules {
            framing: config.framing,
            line: limits.line,
            endless: limits.endless_line,
            line_patience: None,
        },
        backlog: limits.backlog as u64,
        direct: limits.direct,
        feed: limits.feed,
        keepalive: limits.keepalive,
        gauge: Gauge::new(limits.clients),
    }
}

impl From<Arrival> for Input {
    fn from(arrival: Arrival) -> Input {
        match arrival {
            Arrival::Connected { conn, addr } => Input::Connected { conn, addr },
            Arrival::Said { conn, messages } => Input::Said { conn, messages },
            Arrival::Left { conn, reason } => Input::Left { conn, reason },
            Arrival::Quiet => Input::Quiet,
        }
    }
}
