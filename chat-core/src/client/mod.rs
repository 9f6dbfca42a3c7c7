//! A client: a connection that is made again when it is lost, one thread, and a handle to send
//! through.

mod ask;
mod backoff;
mod io;
mod pending;
mod place;
mod progress;
mod requests;
mod session;
mod tagged;
mod talk;
mod unanswered;

pub use ask::Present;
pub use pending::Pending;

use std::fmt;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::{io as std_io, mem};

use crossbeam_channel::{Sender, TrySendError, bounded};

use crate::addr::check_ends;
use crate::config::ClientConfig;
use crate::error::{Error, SendError};
use crate::event::{ClientEvent, CloseReason};
use crate::guard::is_deciding;
use crate::handler::{Caller, Handler};
use crate::net::Bell;
use crate::threads::Thread;
use crate::wire::Text;
use ask::Asking;
use io::ClientIo;
use place::Place;
use requests::Outgoing;

/// A connection to a chat server, which comes back by itself when it is lost:
/// [`ClientConfig::reconnect`].
///
/// All methods may be called from any thread, and from the event handler, where those that wait for
/// the client's own thread return at once: [`Client::send_blocking`], [`Client::join`] and
/// [`Pending::wait`]. Dropping the client closes it as [`Client::close`] does, and waits for the end
/// unless that is what drops it.
///
/// # Examples
///
/// Print what is said, and say something:
///
/// ```no_run
/// use chat_core::{Client, ClientEvent};
///
/// let client = Client::connect("127.0.0.1:12345", |event| {
///     if let ClientEvent::Line(line) = event {
///         println!("{line}");
///     }
/// })?;
/// client.send("hello")?;
/// client.close();
/// client.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Be told who said what where, and have requests answered, by a server that knows tags:
///
/// ```no_run
/// use chat_core::{Client, ClientConfig, ClientEvent};
/// use std::time::Duration;
///
/// let mut config = ClientConfig::default();
/// config.tags = true;
/// config.name = Some("Ada".parse()?);
/// let client = Client::connect_with("127.0.0.1:12345", config, |event| match event {
///     ClientEvent::Message { meta, from, text } => println!("{from} in {:?}: {text}", meta.room),
///     ClientEvent::Private { from, text, .. } => println!("{from} whispers: {text}"),
///     _ => {}
/// })?;
/// let said = client.say_in(&"lobby".parse()?, "hello").wait(Duration::from_secs(5))?;
/// println!("that was message number {:?}", said.msgid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    outbox: Sender<Outgoing>,
    send_queue: usize,
    /// Only a client with tags can ask.
    asking: Option<Asking>,
    shared: Arc<Shared>,
    thread: Option<Thread<Result<CloseReason, Error>>>,
}

/// What the handle and the thread of a client have in common.
#[derive(Debug)]
struct Shared {
    bell: Bell,
    /// Set when the client is to close once all is sent.
    is_closing: AtomicBool,
    /// The addresses of both ends of the latest connection, ours first.
    addrs: Mutex<(SocketAddr, SocketAddr)>,
}

impl Shared {
    fn new(bell: Bell, addrs: (SocketAddr, SocketAddr)) -> Shared {
        Shared { bell, is_closing: AtomicBool::new(false), addrs: Mutex::new(addrs) }
    }

    fn set_addrs(&self, addrs: (SocketAddr, SocketAddr)) {
        *self.addrs() = addrs;
    }

    fn addrs(&self) -> MutexGuard<'_, (SocketAddr, SocketAddr)> {
        // Nobody can panic between taking and giving it.
        self.addrs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Connects to a server with the default [`ClientConfig`].
    ///
    /// The handler is told what comes: it is a closure, or a `Sender` of the crate
    /// `crossbeam-channel`. [`Handler`] has the contract.
    ///
    /// # Errors
    ///
    /// [`Error::Resolve`] if the address is none, [`Error::Connect`] if nobody accepts there,
    /// [`Error::System`] if the system refuses what the client cannot do without, a thread, say.
    pub fn connect(
        addr: impl ToSocketAddrs + fmt::Debug,
        handler: impl Handler<ClientEvent>,
    ) -> Result<Client, Error> {
        Client::connect_with(addr, ClientConfig::default(), handler)
    }

    /// Connects to a server with a config of one's own.
    ///
    /// ```
    /// use chat_core::{Client, ClientConfig, Server};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.spawn()?;
    /// let mut config = ClientConfig::default();
    /// // What a person would type first.
    /// config.greeting = vec!["/nick Ada".parse()?, "/join tea".parse()?];
    /// // A connection that is lost is lost.
    /// config.reconnect = None;
    /// let client = Client::connect_with(server.local_addr(), config, |_| ())?;
    /// client.send("milk?")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a field of the config cannot work, and those of [`Client::connect`].
    pub fn connect_with(
        addr: impl ToSocketAddrs + fmt::Debug,
        config: ClientConfig,
        handler: impl Handler<ClientEvent>,
    ) -> Result<Client, Error> {
        config.check()?;
        let mut place = Place::find(addr)?;
        let stream = open(&mut place, &config)?;
        let send_queue = config.send_queue;
        let (outbox, unsent) = bounded(send_queue);
        let missed = |count| ClientEvent::Missed { count };
        let caller = Caller::new(Box::new(handler), missed, Arc::default());
        let (lives, asking) = config.tags.then(Asking::new).unzip();
        let (io, shared) = ClientIo::new(stream, place, config, unsent, caller, lives)?;
        let thread = Thread::spawn("chat-client".into(), move || io.run())?;
        Ok(Client { outbox, send_queue, asking, shared, thread: Some(thread) })
    }

    /// Sends a line, without waiting: it goes into a queue from which the client's thread sends.
    ///
    /// The server understands the line as PROTOCOL.md says: `exit` leaves, and a line that is longer
    /// than it allows (8 KiB by default) is refused, which it says in a notice. Of a client with tags a
    /// line waits until the server has switched them on, and one that starts with `@` is said as it is
    /// and not taken for tags.
    ///
    /// # Errors
    ///
    /// [`SendError::Text`] if it cannot be a line, [`SendError::Full`] if
    /// [`ClientConfig::send_queue`] lines are waiting already, [`SendError::Closed`].
    pub fn send(&self, text: &str) -> Result<(), SendError> {
        self.give(Outgoing::Line(self.check(text)?))
    }

    /// Sends a line, and waits while the queue is full.
    ///
    /// **Not for use in the event handler**: the thread that calls it is the one that empties the
    /// queue. There it sends the line if there is room, and else gives an error at once.
    ///
    /// # Errors
    ///
    /// [`SendError::Text`] if it cannot be a line, [`SendError::Closed`], and
    /// [`SendError::InHandler`] if the queue is full and the caller cannot wait.
    pub fn send_blocking(&self, text: &str) -> Result<(), SendError> {
        let line = Outgoing::Line(self.check(text)?);
        if is_deciding() || self.hearer() == Some(thread::current().id()) {
            return self.give(line).map_err(|error| match error {
                SendError::Full { .. } => SendError::InHandler,
                error => error,
            });
        }
        self.outbox.send(line).map_err(|_| SendError::Closed)?;
        self.shared.bell.ring();
        Ok(())
    }

    /// The thread that calls the event handler: it can wait for nothing that it does itself.
    fn hearer(&self) -> Option<ThreadId> {
        self.thread.as_ref().and_then(Thread::id)
    }

    /// Puts something into the queue if there is room.
    fn give(&self, outgoing: Outgoing) -> Result<(), SendError> {
        self.outbox.try_send(outgoing).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Full { limit: self.send_queue },
            TrySendError::Disconnected(_) => SendError::Closed,
        })?;
        self.shared.bell.ring();
        Ok(())
    }

    fn check(&self, text: &str) -> Result<Text, SendError> {
        let text = Text::new(text)?;
        let is_closing = self.shared.is_closing.load(Ordering::Acquire);
        if is_closing { Err(SendError::Closed) } else { Ok(text) }
    }

    /// Leaves: what was sent goes out, then `exit`, then the connection is closed. While there is no
    /// connection, it does not wait for one: what was not sent is counted in the last event. It
    /// returns at once; [`Client::join`] waits for the end.
    pub fn close(&self) {
        self.shared.is_closing.store(true, Ordering::Release);
        self.shared.bell.ring();
    }

    /// Waits until the connection is over for good, and says why it is.
    ///
    /// In the event handler it returns at once, since the end cannot come before the handler
    /// returns: there it answers [`CloseReason::Exit`], whatever the reason will be.
    ///
    /// ```
    /// use chat_core::{Client, CloseReason, Server};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.spawn()?;
    /// let client = Client::connect(server.local_addr(), |_| ())?;
    /// client.close();
    /// assert_eq!(client.join()?, CloseReason::Exit);
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::System`] if the system refused something, [`Error::Panicked`] if the client's
    /// thread panicked.
    pub fn join(mut self) -> Result<CloseReason, Error> {
        let thread = mem::take(&mut self.thread);
        let reason = thread.map(Thread::join).transpose()?.flatten().transpose()?;
        Ok(reason.unwrap_or(CloseReason::Exit))
    }

    /// The address of this side. Its port is what the client is called for as long as it has taken no
    /// name. After the connection has come back it is the address of the new one, and the port is most
    /// likely another.
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.addrs().0
    }

    /// The address of the server to which the latest connection was made.
    pub fn peer_addr(&self) -> SocketAddr {
        self.shared.addrs().1
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.close();
            drop(thread);
        }
    }
}

/// Connects to the first of the addresses that accepts.
fn open(place: &mut Place, config: &ClientConfig) -> Result<TcpStream, Error> {
    let addr = place.shown().to_owned();
    let mut failure = Error::Resolve { addr, source: std_io::ErrorKind::NotFound.into() };
    for addr in place.addrs() {
        let connected = TcpStream::connect_timeout(addr, config.connect_timeout);
        match connected.and_then(|stream| check_ends(stream.local_addr()?, *addr).map(|()| stream))
        {
            Ok(stream) => return Ok(stream),
            Err(source) => failure = Error::Connect { addr: *addr, source },
        }
    }
    Err(failure)
}
