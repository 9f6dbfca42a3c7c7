//! What was heard in one stretch of the chat: who heard what, in which order, and how late.

use std::time::{Duration, Instant};

use crate::Result;

/// Messages a second, by all clients together.
pub(crate) const RATE: u32 = 50;
/// From a message to the next.
pub(super) const INTERVAL: Duration = Duration::from_millis(20);

/// Who heard which messages, known by their place in the order in which they were due.
///
/// Messages of different clients that are on their way at once may get into the room in another
/// order than they were sent in. The last client says nothing and so hears all of them: its order
/// is the one that everybody has to agree with.
#[derive(Debug)]
pub(super) struct Transcript {
    /// The number of the first message, and when it is due.
    first: u64,
    start: Instant,
    /// The authors of the messages, by place.
    authors: Vec<usize>,
    /// The messages that each client has heard, in its order.
    heard: Vec<Vec<u32>>,
    /// The times from when a message was due to be sent to when it was heard, in microseconds.
    times: Vec<u32>,
    /// Lines of others than honest clients, that the last client heard in between.
    pub(super) foreign: u64,
}

/// What a stretch of the chat came to.
#[derive(Debug)]
pub(crate) struct Talk {
    /// How many deliveries there should have been: each message is heard by all but its author.
    pub(crate) due: u64,
    /// How many of them there were not.
    pub(crate) lost: u64,
    /// Clients that heard a message twice, or in another order than the last client.
    pub(crate) astray: u64,
    /// Lines of others than honest clients in between, at one client.
    pub(crate) foreign: u64,
    /// From when a message was due to be sent until it was heard.
    pub(crate) delivery: Spread,
    /// From when a message was due to be sent until it was sent: how late the generator was.
    pub(crate) lateness: Spread,
}

/// Times, to ask for percentiles of them.
#[derive(Debug)]
pub(crate) struct Spread {
    /// In microseconds, in order.
    sorted: Vec<u32>,
}

impl Transcript {
    /// Nothing was heard yet of the messages by these authors, the first of which has this number,
    /// at so many clients.
    pub(super) fn new(first: u64, authors: Vec<usize>, clients: usize) -> Self {
        let times = Vec::with_capacity(authors.len() * clients);
        let heard = vec![Vec::new(); clients];
        Self { first, start: Instant::now() + INTERVAL, authors, heard, times, foreign: 0 }
    }

    /// When the message at this place is due. These moments are known beforehand and do not move
    /// when a message was late.
    pub(super) fn due(&self, place: u32) -> Instant {
        self.start + INTERVAL * place
    }

    /// Notes that a client hears an author's message now. Messages that belong to no other place are
    /// an error: most likely they came twice, and late.
    pub(super) fn note(
        &mut self,
        client: usize,
        author: usize,
        number: u64,
        now: Instant,
    ) -> Result<()> {
        let place = number.checked_sub(self.first).and_then(|place| u32::try_from(place).ok());
        let known = place.filter(|&place| self.authors.get(place as usize) == Some(&author));
        let Some(place) = known.filter(|_| author != client) else {
            let what = format!("client {client} heard message {number} of client {author}");
            return Err(format!("{what}, which was not to come").into());
        };
        self.heard[client].push(place);
        self.times.push(microseconds(now.saturating_duration_since(self.due(place))));
        Ok(())
    }

    /// How many deliveries there should be: each message is heard by all but its author.
    pub(super) fn deliveries(&self) -> usize {
        self.authors.len() * (self.heard.len() - 1)
    }

    /// True when as much was heard as should be.
    pub(super) fn is_complete(&self) -> bool {
        self.times.len() >= self.deliveries()
    }

    /// Compares what the clients heard.
    pub(super) fn close(self, lateness: Vec<u32>) -> Talk {
        let mut order = vec![None; self.authors.len()];
        for (rank, &place) in self.heard.last().into_iter().flatten().enumerate() {
            order[place as usize].get_or_insert(rank);
        }
        let (mut lost, mut astray) = (0, 0);
        for (client, heard) in self.heard.iter().enumerate() {
            let mut missing: Vec<_> = self.authors.iter().map(|&author| author != client).collect();
            let (mut before, mut is_astray) = (None, false);
            for &place in heard {
                let is_new = std::mem::replace(&mut missing[place as usize], false);
                let rank = order[place as usize];
                is_astray |= !is_new || (rank.is_some() && rank <= before);
                before = rank.or(before);
            }
            lost += missing.iter().filter(|&&missing| missing).count() as u64;
            astray += u64::from(is_astray);
        }
        Talk {
            due: self.deliveries() as u64,
            lost,
            astray,
            foreign: self.foreign,
            delivery: Spread::new(self.times),
            lateness: Spread::new(lateness),
        }
    }
}

impl Spread {
    /// Sorts the times, in microseconds.
    fn new(mut times: Vec<u32>) -> Self {
        times.sort_unstable();
        Self { sorted: times }
    }

    /// The time in seconds that so many of a thousand do not exceed; not a number if there is none.
    pub(crate) fn at(&self, per_mille: usize) -> f64 {
        let place = (self.sorted.len() * per_mille / 1000).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(place).map_or(f64::NAN, |&time| f64::from(time) / 1e6)
    }

    /// The longest time in seconds; not a number if there is none.
    pub(crate) fn longest(&self) -> f64 {
        self.at(1000)
    }
}

/// A time in microseconds; an hour at most.
pub(super) fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
