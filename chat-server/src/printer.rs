//! What the server prints: one line for each thing that happens.

use std::fmt;
use std::io::{self, BufWriter, Stdout, Write};
use std::net::SocketAddr;

use chat_core::{CloseReason, Handler, ServerEvent};

/// Prints events on standard output, buffered, and flushed whenever nothing more is waiting.
///
/// If nobody reads standard output any more, it prints nothing more, and the chat goes on.
#[derive(Debug)]
pub(crate) struct Printer {
    /// `None` once standard output is closed.
    out: Option<BufWriter<Stdout>>,
    quiet: bool,
}

/// An address as the chat's logs have always shown it: `('127.0.0.1', 51839)`.
struct Peer(SocketAddr);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "('{}', {})", self.0.ip(), self.0.port())
    }
}

impl Printer {
    /// A printer that leaves out relayed messages if it is to be quiet.
    pub(crate) fn new(quiet: bool) -> Printer {
        Printer { out: Some(BufWriter::with_capacity(64 * 1024, io::stdout())), quiet }
    }

    /// Tells where the server listens, at once.
    pub(crate) fn listening(&mut self, addr: SocketAddr) {
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

impl Handler<ServerEvent> for Printer {
    fn handle(&mut self, event: ServerEvent) -> bool {
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
