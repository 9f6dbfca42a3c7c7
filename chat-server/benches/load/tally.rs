//! Who has received how much: byte counts, and the slowest client found without asking all.

use crate::Result;

/// Counts the bytes each client has received, in lines of one known length.
#[derive(Debug)]
pub(crate) struct Tally {
    line_bytes: u64,
    /// The bytes that each client has.
    received: Vec<u64>,
    /// How many lines the slowest client has, and the bytes at which a client has one more.
    slowest: u64,
    goal: u64,
    /// How many clients are below the goal. Only when nobody is, all are looked at again, so that
    /// one line to ten thousand clients costs one search and not ten thousand.
    below_goal: usize,
}

impl Tally {
    /// Nobody has anything yet.
    pub(crate) fn new(clients: usize, line_bytes: usize) -> Self {
        let line_bytes = line_bytes as u64;
        let received = vec![0; clients];
        Self { line_bytes, received, slowest: 0, goal: line_bytes, below_goal: clients }
    }

    /// How many clients are counted.
    pub(crate) fn clients(&self) -> usize {
        self.received.len()
    }

    /// Counts only the first `clients` from now on; what arrives for the others is their affair.
    pub(crate) fn keep(&mut self, clients: usize) {
        self.received.truncate(clients);
        self.look_at_all();
    }

    /// Notes that bytes arrived for a client.
    pub(crate) fn arrived(&mut self, client: usize, bytes: usize) {
        let Some(received) = self.received.get_mut(client) else { return };
        let before = *received;
        *received += bytes as u64;
        if before < self.goal && *received >= self.goal {
            self.below_goal -= 1;
        }
    }

    /// Notes lines that a client will not be sent because they are its own.
    pub(crate) fn spared(&mut self, client: usize, lines: u64) {
        // The count of lines under way is small, so that its bytes fit an address space.
        self.arrived(client, usize::try_from(lines * self.line_bytes).unwrap_or(usize::MAX));
    }

    /// How many lines the slowest client has.
    pub(crate) fn slowest(&mut self) -> u64 {
        if self.below_goal == 0 {
            self.look_at_all();
        }
        self.slowest
    }

    /// Finds the slowest client.
    fn look_at_all(&mut self) {
        let least = self.received.iter().copied().min().unwrap_or(0);
        self.slowest = least / self.line_bytes;
        self.goal = (self.slowest + 1) * self.line_bytes;
        self.below_goal = self.received.iter().filter(|&&bytes| bytes < self.goal).count();
    }

    /// Makes sure that every client has exactly so many lines.
    pub(crate) fn verify(&self, lines: u64) -> Result<()> {
        let due = lines * self.line_bytes;
        match self.received.iter().position(|&bytes| bytes != due) {
            None => Ok(()),
            Some(client) => Err(format!(
                "lines were lost or doubled: client {client} has {} bytes instead of {due}",
                self.received[client]
            )
            .into()),
        }
    }

    /// Says who lacks what, for a message about a run that stands still.
    pub(crate) fn missing(&self, lines: u64) -> String {
        let due = lines * self.line_bytes;
        let lacking = self.received.iter().filter(|&&bytes| bytes < due).count();
        let worst = due - self.received.iter().copied().min().unwrap_or(0).min(due);
        format!(
            "{lacking} of {} clients lack lines, the slowest {worst} bytes of {due}",
            self.clients()
        )
    }
}
