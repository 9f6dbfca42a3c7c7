//! A server's threads: how they start, and the order in which they end.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use mio::net::TcpListener;

use super::counters::Counters;
use super::driver::{Driver, Slot, last_moment};
use super::egress::Egress;
use super::handle::ServerHandle;
use super::ingress::Ingress;
use super::metrics::Publisher;
use super::notify::Notifier;
use super::opened::Opened;
use super::parts::{events, settings, start};
use super::shared::{Running, Shared};
use super::stop::Part;
use super::{Server, hub_thread};
use crate::config::ServerConfig;
use crate::error::Error;
use crate::event::{Report, ServerEvent};
use crate::files;
use crate::handler::Handler;
use crate::hub::{Hub, Input};
use crate::net::{Acceptor, Feed, Gate, IoThread, Settings};
use crate::store::StoreError;
use crate::threads::Thread;

/// A server that runs. Dropping it stops the server and waits for the end, as
/// [`RunningServer::stop`] does.
///
/// ```
/// use chat_core::Server;
///
/// let running = Server::bind("127.0.0.1:0")?.spawn()?;
/// println!("listening on {}", running.local_addr());
/// let handle = running.handle();
/// assert_eq!(handle.stats().clients, 0);
/// let report = running.stop()?;
/// assert_eq!((report.clients, report.dropped), (0, 0));
/// # Ok::<(), chat_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RunningServer {
    shared: Arc<Shared>,
    local_addr: SocketAddr,
    stop_timeout: Duration,
    // The threads in the order in which they end: each makes its end known to the next.
    io: Vec<Thread<Result<(), Error>>>,
    hub: Option<Thread<()>>,
    events: Option<Thread<()>>,
    store: Vec<Thread<()>>,
    publisher: Option<Publisher>,
}

impl RunningServer {
    /// Starts the threads of a server.
    pub(super) fn start(server: Server) -> Result<RunningServer, Error> {
        let Server { listener, local_addr, config, handler, guards, store, clock, shared } = server;
        let max_clients = possible_clients(config.limits.clients);
        let counters = Arc::new(Counters::new(&config, max_clients));
        let budget = &counters.budget;
        let deadline = Arc::clone(&shared.stop.deadline);
        let settings = settings(&config, &counters, guards, clock, deadline);
        let (inbox, inputs) = bounded::<Input>(config.limits.inbox);
        let opened = store.keeps().then(|| Opened::load(store, &config)).transpose()?;

        let mut running = RunningServer {
            shared: Arc::clone(&shared),
            local_addr,
            stop_timeout: config.stop_timeout,
            io: Vec::new(),
            hub: None,
            events: None,
            store: Vec::new(),
            publisher: None,
        };

        let slot = Slot::new();
        let ingress = || Ingress::new(inbox.clone(), slot.clone(), budget.clone());
        let (io_threads, feeds) = io_threads(&settings, listener, &counters, ingress)?;
        let notifier = match handler {
            None => None,
            Some(handler) => Some(running.start_events(&config, handler, &counters)?),
        };
        let bells: Vec<_> = feeds.iter().map(Feed::bell).collect();
        let sleepers = bells.clone();
        let wake_hub = slot.waker();
        settings.clock.on_jump(move || {
            for bell in &sleepers {
                bell.ring();
            }
            wake_hub();
        });
        let (is_storing, mut kept) = (opened.is_some(), None);
        let keeper = match opened {
            None => None,
            Some(opened) => {
                let (found, keeper, threads) = opened.start(inbox.clone(), &counters)?;
                running.store = threads;
                kept = Some(found);
                Some(keeper)
            }
        };
        let egress = Egress::new(feeds, notifier, keeper, Arc::clone(&counters));
        let epoch = kept.as_ref().map_or(1, |kept| kept.epoch);
        let hub = Hub::new(start(&config, &settings, epoch, is_storing));
        let mut driver = Box::new(Driver::new(hub, egress, &settings));
        if let Some(kept) = kept {
            driver.restore(kept);
        }
        slot.fill(driver);
        let (lives, hub_lives) = bounded(0);
        let run = move || hub_thread::run(&slot, inputs, lives);
        running.hub = Some(Thread::spawn("chat-hub".into(), run)?);

        let parts = Part::all(&shared, config.io_threads);
        shared.start(Running { inbox, counters: Arc::clone(&counters), bells, hub_lives });
        for (index, (thread, part)) in io_threads.into_iter().zip(parts).enumerate() {
            let run = move || thread.run().map(|report| part.end(report));
            running.io.push(Thread::spawn(format!("chat-io-{index}"), run)?);
        }
        running.publisher = Some(Publisher::start(local_addr, &counters)?);
        // Somebody may have asked for the end before there was a beginning.
        if shared.stop.is_asked() {
            running.ask_to_stop();
        }
        Ok(running)
    }

    /// Starts the thread that calls the handler, and gives what it takes its events from.
    fn start_events(
        &mut self,
        config: &ServerConfig,
        handler: Box<dyn Handler<ServerEvent>>,
        counters: &Counters,
    ) -> Result<Notifier, Error> {
        let (giving, taking, caller) = events(config, handler, counters);
        self.events = Some(Thread::spawn("chat-events".into(), move || taking.run(caller))?);
        Ok(giving)
    }

    /// The address that the server listens on, with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// A handle to the server.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle::new(Arc::clone(&self.shared))
    }

    /// Stops the server within [`ServerConfig::stop_timeout`] and waits until its threads have ended,
    /// as [`RunningServer::join`] does.
    ///
    /// # Errors
    ///
    /// Those of [`RunningServer::join`].
    pub fn stop(self) -> Result<Report, Error> {
        self.ask_to_stop();
        self.join()
    }

    /// Waits until somebody has stopped the server and all its threads have ended. A store that does not
    /// answer is not waited for: it is left behind with its thread, and the error says so.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if the system refused something that the server cannot do without,
    /// [`Error::Store`] if the store did not come to its end, [`Error::Panicked`] if a thread of the
    /// library panicked.
    pub fn join(mut self) -> Result<Report, Error> {
        self.finish()
    }

    fn ask_to_stop(&self) {
        // A server that does not run any more need not be stopped.
        let _: Result<(), _> = self.shared.stop(self.stop_timeout);
    }

    /// Waits for the threads: those of the sockets, for whose reports those who called `shutdown`
    /// are waiting, then the hub, then the one of the events, which may have been among them, then those
    /// of the store, if they end in time, and at last the one that publishes what all of them have counted.
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
        let until = last_moment(self.shared.stop.deadline.get());
        for thread in self.store.drain(..) {
            let ended = match thread.join_by(until) {
                Ok(false) => Err(Error::Store(StoreError::Stuck)),
                Ok(true) => Ok(()),
                Err(error) => Err(error),
            };
            failure = failure.or(ended.err());
        }
        if let Some(publisher) = self.publisher.take() {
            failure = failure.or(publisher.end().err());
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

/// Makes the I/O threads, one of which listens, and the feeds that tell them what to do.
fn io_threads(
    settings: &Arc<Settings>,
    listener: StdListener,
    counters: &Counters,
    ingress: impl Fn() -> Ingress,
) -> Result<(Vec<IoThread<Ingress>>, Vec<Feed>), Error> {
    let (mut threads, mut feeds, mut doors) = (Vec::new(), Vec::new(), Vec::new());
    for (index, net) in counters.net.iter().enumerate() {
        let (thread, feed, door) =
            IoThread::new(index, Arc::clone(settings), ingress(), Arc::clone(net))?;
        threads.push(thread);
        feeds.push(feed);
        doors.push(door);
    }
    // The last one listens; it needs no door to itself.
    doors.pop();
    if let Some(last) = threads.last_mut() {
        let gate = Gate::new(Arc::clone(settings));
        last.listen(Acceptor::new(TcpListener::from_std(listener)), gate, doors)?;
    }
    Ok((threads, feeds))
}

/// How many clients there may be, of those that are wanted: each is an open file.
fn possible_clients(wanted: usize) -> usize {
    let Some(most) = files::most_connections().filter(|&most| most < wanted) else {
        return wanted;
    };
    log::warn!(
        "the process may open files for {most} clients, not for {wanted}: raise its limit of open \
         files (ulimit -n) to {}",
        files::needed_for(wanted)
    );
    most
}
