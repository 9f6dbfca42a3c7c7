//! Sessions that nobody has at the moment: in the order in which they end, and by where their clients came
//! from. Many are lost at once when a network fails, and come back at once: nothing here looks at all.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Instant;

use crate::addr::Origin;
use crate::shrink::shrink;

/// A session by its number, and when it ends.
type Place = (Instant, u32);

#[derive(Debug, Default)]
pub(super) struct Away {
    all: BTreeSet<Place>,
    /// Those among them of which it is known from where they came.
    by_origin: HashMap<Origin, BTreeSet<Place>>,
}

impl Away {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn add(&mut self, place: Place, ip: Option<IpAddr>) {
        self.all.insert(place);
        if let Some(ip) = ip {
            self.by_origin.entry(Origin::of(ip)).or_default().insert(place);
        }
    }

    pub(super) fn remove(&mut self, place: Place, ip: Option<IpAddr>) {
        self.all.remove(&place);
        let Some(origin) = ip.map(Origin::of) else { return };
        let Some(own) = self.by_origin.get_mut(&origin) else { return };
        own.remove(&place);
        if own.is_empty() {
            self.by_origin.remove(&origin);
            let table = &mut self.by_origin;
            shrink(table.capacity(), table.len(), |to| table.shrink_to(to));
        }
    }

    /// The one that ends first.
    pub(super) fn first(&self) -> Option<Place> {
        self.all.first().copied()
    }

    /// All of them, in the order in which they end.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.all.iter().map(|&(_, id)| id)
    }

    /// Those that are more than so many of one origin: the first to end.
    pub(super) fn spare_of(&self, ip: IpAddr, most: usize) -> Vec<u32> {
        let Some(own) = self.by_origin.get(&Origin::of(ip)) else { return Vec::new() };
        own.iter().take(own.len().saturating_sub(most)).map(|&(_, id)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn those_of_one_origin_are_known_in_the_order_in_which_they_end() {
        let (mut away, start) = (Away::default(), Instant::now());
        let ip = |last| Some(IpAddr::from([192, 0, 2, last]));
        let place = |id: u32| (start + Duration::from_secs(id.into()), id);
        for id in [4, 1, 3, 2] {
            away.add(place(id), ip(1));
        }
        away.add(place(5), ip(2));
        away.add(place(0), None);
        assert_eq!(away.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(away.spare_of([192, 0, 2, 1].into(), 2), [1, 2]);
        assert!(away.spare_of([192, 0, 2, 3].into(), 0).is_empty());
        away.remove(place(1), ip(1));
        assert_eq!(away.spare_of([192, 0, 2, 1].into(), 2), [2]);
        for (id, ip) in [(0, None), (2, ip(1)), (3, ip(1)), (4, ip(1)), (5, ip(2))] {
            away.remove(place(id), ip);
        }
        assert_eq!((away.first(), away.len(), away.by_origin.len()), (None, 0, 0));
    }
}
