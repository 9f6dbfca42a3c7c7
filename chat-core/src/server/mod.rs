//! A server: where the rules and the sockets meet.
//!
//! ```text
//!  I/O threads ──▶ Ingress ──▶ inbox ──▶ hub thread ──▶ Egress ──▶ feeds ──▶ I/O threads
//!  ServerHandle ─ commands ─────▲              └──▶ Notifier ──▶ events thread ──▶ Handler
//! ```

mod closed;
mod counters;
mod driver;
mod egress;
mod handle;
mod hub_thread;
mod ingress;
#[cfg(feature = "testing")]
mod inline;
mod metrics;
mod keeper;
mod notified;
mod notify;
mod opened;
mod parts;
mod running;
mod shared;
mod stats;
mod stop;
mod stored;
mod store_thread;

pub use closed::ClosedBy;
pub use handle::ServerHandle;
#[cfg(feature = "testing")]
pub(crate) use inline::Inline;
pub use running::RunningServer;
pub use stats::{RefusedBy, Slowest, Stats};
pub use stored::StoreStats;

use std::fmt;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;

use socket2::SockRef;

use crate::addr::resolve;
use crate::clock::Clock;
#[cfg(feature = "testing")]
use crate::clock::ManualClock;
use crate::config::ServerConfig;
use crate::custom::{self, CommandCall, Custom, Reply};
use crate::error::Error;
#[cfg(doc)]
use crate::error::HandleError;
use crate::event::{Report, ServerEvent};
use crate::guard::{Admission, Guards, Incoming, Verdict};
use crate::handler::Handler;
use crate::store::{NoStore, Store};
use shared::Shared;

/// How many connections may wait to be accepted. With the usual 128, a burst of connects loses
/// packets, and each loss costs its client a second.
const LISTEN_BACKLOG: i32 = 4096;

/// A chat server that is bound to its address and does not run yet.
///
/// # Examples
///
/// A server that prints what happens:
///
/// ```no_run
/// use chat_core::Server;
///
/// Server::bind("127.0.0.1:12345")?.on_event(|event| println!("{event:?}")).run()?;
/// # Ok::<(), chat_core::Error>(())
/// ```
///
/// One that runs beside the rest of a program:
///
/// ```
/// use chat_core::Server;
///
/// let server = Server::bind("127.0.0.1:0")?.spawn()?;
/// server.handle().broadcast("the doors are open")?;
/// let report = server.stop()?;
/// assert_eq!(report.clients, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    config: ServerConfig,
    handler: Option<Box<dyn Handler<ServerEvent>>>,
    guards: Guards,
    store: Box<dyn Store>,
    clock: Clock,
    shared: Arc<Shared>,
}

impl Server {
    /// Takes an address. Clients may connect from now on; they are served when the server runs.
    ///
    /// Port 0 takes a free port; [`Server::local_addr`] tells which.
    ///
    /// # Errors
    ///
    /// [`Error::Resolve`] if there is no such address, [`Error::Bind`] if it cannot be had,
    /// [`Error::System`] if the system refuses something else.
    pub fn bind(addr: impl ToSocketAddrs + fmt::Debug) -> Result<Server, Error> {
        let (addrs, addr) = resolve(addr)?;
        let listener =
            TcpListener::bind(&addrs[..]).map_err(|source| Error::Bind { addr, source })?;
        Server::from_listener(listener)
    }

    /// Takes a listening socket that is there already, as from socket activation.
    ///
    /// ```
    /// use std::net::TcpListener;
    /// use chat_core::Server;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let addr = listener.local_addr()?;
    /// let server = Server::from_listener(listener)?;
    /// assert_eq!(server.local_addr(), addr);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::System`] if the system does not let it be listened on.
    pub fn from_listener(listener: TcpListener) -> Result<Server, Error> {
        let local_addr = listener.local_addr().map_err(Error::system("read the address"))?;
        listener.set_nonblocking(true).map_err(Error::system("make the socket non-blocking"))?;
        SockRef::from(&listener)
            .listen(LISTEN_BACKLOG)
            .map_err(Error::system("listen on the socket"))?;
        let shared = Arc::new(Shared::new());
        Ok(Server {
            listener,
            local_addr,
            config: ServerConfig::default(),
            handler: None,
            guards: Guards::default(),
            store: Box::new(NoStore),
            clock: Clock::default(),
            shared,
        })
    }

    /// Sets how the server behaves.
    #[must_use]
    pub fn config(mut self, config: ServerConfig) -> Server {
        self.config = config;
        self
    }

    /// Sets who is told of events: a closure, or a `Sender` of the crate `crossbeam-channel`.
    /// [`Handler`] has the contract.
    #[must_use]
    pub fn on_event(mut self, handler: impl Handler<ServerEvent>) -> Server {
        self.handler = Some(Box::new(handler));
        self
    }

    /// Decides about everybody who connects, once there is room for it.
    ///
    /// # The contract
    ///
    /// - It runs on the I/O threads, in parallel, so that what it shares must be made for that. While
    ///   it runs, the other clients of that thread wait, and on the one thread that accepts, so does
    ///   everybody who connects: it should not block.
    /// - Of a [`ServerHandle`] it can ask nothing but the [`stats`](ServerHandle::stats): everything
    ///   else fails with [`HandleError::Deciding`].
    /// - A panic is caught, logged, and counted in [`Stats::handler_panics`]. It counts as a refusal.
    ///
    /// ```
    /// use chat_core::{Admission, Server};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.on_connect(|addr| {
    ///     if addr.ip().is_loopback() { Admission::Admit } else { Admission::refuse("not from there") }
    /// });
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    #[must_use]
    pub fn on_connect(
        mut self,
        decide: impl Fn(SocketAddr) -> Admission + Send + Sync + 'static,
    ) -> Server {
        self.guards.on_connect = Some(Box::new(decide));
        self
    }

    /// Decides about what clients say, before anybody reads it: it passes, is changed, is refused, or
    /// closes its author's connection.
    ///
    /// It is asked about each message to a room, and about the texts of `/me`, of `/topic`, and of
    /// `/msg`: **it sees what clients say to each other in private**, and is not told which of these
    /// a text is. It is also asked about what a command of the program has its asker say
    /// ([`Reply::Say`]). It is not asked about names (`/nick`), the names of rooms, what operators
    /// write (`/notice`, and the reasons of `/kick`), nor about what the program says itself through
    /// a [`ServerHandle`].
    ///
    /// The contract is that of [`Server::on_connect`]. The texts of one client come one after
    /// another, in order; those of several may come at the same time. What it does not let pass is
    /// counted in [`Stats::lines_rejected`].
    ///
    /// ```
    /// use chat_core::{Server, Verdict};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.on_message(|message| match message.text {
    ///     "knock knock" => Verdict::change("who is there?"),
    ///     text if text.contains("spoiler") => Verdict::refuse("not before Sunday"),
    ///     _ => Verdict::Pass,
    /// });
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    #[must_use]
    pub fn on_message(
        mut self,
        decide: impl Fn(&Incoming<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Server {
        self.guards.on_message = Some(Box::new(decide));
        self
    }

    /// Adds a command, `/name`, which `answer` answers. `/help` lists it beside the built-in ones, with
    /// its arguments (such as `NAME [REASON]`; words in brackets may be left out) and a summary of what
    /// it does, in a few words.
    ///
    /// Its name consists of 1 to 32 characters, each one of `a` to `z`, `0` to `9` and `-`, and no other
    /// command may have it. Clients may type it in upper or lower case. If the name is not allowed, the
    /// server does not start: [`Error::Config`]. With [`ServerConfig::commands`] off, there are no
    /// commands of any kind.
    ///
    /// The contract is that of [`Server::on_connect`], but for a panic: there the asker reads that the
    /// command has failed. What one client asks and says is dealt with in order; commands of several
    /// clients may come at the same time.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use chat_core::{Reply, Server};
    ///
    /// let bell = AtomicU64::new(0);
    /// let server = Server::bind("127.0.0.1:0")?
    ///     .on_command("ring", "", "rings the bell", move |_| {
    ///         let times = bell.fetch_add(1, Ordering::Relaxed) + 1;
    ///         Reply::notice(&format!("the bell has rung {times} times"))
    ///     })
    ///     .on_command("shout", "TEXT", "says it louder", |asked| match asked.rest {
    ///         "" => Reply::error("usage: /shout TEXT"),
    ///         text => Reply::say(&text.to_uppercase()),
    ///     })
    ///     .spawn()?;
    /// # drop(server);
    ///
    /// let refused = Server::bind("127.0.0.1:0")?.on_command("nick", "", "", |_| Reply::Nothing);
    /// assert_eq!(
    ///     refused.spawn().unwrap_err().to_string(),
    ///     "invalid configuration: on_command cannot add the command \"nick\": \
    ///      there is a built-in one of that name",
    /// );
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    #[must_use]
    pub fn on_command(
        mut self,
        name: &str,
        arguments: &str,
        summary: &str,
        answer: impl Fn(&CommandCall<'_>) -> Reply + Send + Sync + 'static,
    ) -> Server {
        self.guards.customs.push(Custom::new(name, arguments, summary, Box::new(answer)));
        self
    }

    /// Sets where what is said is kept, so that it outlives the server: rooms and their lines, topics,
    /// bans, and who may come back. Default: nowhere.
    ///
    /// With a store, a labelled message is acknowledged when it is durable, and nobody reads it before
    /// that. What is said without a label is kept as well, and waits for nothing. With the feature
    /// `sqlite`, `store::SqliteStore` keeps it in a file.
    ///
    /// ```
    /// use chat_core::Server;
    /// use chat_core::store::MemoryStore;
    ///
    /// let store = MemoryStore::default();
    /// Server::bind("127.0.0.1:0")?.store(store.clone()).spawn()?.stop()?;
    /// // It is the same chat: the second server finds what the first one has kept.
    /// Server::bind("127.0.0.1:0")?.store(store).spawn()?.stop()?;
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Server {
        self.store = Box::new(store);
        self
    }

    /// Takes the time, for every limit that has to do with it, from a clock that a test moves.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn clock(mut self, clock: &ManualClock) -> Server {
        self.clock = Clock::Manual(clock.clone());
        self
    }

    /// The address that the server listens on, with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// A handle to this server, for use from anywhere, event handlers included.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle::new(Arc::clone(&self.shared))
    }

    /// Runs the server until [`ServerHandle::shutdown`] ends it, and reports how that went.
    ///
    /// All threads of the server have ended when this returns, with one exception: a store that does
    /// not answer is left behind with its thread, and the error says so.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a field of the config or an added command cannot work, [`Error::Store`] if
    /// the store cannot be used or does not come to its end, [`Error::System`] if the system refuses
    /// something, [`Error::Panicked`] if a thread of the library panicked.
    pub fn run(self) -> Result<Report, Error> {
        self.spawn()?.join()
    }

    /// Runs the server on threads of its own.
    ///
    /// # Errors
    ///
    /// Those of [`Server::run`] that show at the start: [`Error::Config`], [`Error::Store`] and
    /// [`Error::System`].
    pub fn spawn(self) -> Result<RunningServer, Error> {
        self.config.check()?;
        custom::check(&self.guards.customs)?;
        RunningServer::start(self)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
