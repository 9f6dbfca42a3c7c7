//! What the owner of a shard asks before it waits: whether there is more to do, and until when not.

use std::time::Instant;

use super::Shard;
use crate::net::Bell;
use crate::net::inbox::Inbox;
use crate::net::socket::Socket;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Hands over what is left, before the owner waits. While some is left even then, the bell
    /// will ring when there is room.
    pub(crate) fn hand_over(&mut self, bell: &Bell) {
        // What is left of that is posted.
        self.outgoing.deliver();
        bell.sleep();
        self.outgoing.post_or_starve(bell);
    }

    /// Whether there is something to do without waiting.
    pub(crate) fn has_work(&mut self) -> bool {
        let has_to_read = !self.reads.is_empty() || self.patience_is_over();
        let can_read = has_to_read && self.outgoing.has_room();
        can_read || !self.orders.is_empty() || !self.fresh.is_empty() || !self.writes.is_empty()
    }

    /// Whether there is something that the inbox had no room for: where nobody waits for a bell, its
    /// owner is to come again.
    #[cfg(feature = "testing")]
    pub(crate) fn is_starving(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// When the first timer is due, in the clock's time.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        // Patience that is over is work to do, not something to wait for.
        let patience = self.patience_ends().filter(|&end| end > self.now);
        self.timers.next().into_iter().chain(self.next_look()).chain(patience).min()
    }

    /// When all is over at the latest, in the system's time, once the end has begun.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.stage.deadline(&self.settings.deadline)
    }
}
