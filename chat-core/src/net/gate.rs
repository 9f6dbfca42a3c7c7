//! Whether there is room for somebody, and what those are told for whom there is none.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::counters::Tally;
use super::guests::{Guests, Ticket, TooMany};
use super::shard::Settings;
use crate::wire::Text;

/// Counts connections on their way in. One thread has it, the one that accepts.
#[derive(Debug)]
pub(crate) struct Gate {
    settings: Arc<Settings>,
    guests: Guests,
}

/// Why somebody is refused. Its `Display` form is what it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There are as many clients as there may be.
    Full(usize),
    /// Its address has as many clients as it may have.
    PerIp(usize),
    /// Its address connects too often.
    TooOften,
    /// The embedding program wants it so.
    Guard(Text),
    /// The process may open no more files.
    NoFiles,
    /// The server is stopping.
    Stopping,
}

impl Gate {
    pub(crate) fn new(settings: Arc<Settings>) -> Gate {
        let limits = &settings.limits;
        let (most, rate) = (limits.clients_per_ip, limits.connects_per_ip);
        let guests = Guests::new(most, rate, limits.exempt_loopback);
        Gate { settings, guests }
    }

    /// Counts one more connection, if there is room for it.
    pub(crate) fn enter(&mut self, addr: SocketAddr, now: Instant) -> Result<Ticket, Refusal> {
        let ticket = self.guests.enter(addr.ip(), now).map_err(|too_many| match too_many {
            TooMany::AtOnce(most) => Refusal::PerIp(most),
            TooMany::Often => Refusal::TooOften,
        })?;
        let gauge = &self.settings.gauge;
        if gauge.enter() { Ok(ticket) } else { Err(Refusal::Full(gauge.limit())) }
    }
}

impl Refusal {
    pub(super) fn count(&self, tally: &mut Tally) {
        *match self {
            Refusal::Full(_) => &mut tally.refused_full,
            Refusal::PerIp(_) => &mut tally.refused_per_ip,
            Refusal::TooOften => &mut tally.refused_too_often,
            Refusal::Guard(_) => &mut tally.refused_by_guard,
            Refusal::NoFiles => &mut tally.refused_no_files,
            Refusal::Stopping => &mut tally.refused_stopping,
        } += 1;
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Full(most) => {
                write!(f, "the server is full ({most} clients), try again later")
            }
            Refusal::PerIp(most) => write!(f, "your address has {most} clients here, the most"),
            Refusal::TooOften => f.write_str("your address connects too often, try again later"),
            Refusal::Guard(reason) => write!(f, "{reason}"),
            Refusal::NoFiles => f.write_str("the server has no room, try again later"),
            Refusal::Stopping => f.write_str("the server is stopping"),
        }
    }
}
