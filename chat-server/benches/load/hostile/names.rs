//! The honest clients' names. A name in the chat is a port, and the server itself puts it before
//! each line: so a line is honest if its name is, as long as no two clients have the same port.

use std::net::Ipv4Addr;

/// Clients from one address, so that no address has as many as a server may allow for it.
const PER_ADDRESS: usize = 10;

/// Which honest client has which port. Clients at different addresses may share a port, unless
/// somebody sees to it: whoever connects has to ask here first.
#[derive(Debug)]
pub(super) struct Names {
    clients: Vec<Option<usize>>,
}

impl Names {
    /// Nobody has a port yet.
    pub(super) fn new() -> Self {
        Self { clients: vec![None; 1 << 16] }
    }

    /// Gives a port to an honest client.
    pub(super) fn give(&mut self, port: u16, client: usize) {
        self.clients[usize::from(port)] = Some(client);
    }

    /// The honest client with this port, if there is one.
    pub(super) fn client(&self, port: u16) -> Option<usize> {
        self.clients[usize::from(port)]
    }
}

/// Where the `number`th client of a kind connects from. Each kind has a network, none of which is
/// the one of 127.0.0.1.
pub(super) fn source(network: u8, number: usize) -> Ipv4Addr {
    let host = u8::try_from(1 + number / PER_ADDRESS).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 0, network, host)
}
