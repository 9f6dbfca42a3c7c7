//! What a server says to somebody whom it does not let in: once is enough.

use chat_core::ClientEvent;
use chat_core::wire::Line;

/// Notices that come to somebody who is away. A server that is full gives the same one at each
/// attempt, all evening long.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    is_away: bool,
    /// The last one since the connection was lost.
    last: Option<Line>,
}

impl Refusals {
    /// Takes an event in. The answer is whether it is the refusal that was shown before.
    pub(crate) fn is_known(&mut self, event: &ClientEvent) -> bool {
        match event {
            ClientEvent::Reconnecting { .. } => self.is_away = true,
            ClientEvent::Recovered { .. } | ClientEvent::Lost { .. } => {
                *self = Refusals::default();
            }
            ClientEvent::Line(line @ Line::Notice(_)) if self.is_away => {
                return self.last.replace(line.clone()).as_ref() == Some(line);
            }
            _ => {}
        }
        false
    }
}
