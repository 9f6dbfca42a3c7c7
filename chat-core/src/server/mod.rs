//! A server: where the rules and the sockets meet.
//!
//! ```text
//!  I/O threads ──▶ Ingress ──▶ inbox ──▶ hub thread ──▶ Egress ──▶ feeds ──▶ I/O threads
//!  ServerHandle ─ commands ─────▲              └──▶ Notifier ──▶ events thread ──▶ Handler
//! ```

mod bind;
mod closed;
mod counters;
mod decide;
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
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::ServerConfig;
use crate::custom;
use crate::error::Error;
use crate::event::{Report, ServerEvent};
use crate::guard::Guards;
use crate::handler::Handler;
use crate::store::Store;
use shared::Shared;

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
