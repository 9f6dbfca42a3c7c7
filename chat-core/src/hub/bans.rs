//! Who is kept away, and until when.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::deadline::after;

/// Addresses that are kept away for a time.
#[derive(Debug, Default)]
pub(super) struct Bans {
    until: HashMap<IpAddr, Instant>,
}

impl Bans {
    /// Keeps an address away from now on for this long.
    pub(super) fn add(&mut self, ip: IpAddr, now: Instant, time: Duration) {
        // Those that are over are forgotten whenever one comes in.
        self.until.retain(|_, until| *until > now);
        self.until.insert(ip, after(now, time));
    }

    /// Lets an address in again, and says whether it was kept away.
    pub(super) fn remove(&mut self, ip: IpAddr, now: Instant) -> bool {
        self.until.remove(&ip).is_some_and(|until| until > now)
    }

    /// How long an address is still kept away.
    pub(super) fn left(&self, ip: IpAddr, now: Instant) -> Option<Duration> {
        let left = self.until.get(&ip)?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}
