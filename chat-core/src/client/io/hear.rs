//! What a client hears: from the frames of the stream to its handler, and to those who asked.

use crate::client::talk::Talk;
use crate::event::{ClientEvent, CloseReason};
use crate::handler::Caller;
use crate::wire::{Frame, Text};

/// Where all goes that comes.
#[derive(Debug)]
pub(super) struct Ears {
    pub(super) caller: Caller<ClientEvent>,
    pub(super) talk: Talk,
}

impl Ears {
    /// Takes a frame in. The answer is why nothing can follow, if so.
    pub(super) fn hear(&mut self, frame: Frame<'_>) -> Option<CloseReason> {
        match frame {
            Frame::Message(raw) => {
                if let Some(line) = Text::lossy(raw) {
                    self.talk.hear(line, &mut tell(&mut self.caller));
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
}

/// What calls a handler, whether it takes the event or not: what it does not is counted.
pub(super) fn tell(caller: &mut Caller<ClientEvent>) -> impl FnMut(ClientEvent) {
    |event| {
        caller.call(event);
    }
}
