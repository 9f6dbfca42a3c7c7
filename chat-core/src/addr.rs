//! Addresses as users give them.

use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

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
