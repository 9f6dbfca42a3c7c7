//! Connecting anew, without waiting for it.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry};

use super::SOCKET;
use crate::addr::check_ends;
use crate::deadline::after;
use crate::event::CloseReason;

/// What a socket of a client is watched for.
pub(super) const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// An attempt to connect to one of several addresses, one after the other.
#[derive(Debug)]
pub(super) struct Dial {
    addrs: Box<[SocketAddr]>,
    /// How long each may take.
    patience: Duration,
    /// Which one comes next.
    next: usize,
    current: Option<Current>,
    /// Why the one before was none.
    reason: CloseReason,
}

/// A connection that is being made.
#[derive(Debug)]
struct Current {
    stream: TcpStream,
    until: Instant,
}

/// How an attempt goes.
#[derive(Debug)]
pub(super) enum Dialled {
    /// It is not decided.
    Waits,
    Connected(TcpStream),
    /// None of the addresses accepts: why the last one does not.
    Failed(CloseReason),
}

impl Dial {
    pub(super) fn new(addrs: Box<[SocketAddr]>, patience: Duration) -> Dial {
        let reason = CloseReason::Failed(io::ErrorKind::NotFound);
        Dial { addrs, patience, next: 0, current: None, reason }
    }

    /// When it is to be looked at, if nothing happens before.
    pub(super) fn until(&self) -> Option<Instant> {
        self.current.as_ref().map(|current| current.until)
    }

    /// Looks how it stands, and goes on with the next address if the current one is none.
    pub(super) fn advance(&mut self, registry: &Registry, now: Instant) -> Dialled {
        loop {
            if let Some(mut current) = self.current.take() {
                match outcome(&current.stream) {
                    Ok(true) => return Dialled::Connected(current.stream),
                    Ok(false) if now < current.until => {
                        self.current = Some(current);
                        return Dialled::Waits;
                    }
                    Ok(false) => self.reason = CloseReason::TimedOut,
                    Err(error) => self.reason = CloseReason::of_error(&error),
                }
                forget(registry, &mut current.stream);
            }
            let Some(addr) = self.addrs.get(self.next) else {
                return Dialled::Failed(self.reason);
            };
            self.next += 1;
            match dial(registry, *addr) {
                Ok(stream) => {
                    self.current = Some(Current { stream, until: after(now, self.patience) });
                }
                Err(error) => self.reason = CloseReason::of_error(&error),
            }
        }
    }
}

fn dial(registry: &Registry, addr: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr)?;
    registry.register(&mut stream, SOCKET, INTEREST)?;
    Ok(stream)
}

/// Whether a socket is connected; the error says that it never will be.
fn outcome(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    // Until then it has no peer, for which systems have more than one word.
    let Ok(peer) = stream.peer_addr() else { return Ok(false) };
    check_ends(stream.local_addr()?, peer)?;
    Ok(true)
}

/// A socket is not watched any more.
pub(super) fn forget(registry: &Registry, stream: &mut TcpStream) {
    if let Err(error) = registry.deregister(stream) {
        // It is closed right after this, which ends the watching as well.
        log::debug!("a socket is still watched: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use socket2::{Domain, Socket, Type};

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "there are no sockets")]
    fn whoever_meets_itself_is_not_connected() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let own = socket.local_addr().unwrap();
        // Some systems refuse this by themselves.
        if socket.connect(&own).is_ok() {
            socket.set_nonblocking(true).unwrap();
            let error = outcome(&TcpStream::from_std(socket.into())).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    }
}
