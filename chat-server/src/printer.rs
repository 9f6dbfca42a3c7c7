//! What the server prints: one line for each thing that happens.

use std::fmt;
use std::io::{self, BufWriter, Stdout, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat_core::{CloseReason, Handler, ServerEvent};

/// Prints events on standard output, buffered, and flushed whenever nothing more is waiting.
///
/// If nobody reads standard output any more, it prints nothing more, and the chat goes on.
#[derive(Debug)]
pub(crate) struct Printer {
    /// `None` once standard output is closed.
    out: Option<BufWriter<Stdout>>,
    quiet: bool,
    /// Where the server listens, until that is told.
    listening: Option<SocketAddr>,
}

/// A printer that the server's events go to, and whoever has started it.
#[derive(Debug, Clone)]
pub(crate) struct SharedPrinter(Arc<Mutex<Printer>>);

/// An address as the chat's logs have always shown it: `('127.0.0.1', 51839)`.
struct Peer(SocketAddr);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "('{}', {})", self.0.ip(), self.0.port())
    }
}

impl Printer {
    fn new(quiet: bool, addr: SocketAddr) -> Printer {
        let out = Some(BufWriter::with_capacity(64 * 1024, io::stdout()));
        Printer { out, quiet, listening: Some(addr) }
    }

    /// Tells where the server listens, at once, if that is not told yet.
    fn listening(&mut self) {
        let Some(addr) = self.listening.take() else { return };
        self.print(format_args!("[LISTENING] Server is listening on {addr}"));
        self.idle();
    }

    fn print(&mut self, line: fmt::Arguments<'_>) {
        let Some(out) = &mut self.out else { return };
        let result = writeln!(out, "{line}");
        self.check(result);
    }

    fn check(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.out = None;
            log::warn!("cannot print any more, the chat goes on: {error}");
        }
    }
}

impl SharedPrinter {
    /// A printer for a server that is going to listen there. It leaves out relayed messages if it is to be
    /// quiet.
    pub(crate) fn new(quiet: bool, addr: SocketAddr) -> SharedPrinter {
        SharedPrinter(Arc::new(Mutex::new(Printer::new(quiet, addr))))
    }

    /// Tells that the server listens.
    pub(crate) fn listening(&self) {
        self.lock().listening();
    }

    fn lock(&self) -> MutexGuard<'_, Printer> {
        // A line that a panic has cut short is no reason to print none any more.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler<ServerEvent> for SharedPrinter {
    fn handle(&mut self, event: ServerEvent) -> bool {
        self.lock().handle(event)
    }

    fn idle(&mut self) {
        self.lock().idle();
    }
}

impl Handler<ServerEvent> for Printer {
    fn handle(&mut self, event: ServerEvent) -> bool {
        // Somebody may come before whoever has started the server gets to say that it listens.
        self.listening();
        match event {
            ServerEvent::Connected { addr, .. } => {
                self.print(format_args!("[NEW CONNECTION] {} connected.", Peer(addr)));
            }
            ServerEvent::Message { addr, name, text, .. } if !self.quiet => {
                let name = name.map_or_else(|| addr.port().to_string(), |name| name.to_string());
                self.print(format_args!("[{}] Relaying message: {name}: {text}", Peer(addr)));
            }
            ServerEvent::Renamed { addr, name, .. } => {
                log::info!("{} is called {name}", Peer(addr));
            }
            ServerEvent::Disconnected { addr, reason, .. } => {
                let peer = Peer(addr);
                match reason {
                    CloseReason::Exit => self.print(format_args!("[{peer}] Sent exit command.")),
                    CloseReason::Reset => self
                        .print(format_args!("[CONNECTION LOST] {peer} disconnected unexpectedly.")),
                    CloseReason::EndOfStream | CloseReason::Shutdown => {}
                    other => log::info!("{peer} was disconnected: {other}"),
                }
                self.print(format_args!("[DISCONNECTED] {peer} has been removed."));
            }
            ServerEvent::Flooding { addr, .. } => {
                log::info!("{} talks too fast and is read more slowly", Peer(addr));
            }
            ServerEvent::Skipped { addr, lines, .. } => {
                log::info!("{} was too slow and missed {lines} lines", Peer(addr));
            }
            ServerEvent::Missed { count } => {
                log::warn!("{count} events came faster than they could be printed");
            }
            _ => {}
        }
        true
    }

    fn idle(&mut self) {
        let Some(out) = &mut self.out else { return };
        let result = out.flush();
        self.check(result);
    }
}
