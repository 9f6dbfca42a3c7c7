//! A client: one connection, one thread, and a handle to send through.

mod ask;
mod io;
mod pending;
mod requests;
mod tagged;

pub use ask::Present;
pub use pending::Pending;

use std::fmt;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io as std_io, mem};

use crossbeam_channel::{Sender, TrySendError, bounded};

use crate::addr::resolve;
use crate::config::ClientConfig;
use crate::error::{Error, SendError};
use crate::event::{ClientEvent, CloseReason};
use crate::handler::{Caller, Handler};
use crate::net::Bell;
use crate::threads::Thread;
use crate::wire::Text;
use ask::Asking;
use io::ClientIo;
use requests::Outgoing;

/// A connection to a chat server.
///
/// All methods may be called from any thread, and from the event handler. Dropping the client
/// closes it as [`Client::close`] does, and waits for the end unless that is what drops it.
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
/// Know what was said by whom, and ask for things, of a server that knows of tags:
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
    local_addr: SocketAddr,
    peer_addr: SocketAddr,
    thread: Option<Thread<Result<CloseReason, Error>>>,
}

/// What the handle and the thread of a client have in common.
#[derive(Debug)]
struct Shared {
    bell: Bell,
    /// Set when the client is to close once all is sent.
    is_closing: AtomicBool,
}

impl Client {
    /// Connects to a server with the default [`ClientConfig`].
    ///
    /// The handler is told of what comes: a closure or a crossbeam `Sender`. [`Handler`] has the
    /// contract.
    ///
    /// # Errors
    ///
    /// [`Error::Resolve`] if the address is none, [`Error::Connect`] if nobody accepts there.
    pub fn connect(
        addr: impl ToSocketAddrs + fmt::Debug,
        handler: impl Handler<ClientEvent>,
    ) -> Result<Client, Error> {
        Client::connect_with(addr, ClientConfig::default(), handler)
    }

    /// Connects to a server with a config of one's own.
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
        let stream = open(addr, &config)?;
        let local_addr = stream.local_addr().map_err(Error::system("read the address"))?;
        let peer_addr = stream.peer_addr().map_err(Error::system("read the address"))?;
        let send_queue = config.send_queue;
        let (outbox, unsent) = bounded(send_queue);
        let missed = |count| ClientEvent::Missed { count };
        let caller = Caller::new(Box::new(handler), missed, Arc::default());
        let (waiting, asking) = config.tags.then(Asking::new).unzip();
        let (io, shared) = ClientIo::new(stream, config, unsent, caller, waiting)?;
        let thread = Thread::spawn("chat-client".into(), move || io.run())?;
        Ok(Client {
            outbox,
            send_queue,
            asking,
            shared,
            local_addr,
            peer_addr,
            thread: Some(thread),
        })
    }

    /// Sends a line, without waiting: it goes into a queue from which the client's thread sends.
    ///
    /// The server understands the line as PROTOCOL.md says: `exit` leaves, and a line that is longer
    /// than it allows (8 KiB by default) is refused, of which it tells by a notice. A line of a client
    /// with tags waits until the server has switched them on; one that starts with `@` is said as it
    /// is, and not taken for tags.
    ///
    /// # Errors
    ///
    /// [`SendError::Text`] if it cannot be a line, [`SendError::Full`] if
    /// [`ClientConfig::send_queue`] lines are waiting already, [`SendError::Closed`].
    pub fn send(&self, text: &str) -> Result<(), SendError> {
        self.give(Outgoing::Line(self.check(text)?))
    }

    /// Sends a line, and waits while the queue is full. Not for use in the event handler: the
    /// thread that empties the queue would wait for itself.
    ///
    /// # Errors
    ///
    /// [`SendError::Text`] if it cannot be a line, [`SendError::Closed`].
    pub fn send_blocking(&self, text: &str) -> Result<(), SendError> {
        let text = self.check(text)?;
        self.outbox.send(Outgoing::Line(text)).map_err(|_| SendError::Closed)?;
        self.shared.bell.ring();
        Ok(())
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

    /// Leaves: what was sent goes out, then `exit`, then the connection is closed. It returns at
    /// once; [`Client::join`] waits for the end.
    pub fn close(&self) {
        self.shared.is_closing.store(true, Ordering::Release);
        self.shared.bell.ring();
    }

    /// Waits until the connection is over, and tells why it is.
    ///
    /// In the event handler it returns at once, since the end cannot come before the handler
    /// returns: [`CloseReason::Exit`] then stands for an end that is still to come.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if the system refused something, [`Error::Panicked`] if the client's
    /// thread did.
    pub fn join(mut self) -> Result<CloseReason, Error> {
        let thread = mem::take(&mut self.thread);
        let reason = thread.map(Thread::join).transpose()?.flatten().transpose()?;
        Ok(reason.unwrap_or(CloseReason::Exit))
    }

    /// The address of this side: its port is the name under which others see what is sent.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The address of the server.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer_addr
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
fn open(addr: impl ToSocketAddrs + fmt::Debug, config: &ClientConfig) -> Result<TcpStream, Error> {
    let (addrs, addr) = resolve(addr)?;
    let mut failure = Error::Resolve { addr, source: std_io::ErrorKind::NotFound.into() };
    for addr in addrs {
        match TcpStream::connect_timeout(&addr, config.connect_timeout) {
            Ok(stream) => return Ok(stream),
            Err(source) => failure = Error::Connect { addr, source },
        }
    }
    Err(failure)
}
