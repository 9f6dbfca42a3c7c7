//! What a client hears: from the frames of the stream to its handler, and to those who asked.

use super::ClientEvent;
use crate::client::requests::Waiting;
use crate::client::tagged::{self, Heard};
use crate::event::CloseReason;
use crate::handler::Caller;
use crate::wire::{Frame, Line, Text};

/// Where all goes that comes.
#[derive(Debug)]
pub(super) struct Ears {
    pub(super) caller: Caller<ClientEvent>,
    /// What a client with tags waits for.
    pub(super) waiting: Option<Waiting>,
    /// The number of the last notice to all: it comes in each room, and is told once.
    pub(super) last_to_all: Option<u64>,
}

impl Ears {
    /// Takes a frame in. The answer is why nothing can follow, if so.
    pub(super) fn hear(&mut self, frame: Frame<'_>) -> Option<CloseReason> {
        match frame {
            Frame::Message(raw) => {
                if let Some(line) = Text::lossy(raw) {
                    self.hear_line(line);
                }
                None
            }
            Frame::TooLong => {
                self.caller.call(ClientEvent::Skipped);
                None
            }
            Frame::Endless | Frame::Tls => Some(CloseReason::OtherProtocol),
        }
    }

    fn hear_line(&mut self, line: Text) {
        let Some(waiting) = &mut self.waiting else {
            self.caller.call(ClientEvent::Line(Line::from(line)));
            return;
        };
        let event = match tagged::read(&line) {
            Heard::Plain(line) => {
                self.caller.call(ClientEvent::Line(line));
                return;
            }
            Heard::Told(event) => Some(event),
            Heard::Answered { label, reply, event } => {
                waiting.answer(label, reply).map(|_nobody_waits| event)
            }
        };
        // The answer to `/tags` is the first line that has any.
        waiting.is_on = true;
        if let Some(event) = event.filter(|event| !self.was_told(event)) {
            self.caller.call(event);
        }
    }

    /// Whether it is a notice to all that has come in another room before.
    fn was_told(&mut self, event: &ClientEvent) -> bool {
        let ClientEvent::Notice { meta, .. } = event else { return false };
        let Some(to_all) = meta.msgid.filter(|_| meta.room.is_none()) else { return false };
        // In each room they come in the order of their numbers.
        let was_told = self.last_to_all.is_some_and(|last| to_all <= last);
        self.last_to_all = self.last_to_all.max(Some(to_all));
        was_told
    }

    /// Whether nothing may be sent yet, since the server has not said that it knows of tags.
    pub(super) fn awaits_tags(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.is_on)
    }
}
