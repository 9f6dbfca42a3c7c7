//! What must be true of any sequence of a server's events.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::{CloseReason, ConnId, ServerEvent};

/// A client's time on a server, as the events tell it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stay {
    /// The client's address.
    pub addr: SocketAddr,
    /// What it said.
    pub said: Vec<String>,
    /// Why it left, if it has.
    pub reason: Option<CloseReason>,
}

/// Checks that each client was connected once, then spoke, then left at most once, always under
/// the same address, and gives what each of them did.
///
/// The events are to be all of a server's from its start on, with none
/// [`Missed`](ServerEvent::Missed).
///
/// # Panics
///
/// At the first event for which that is not so.
#[track_caller]
pub fn check_pairs(events: &[ServerEvent]) -> HashMap<ConnId, Stay> {
    let mut stays: HashMap<ConnId, Stay> = HashMap::new();
    for event in events {
        match event {
            ServerEvent::Connected { conn, addr } => {
                let stay = Stay { addr: *addr, said: Vec::new(), reason: None };
                assert!(stays.insert(*conn, stay).is_none(), "{conn} connected twice");
            }
            ServerEvent::Message { conn, addr, text, .. } => {
                let stay = present(&mut stays, *conn, *addr);
                stay.said.push(text.to_string());
            }
            ServerEvent::Disconnected { conn, addr, reason } => {
                present(&mut stays, *conn, *addr).reason = Some(*reason);
            }
            _ => {}
        }
    }
    stays
}

#[track_caller]
fn present(stays: &mut HashMap<ConnId, Stay>, conn: ConnId, addr: SocketAddr) -> &mut Stay {
    let stay = stays.get_mut(&conn).unwrap_or_else(|| panic!("{conn} was never connected"));
    assert_eq!(stay.addr, addr, "the address of {conn}");
    assert_eq!(stay.reason, None, "{conn} has left already");
    stay
}
