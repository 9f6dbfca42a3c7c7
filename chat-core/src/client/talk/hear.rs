//! What a client makes of what it hears.

use std::mem;

use super::{Stage, Talk};
use crate::client::requests::Reply;
use crate::client::session::Offer;
use crate::client::tagged::{self, Heard};
use crate::client::unanswered::Step;
use crate::event::ClientEvent;
use crate::wire::{Line, Tags, Text};

impl Talk {
    /// Takes a line in, and tells what is to be told of it.
    pub(in crate::client) fn hear(&mut self, line: Text, tell: &mut dyn FnMut(ClientEvent)) {
        if !self.is_tagged {
            let line = Line::from(line);
            // A notice may be a refusal. Who is told what others say has been let in, and what is lost
            // was said before that.
            if matches!(line, Line::Message { .. }) {
                self.tell_loss(tell);
            }
            return tell(ClientEvent::Line(line));
        }
        match tagged::read(&line) {
            Heard::Plain(plain) => self.hear_plain(plain, tell),
            Heard::Told(ClientEvent::Notice { meta, text }) => {
                self.is_removed |= Tags::split(&line).0.get("final").is_some();
                self.hear_tagged(&line, Heard::Told(ClientEvent::Notice { meta, text }), tell);
            }
            heard => self.hear_tagged(&line, heard, tell),
        }
    }

    /// A line came that has no tags.
    fn hear_plain(&mut self, line: Line, tell: &mut dyn FnMut(ClientEvent)) {
        let is_resuming = self.stage == Stage::Resuming { has_tags: false };
        let is_asking = self.is_back && self.stage == Stage::AskedTags;
        if is_resuming || is_asking {
            // It is what is said in the lobby to one who has not been known again yet.
            let Line::Notice(text) = &line else { return };
            if let Some(command) = text.strip_prefix("there is no command ").filter(|_| is_resuming)
            {
                // A part of the line may have come alone, of a connection that is lost.
                let word = command.split(|end: char| end != '/' && !end.is_alphanumeric()).next();
                if word == Some("/resume") {
                    self.begin_anew(tell);
                }
                return;
            }
        }
        tell(ClientEvent::Line(line));
    }

    fn hear_tagged(&mut self, line: &Text, heard: Heard, tell: &mut dyn FnMut(ClientEvent)) {
        if let Some(session) = &mut self.session {
            let unanswered = &self.unanswered;
            session.progress.note(&Tags::split(line).0, || unanswered.has_step());
        }
        match self.stage {
            Stage::Resuming { .. } => {
                self.stage = Stage::Resuming { has_tags: true };
                if let Some(offer) = Offer::read(line, None) {
                    return self.resume(offer, tell);
                }
                // Nothing else was asked for.
                if Tags::split(line).0.get("kind").is_some_and(|kind| kind == "error") {
                    return self.begin_anew(tell);
                }
            }
            // The answer to `/tags` is the first line that has any.
            Stage::AskedTags => self.ask_for_session(tell),
            Stage::AskedSession(asked) => {
                if matches!(heard, Heard::Answered { label, .. } if label == asked) {
                    let offer = Offer::read(line, self.place.as_ref());
                    self.session = offer.map(|offer| offer.session);
                    self.stage = Stage::Open;
                    return;
                }
            }
            Stage::Away | Stage::Open => {}
        }
        let event = match heard {
            Heard::Plain(line) => Some(ClientEvent::Line(line)),
            Heard::Told(event) => Some(event),
            Heard::Answered { label, reply, event, is_sent } => {
                match self.unanswered.remove(label) {
                    Some(labelled) => {
                        self.follow(labelled.step(), &reply);
                        labelled.answer(reply).filter(|_| !is_sent).map(|_nobody_waits| event)
                    }
                    None => Some(event),
                }
            }
        };
        if let Some(ClientEvent::Ready { line, room, .. }) = &event {
            (self.longest, self.place) = (Some(*line), Some(room.clone()));
        }
        if let Some(event) = event.filter(|event| !self.was_told(event)) {
            tell(event);
        }
    }

    /// The client has gone from room to room, if the answer says so.
    fn follow(&mut self, step: Option<Step>, reply: &Reply) {
        let (Some(session), Some(step), Ok(answer)) = (&mut self.session, step, reply) else {
            return;
        };
        if let Step::Leave(room) = step {
            session.progress.leave(room);
        }
        // Whoever leaves is told where it talks then: it may be there only now.
        if let Some(room) = answer.meta.room.clone() {
            session.progress.enter(room);
        }
    }

    /// Tags are on. A session comes before all that could get lost.
    fn ask_for_session(&mut self, tell: &mut dyn FnMut(ClientEvent)) {
        self.tell_loss(tell);
        self.stage = Stage::Open;
        if self.wants_session {
            self.labels += 1;
            self.first = Some(format!("@label={} /resume", self.labels));
            self.stage = Stage::AskedSession(self.labels);
        }
    }

    /// The server has taken it for the one that it was, and told what was missed.
    fn resume(&mut self, offer: Offer, tell: &mut dyn FnMut(ClientEvent)) {
        let Offer { session, line, recovered, lost } = offer;
        let before = self.session.as_ref();
        let restarted = before.is_some_and(|before| before.is_of_another_epoch(&session));
        self.session = Some(session);
        if restarted {
            self.last_to_all = None;
            let fates = self.unanswered.give_up_commands();
            self.mourn(fates);
        }
        self.longest = line.or(self.longest);
        self.stage = Stage::Open;
        if mem::take(&mut self.is_back) {
            let unanswered = mem::take(&mut self.unknown);
            tell(match lost {
                0 => ClientEvent::Recovered { lines: recovered, unanswered, restarted },
                lost => ClientEvent::Lost { lines: Some(lost), recovered, unanswered, restarted },
            });
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
}
