//! Who has come how often, by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::bucket::Bucket;
use crate::addr::Origin;
use crate::config::Rate;

/// The addresses that connections come from, as the one thread that accepts them knows them.
///
/// How many connections an address has is never counted: each of them holds a [`Ticket`], and
/// drops it at its end on whichever thread that is.
#[derive(Debug)]
pub(super) struct Guests {
    most: Option<usize>,
    rate: Option<Rate>,
    exempt_loopback: bool,
    known: HashMap<Origin, Guest>,
    /// How many may be known before those are looked for who need not be.
    sweep_at: usize,
}

#[derive(Debug)]
struct Guest {
    ticket: Ticket,
    connects: Bucket,
}

/// What a connection holds for as long as it counts as one of its address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket {
    /// `None` for those who are not counted.
    counted: Option<Arc<()>>,
}

/// Why an address may not connect once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooMany {
    /// It has as many connections as it may have.
    AtOnce(usize),
    /// It connects too often.
    Often,
}

/// How many addresses may be known before any is forgotten.
const FEW: usize = 64;

impl Guests {
    pub(super) fn new(most: Option<usize>, rate: Option<Rate>, exempt_loopback: bool) -> Guests {
        Guests { most, rate, exempt_loopback, known: HashMap::new(), sweep_at: FEW }
    }

    /// Lets one more connection of this address in, or says why not.
    pub(super) fn enter(&mut self, ip: IpAddr, now: Instant) -> Result<Ticket, TooMany> {
        let is_free = self.exempt_loopback && ip.is_loopback();
        if is_free || (self.most.is_none() && self.rate.is_none()) {
            return Ok(Ticket::default());
        }
        self.sweep(now);
        let new = || Guest { ticket: Ticket::counted(), connects: Bucket::full(now) };
        let guest = self.known.entry(Origin::of(ip)).or_insert_with(new);
        if let Some(most) = self.most.filter(|&most| guest.ticket.others() >= most) {
            return Err(TooMany::AtOnce(most));
        }
        if let Some(rate) = self.rate {
            if guest.connects.tokens(rate, now) == 0 {
                return Err(TooMany::Often);
            }
            guest.connects.take(rate, now, 1);
        }
        Ok(guest.ticket.clone())
    }

    /// Forgets those who have no connection, and have not had one for a while, whenever there are
    /// twice as many as were left the last time.
    fn sweep(&mut self, now: Instant) {
        if self.known.len() < self.sweep_at {
            return;
        }
        self.known.retain(|_, guest| guest.ticket.others() > 0 || !guest.connects.is_full(now));
        self.sweep_at = (2 * self.known.len()).max(FEW);
        self.known.shrink_to(self.sweep_at);
    }
}

impl Ticket {
    fn counted() -> Ticket {
        Ticket { counted: Some(Arc::new(())) }
    }

    /// How many clones of this ticket there are.
    fn others(&self) -> usize {
        self.counted.as_ref().map_or(0, |counted| Arc::strong_count(counted) - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_and_gets_a_place_back() {
        let mut guests = Guests::new(Some(2), None, true);
        let now = Instant::now();
        let first = guests.enter(ip("192.0.2.1"), now).unwrap();
        let _second = guests.enter(ip("::ffff:192.0.2.1"), now).unwrap();
        assert_eq!(guests.enter(ip("192.0.2.1"), now).unwrap_err(), TooMany::AtOnce(2));
        assert!(guests.enter(ip("192.0.2.2"), now).is_ok());
        drop(first);
        assert!(guests.enter(ip("192.0.2.1"), now).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let mut guests = Guests::new(Some(1), None, true);
        let now = Instant::now();
        let _first = guests.enter(ip("2001:db8:1:2::1"), now).unwrap();
        assert_eq!(guests.enter(ip("2001:db8:1:2:ff::9"), now).unwrap_err(), TooMany::AtOnce(1));
        assert!(guests.enter(ip("2001:db8:1:3::1"), now).is_ok());
    }

    #[test]
    fn an_address_may_connect_so_often() {
        let mut guests = Guests::new(None, Some(Rate { per_second: 2, burst: 3 }), true);
        let now = Instant::now();
        let visit = |guests: &mut Guests, at| guests.enter(ip("192.0.2.1"), at).map(drop);
        assert!((0..3).all(|_| visit(&mut guests, now).is_ok()));
        assert_eq!(visit(&mut guests, now), Err(TooMany::Often));
        let later = now + Duration::from_millis(500);
        assert_eq!(visit(&mut guests, later), Ok(()));
        assert_eq!(visit(&mut guests, later), Err(TooMany::Often));
    }

    #[test]
    fn the_loopback_is_free_if_so_wanted() {
        let now = Instant::now();
        for (exempt, expected) in [(true, Ok(())), (false, Err(TooMany::AtOnce(1)))] {
            let mut guests = Guests::new(Some(1), None, exempt);
            let _first = guests.enter(ip("127.0.0.1"), now).unwrap();
            assert_eq!(guests.enter(ip("127.0.0.1"), now).map(drop), expected);
        }
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let mut guests = Guests::new(Some(1), Some(Rate { per_second: 1, burst: 1 }), true);
        let mut now = Instant::now();
        let staying = guests.enter(ip("198.51.100.1"), now).unwrap();
        for host in 0..10_000_u32 {
            now += Duration::from_millis(100);
            let visitor = IpAddr::from((0xc612_0000 + host).to_be_bytes());
            drop(guests.enter(visitor, now).unwrap());
            assert!(guests.known.len() <= FEW + 20, "{}", guests.known.len());
        }
        assert_eq!(guests.enter(ip("198.51.100.1"), now).unwrap_err(), TooMany::AtOnce(1));
        drop(staying);
    }
}
