//! Addresses as users give them.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};

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
