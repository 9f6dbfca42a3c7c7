//! What one client did and read, against the model.

use std::iter::Peekable;
use std::slice::Iter;

use chat_core::CloseReason;

use crate::driver::Visitor;
use crate::model::{Done, Life, Model};
use crate::script::{Act, Ending, LOBBY, room_class};

/// An answer that a client read, and the events between which it was given.
#[derive(Debug)]
struct Answer<'a> {
    line: &'a str,
    from: usize,
    to: usize,
}

/// Checks one client.
pub(crate) fn check(model: &Model, life: &Life, visitor: &Visitor) {
    let (left, reason) = life.left.unwrap_or_else(|| panic!("{visitor:?} is here still"));
    match visitor.ending {
        Ending::Exit => assert_eq!(reason, CloseReason::Exit),
        Ending::EndOfStream => assert_eq!(reason, CloseReason::EndOfStream),
        // With unread bytes the system makes a reset of it.
        Ending::Drop => {
            assert!(matches!(reason, CloseReason::EndOfStream | CloseReason::Reset), "{reason}");
        }
        Ending::Reset => assert_eq!(reason, CloseReason::Reset),
    }
    let answers = answers(model, life, visitor, left);
    check_acts(model, life, visitor, left, answers);
}

/// Checks all lines that it read, and gives its answers among them.
fn answers<'a>(model: &Model, life: &Life, visitor: &'a Visitor, left: usize) -> Vec<Answer<'a>> {
    let name = format!("{} ({})", life.conn, visitor.addr);
    let read = str::from_utf8(&visitor.read).unwrap_or_else(|error| {
        // Only who breaks off may do so within a character.
        assert!(!visitor.ending.is_orderly() && error.error_len().is_none(), "{name}: {error}");
        str::from_utf8(&visitor.read[..error.valid_up_to()]).unwrap()
    });
    let due = model.due(life);
    let (mut answers, mut next, mut from) = (Vec::new(), 0, life.came);
    for whole in read.split_inclusive('\n') {
        let Some(text) = whole.strip_suffix('\n') else {
            assert!(!visitor.ending.is_orderly(), "{name}: {whole:?} has no end");
            break;
        };
        let is_due = due.get(next).is_some_and(|(_, due)| due == text);
        if is_due {
            from = due[next].0;
            next += 1;
        }
        if text.starts_with("* ") {
            // It was given before the next of what comes; if it was told itself, it has its place.
            let to = due.get(next).map_or(left, |(at, _)| *at);
            answers.push(Answer { line: text, from, to });
        } else {
            let expected = due.get(next);
            assert!(is_due, "{name} read {text:?}, due as number {next} was {expected:?}");
        }
    }
    let is_all = next == due.len();
    assert!(is_all || !visitor.ending.is_orderly(), "{name} did not get {:?}", &due[next..]);
    answers
}

/// Goes through what a client did, along with the events of it and the answers that it read.
struct Walk<'a> {
    model: &'a Model,
    life: &'a Life,
    done: Peekable<Iter<'a, (usize, Done)>>,
    /// The last event of it so far, and that of its leaving.
    before: usize,
    left: usize,
    /// The room in which it is.
    room: String,
}

/// Checks that all it did was done in its order, and answered as it had to be.
fn check_acts(
    model: &Model,
    life: &Life,
    visitor: &Visitor,
    left: usize,
    answers: Vec<Answer<'_>>,
) {
    let name = format!("{} ({})", life.conn, visitor.addr);
    let is_orderly = visitor.ending.is_orderly();
    let done = life.done.iter().peekable();
    let mut walk = Walk { model, life, done, before: life.came, left, room: LOBBY.into() };
    let mut answers = answers.into_iter();
    for act in &visitor.acts {
        // Who breaks off may not have been heard to the end.
        if !is_orderly && walk.done.peek().is_none() && answers.len() == 0 {
            return;
        }
        let answer = if act.is_answered() { answers.next() } else { None };
        let is_missing = act.is_answered() && answer.is_none();
        assert!(!is_orderly || !is_missing, "{name} has no answer to {act:?}");
        let expected = walk.step(act, answer.as_ref());
        if let Some(answer) = answer {
            assert_eq!(Some(answer.line), expected.as_deref(), "{name} by {act:?}");
        }
    }
    assert_eq!(walk.done.next(), None, "{name} did more than it did");
    assert!(answers.next().is_none(), "{name} got more answers than it asked for");
}

impl Walk<'_> {
    /// One thing that it did, with the answer if it read one. It gives what the answer must be.
    fn step(&mut self, act: &Act, answer: Option<&Answer<'_>>) -> Option<String> {
        match act {
            Act::Say(text) => {
                self.expect(&Done::Said(text.clone()));
                None
            }
            Act::Me(text) => {
                self.expect(&Done::Acted(text.clone()));
                None
            }
            Act::Nick(name) => self.nick(name, answer),
            Act::Join(to) if room_class(to) == self.room => {
                Some(format!("* you are in {to} already"))
            }
            Act::Leave if self.room == LOBBY => {
                Some("* you are in the lobby; exit leaves the chat".into())
            }
            Act::Join(to) => self.go(&room_class(to)),
            Act::Leave => self.go(LOBBY),
        }
    }

    fn nick(&mut self, name: &str, answer: Option<&Answer<'_>>) -> Option<String> {
        let refusal = format!("* somebody is called {name}, or looks like it");
        let renamed = Done::Renamed(name.to_owned());
        let next = self.done.peek();
        let Some(answer) = answer else {
            // What was not read may have been the one or the other.
            if next.is_some_and(|(_, next)| *next == renamed) {
                self.expect(&renamed);
            }
            return None;
        };
        if answer.line == refusal {
            let to = next.map_or(self.left, |(at, _)| *at).min(answer.to);
            let from = self.before.max(answer.from);
            let was_taken = self.model.was_taken(self.life.conn, name, from, to);
            assert!(was_taken, "{name} was free for {} from {from} to {to}", self.life.conn);
            return Some(refusal);
        }
        self.expect(&renamed);
        Some(format!("* you are called {name}"))
    }

    fn go(&mut self, to: &str) -> Option<String> {
        // Who breaks off may have been heard no further.
        let (at, done) = self.done.next()?;
        let Done::Joined(shown) = done else {
            panic!("{} did {done:?} at {at} before it went to {to}", self.life.conn);
        };
        assert_eq!(room_class(shown), to, "{} at {at}", self.life.conn);
        (self.room, self.before) = (to.to_owned(), *at);
        Some(format!("* you are in {shown}"))
    }

    fn expect(&mut self, expected: &Done) {
        let next = self.done.next();
        assert_eq!(next.map(|(_, done)| done), Some(expected), "by {}", self.life.conn);
        self.before = next.map_or(self.before, |(at, _)| *at);
    }
}
