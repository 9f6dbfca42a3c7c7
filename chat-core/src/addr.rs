//! Addresses as users give them.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::{fmt, io};

use crate::error::Error;

/// All addresses that this one stands for, and how it is called in errors.
pub(crate) fn resolve(
    addr: impl ToSocketAddrs + fmt::Debug,
) -> Result<(Vec<SocketAddr>, String), Error> {
    // A string would show its quotes.
    let name = format!("{addr:?}").trim_matches('"').to_owned();
    match addr.to_socket_addrs() {
        Ok(addrs) => Ok((addrs.collect(), name)),
        Err(source) => Err(Error::Resolve { addr: name, source }),
    }
}

/// The `HOST:PORT` by which an address was given, if what it stands for may change: of all that can be
/// an address, strings alone are shown in quotes.
pub(crate) fn name_of(addr: &impl fmt::Debug) -> Option<String> {
    let shown = format!("{addr:?}");
    let name = shown.strip_prefix('"')?.strip_suffix('"')?;
    name.parse::<SocketAddr>().is_err().then(|| name.to_owned())
}

/// Whether a connection between these addresses has two ends. Whoever tries a port of its own machine
/// at which nobody listens may be given that very port, and then meets itself.
pub(crate) fn check_ends(local: SocketAddr, peer: SocketAddr) -> io::Result<()> {
    if local == peer { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(()) }
}

/// What is one address: an IPv4 address, or a /64 network of IPv6, of which one customer has all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin([u8; 8]);

impl Origin {
    /// The one that this address belongs to.
    pub(crate) fn of(ip: IpAddr) -> Origin {
        let mut bytes = [0; 8];
        match ip.to_canonical() {
            // The first half of an IPv6 address is never all zeros but for the last four bytes,
            // except in ranges from which nobody connects.
            IpAddr::V4(ip) => bytes[4..].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.copy_from_slice(&ip.octets()[..8]),
        }
        Origin(bytes)
    }
}
