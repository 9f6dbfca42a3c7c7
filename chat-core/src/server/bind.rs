//! Where a server listens, and what it is given before it runs.

use std::fmt;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::Arc;

use socket2::SockRef;

use super::Server;
use super::shared::Shared;
use crate::addr::resolve;
use crate::clock::Clock;
#[cfg(feature = "testing")]
use crate::clock::ManualClock;
use crate::config::ServerConfig;
use crate::error::Error;
use crate::event::ServerEvent;
use crate::guard::Guards;
use crate::handler::Handler;
use crate::store::{NoStore, Store};

/// How many connections may wait to be accepted. With the usual 128, a burst of connects loses
/// packets, and each loss costs its client a second.
const LISTEN_BACKLOG: i32 = 4096;

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
}
