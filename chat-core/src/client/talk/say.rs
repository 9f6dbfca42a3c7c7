//! What a client sends next.

use crossbeam_channel::Receiver;

use super::{Handed, Stage, Talk};
use crate::client::requests::Outgoing;
use crate::client::unanswered::Labelled;
use crate::error::RequestError;
use crate::event::{ClientEvent, Meta};
use crate::wire::{Request, Text};

impl Talk {
    /// Whether there is a line that may be sent now.
    pub(in crate::client) fn has_next(&self, queue: &Receiver<Outgoing>) -> bool {
        if self.first.is_some() {
            return true;
        }
        let has_lines = !self.again.is_empty() || !queue.is_empty();
        let has_more = !self.greeting.is_empty() || has_lines && !self.is_outside();
        let is_open = self.stage == Stage::Open;
        is_open && (self.unanswered.has_again() || has_more && self.has_room())
    }

    /// Whether users' lines wait that cannot be sent yet, or only now.
    pub(in crate::client) fn has_waiting(&self, queue: &Receiver<Outgoing>) -> bool {
        !queue.is_empty() || !self.again.is_empty() || self.unanswered.has_again()
    }

    /// The next line to be sent, if there is one that may be, as it is to be sent. What the server
    /// would refuse without saying which line it was is told, and not sent.
    pub(in crate::client) fn next(
        &mut self,
        queue: &Receiver<Outgoing>,
        tell: &mut dyn FnMut(ClientEvent),
    ) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(self.hand(Handed::Own, first));
        }
        if self.stage != Stage::Open {
            return None;
        }
        if let Some((label, line)) = self.unanswered.next_again() {
            return Some(self.hand(Handed::Label(label), line));
        }
        while self.has_room() {
            let line = match self.greeting.pop_front() {
                Some(line) => self.greet(line, tell),
                // Nobody would read it.
                None if self.is_outside() => return None,
                None => match self.again.pop_front().or_else(|| queue.try_recv().ok())? {
                    Outgoing::Line(line) => self.say(line, tell),
                    Outgoing::Request(asked) => {
                        let mut labelled = Labelled::new(asked);
                        let leaves = leaves(&labelled.line);
                        self.has_left |= leaves;
                        labelled.is_own = leaves;
                        self.label(labelled, tell)
                    }
                },
            };
            if line.is_some() {
                return line;
            }
        }
        None
    }

    /// The line by which the client leaves.
    pub(in crate::client) fn exit(&mut self) -> String {
        self.hand(Handed::Own, "exit".into())
    }

    /// Whether one more line may be without an answer.
    fn has_room(&self) -> bool {
        let Some(session) = &self.session else { return true };
        self.unanswered.oldest().is_none_or(|oldest| session.remembers(oldest, self.labels + 1))
    }

    fn greet(&mut self, line: Text, tell: &mut dyn FnMut(ClientEvent)) -> Option<String> {
        if self.session.is_some() {
            return self.label(Labelled::line(line, true), tell);
        }
        if !self.is_tagged {
            return Some(self.hand(Handed::Own, line.to_string()));
        }
        self.labels += 1;
        let labelled = Labelled::line(line, true).with(self.labels);
        Some(self.hand(Handed::Own, labelled))
    }

    fn say(&mut self, line: Text, tell: &mut dyn FnMut(ClientEvent)) -> Option<String> {
        if leaves(&line) {
            self.has_left = true;
        } else if self.session.is_some() {
            return self.label(Labelled::line(literal(line), false), tell);
        }
        // A line that starts as tags do is told from them by having some, of which there is none.
        let at = if self.is_tagged && line.starts_with('@') { "@ " } else { "" };
        let sent = format!("{at}{line}");
        Some(self.hand(Handed::Line(line), sent))
    }

    /// Gives a line a label; none if the server would not take it with that.
    fn label(&mut self, line: Labelled, tell: &mut dyn FnMut(ClientEvent)) -> Option<String> {
        let label = self.labels + 1;
        let labelled = line.with(label);
        // Of a line that is too long the server reads no label, so that it is never answered: in a
        // session it would be in the way of all others.
        let longest = self.longest.filter(|_| self.session.is_some()).unwrap_or(usize::MAX);
        if labelled.len() > longest {
            let why = format!("line refused: with its label it is longer than {longest} bytes");
            let text = Text::shown(&why);
            if line.answer(Err(RequestError::Refused(text.clone()))).is_some() {
                tell(ClientEvent::Refused { meta: Meta::default(), text });
            }
            return None;
        }
        self.labels = label;
        self.unanswered.add(label, line);
        Some(self.hand(Handed::Label(label), labelled))
    }

    fn hand(&mut self, handed: Handed, line: String) -> String {
        self.handed.push_back(handed);
        line
    }
}

/// Whether the server takes this line for the end.
fn leaves(line: &str) -> bool {
    let is_quit = || line.starts_with('/') && Request::parse(line) == Ok(Request::Quit);
    line.trim().eq_ignore_ascii_case("exit") || is_quit()
}

/// A line as it means the same behind tags, of which the server takes off all spaces at its
/// beginning: behind them, a slash makes no command.
fn literal(line: Text) -> Text {
    let trimmed = line.trim_start_matches(' ');
    if trimmed.len() == line.len() || !trimmed.starts_with('/') {
        return line;
    }
    Text::lossy(format!("/{trimmed}").as_bytes()).unwrap_or(line)
}
