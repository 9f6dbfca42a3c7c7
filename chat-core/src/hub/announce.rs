//! Who comes, goes and takes a name, told in the rooms: the first few at once, and a crowd in one line.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::room::Line;
use super::{Hub, Now, Output};
use crate::deadline::after;
use crate::ids::{ConnId, RoomId};
use crate::shrink::shrink;
use crate::wire::{Kind, Label, Text};

/// How many comings, and how many goings, are told at once in a moment of one room.
const FEW: usize = 3;
/// How long a moment is, at the end of which the others are told together.
const MOMENT: Duration = Duration::from_secs(1);
/// In how many rooms a moment is brought to its end in one turn.
const ROOMS: usize = 256;

/// What is not told at once, room by room.
#[derive(Debug)]
pub(super) struct Announcer {
    is_on: bool,
    now: Instant,
    moments: HashMap<RoomId, Moment>,
    /// When those moments end in which there is something to tell then.
    ends: BTreeSet<(Instant, RoomId)>,
}

/// A moment of one room, from the first coming or going in it on.
#[derive(Debug)]
struct Moment {
    end: Instant,
    joins: Happened,
    leaves: Happened,
}

/// What has happened of one kind.
#[derive(Debug, Default)]
struct Happened {
    /// How often it was told at once.
    told: usize,
    /// Of whom it is still to be told, and what they are called.
    untold: HashMap<ConnId, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Join,
    Leave,
}

impl Step {
    fn kind(self) -> Kind {
        match self {
            Step::Join => Kind::Join,
            Step::Leave => Kind::Leave,
        }
    }

    fn kind_of_many(self) -> Kind {
        match self {
            Step::Join => Kind::Joins,
            Step::Leave => Kind::Leaves,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Step::Join => "joined",
            Step::Leave => "left",
        }
    }
}

impl Announcer {
    pub(super) fn new(is_on: bool, now: Instant) -> Announcer {
        Announcer { is_on, now, moments: HashMap::new(), ends: BTreeSet::new() }
    }

    /// It is this late now.
    pub(super) fn set_time(&mut self, now: Instant) {
        self.now = now;
    }

    /// Somebody comes or goes. It says whether that is to be told at once.
    fn step(&mut self, room: RoomId, step: Step, conn: ConnId, called: &str) -> bool {
        if !self.is_on {
            return false;
        }
        let now = self.now;
        let moment = self.moments.entry(room).or_insert_with(|| Moment::from(now));
        // One that is over is still the same as long as what is in it was not told.
        if moment.end <= now && !moment.has_untold() {
            self.ends.remove(&(moment.end, room));
            *moment = Moment::from(now);
        }
        let Moment { end, joins, leaves } = moment;
        let (own, opposite) = match step {
            Step::Join => (joins, leaves),
            Step::Leave => (leaves, joins),
        };
        // Who is here again, or away again, before anybody knew, was never away, or never here.
        if opposite.untold.remove(&conn).is_some() {
            return false;
        }
        if own.told < FEW {
            own.told += 1;
            return true;
        }
        own.untold.insert(conn, called.to_owned());
        self.ends.insert((*end, room));
        false
    }

    /// Somebody comes who is to go at once, of which nobody is to know: the going takes it back.
    pub(super) fn withhold(&mut self, room: RoomId, conn: ConnId) {
        if self.is_on {
            let moment = self.moments.entry(room).or_insert_with(|| Moment::from(self.now));
            moment.joins.untold.insert(conn, String::new());
        }
    }

    /// Somebody is called otherwise. It says whether that is to be told: if nobody knows yet that it
    /// is here, it will come under its new name.
    fn rename(&mut self, room: RoomId, conn: ConnId, called: &str) -> bool {
        let moment = self.moments.get_mut(&room);
        match moment.and_then(|moment| moment.joins.untold.get_mut(&conn)) {
            Some(untold) => {
                called.clone_into(untold);
                false
            }
            None => self.is_on,
        }
    }

    /// There is no such room any more, and nobody to tell anything in it.
    pub(super) fn forget(&mut self, room: RoomId) {
        if let Some(moment) = self.moments.remove(&room) {
            self.ends.remove(&(moment.end, room));
        }
        let moments = &mut self.moments;
        shrink(moments.capacity(), moments.len(), |to| moments.shrink_to(to));
    }

    /// When there is something to tell next.
    fn next(&self) -> Option<Instant> {
        self.ends.first().map(|&(end, _)| end)
    }

    /// Takes out a moment that is over by now.
    fn pop(&mut self, now: Instant) -> Option<(RoomId, Moment)> {
        self.next().filter(|&end| end <= now)?;
        let (_, room) = self.ends.pop_first()?;
        Some((room, self.moments.remove(&room)?))
    }
}

impl Moment {
    fn from(now: Instant) -> Moment {
        let [joins, leaves] = [Happened::default(), Happened::default()];
        Moment { end: after(now, MOMENT), joins, leaves }
    }

    fn has_untold(&self) -> bool {
        !self.joins.untold.is_empty() || !self.leaves.untold.is_empty()
    }
}

impl Hub {
    /// When something is to be told next that was not told at once, or somebody has been away too long.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.announcer.next().into_iter().chain(self.sessions.next()).min()
    }

    /// Tells what is to be told by now, in some of the rooms: while [`Hub::next_timer`] is not later
    /// than now, there are more.
    pub(crate) fn tick(&mut self, now: Now, out: &mut impl Output) {
        self.stamps.wall = now.wall;
        self.rooms.set_time(now.at);
        self.end_sessions(now.at, out);
        for _ in 0..ROOMS {
            let Some((room, moment)) = self.announcer.pop(now.at) else { return };
            self.tell_together(room, Step::Join, &moment.joins);
            self.tell_together(room, Step::Leave, &moment.leaves);
        }
    }

    /// Tells in a room that a client comes or goes, at once or together with others.
    pub(super) fn announce(&mut self, room: RoomId, step: Step, conn: ConnId, called: &str) {
        if self.announcer.step(room, step, conn, called) {
            self.tell_step(room, step, conn, called);
        }
    }

    /// Tells in a room that a client is called otherwise.
    pub(super) fn announce_name(&mut self, room: RoomId, conn: ConnId, former: &str, name: &str) {
        if !self.announcer.rename(room, conn, name) {
            return;
        }
        let text = Text::shown(&format!("{former} is called {name} now"));
        let (author, from, extra) = (Some(conn), Some(former), Some(("name", name)));
        let line = Line { kind: Kind::Name, author, from, prefix: "* ", text: &text, extra };
        self.write(room, &line);
    }

    fn tell_together(&mut self, room: RoomId, step: Step, happened: &Happened) {
        let count = happened.untold.len();
        let mut untold = happened.untold.iter();
        if let (Some((&conn, called)), None) = (untold.next(), untold.next()) {
            return self.tell_step(room, step, conn, called);
        }
        if count > 0 {
            let text = Text::shown(&format!("{count} {}", step.verb()));
            let (kind, count) = (step.kind_of_many(), count.to_string());
            let extra = Some(("count", &*count));
            // It goes to all: who is one of them cannot be said of a line.
            let line = Line { kind, author: None, from: None, prefix: "* ", text: &text, extra };
            self.write(room, &line);
        }
    }

    fn tell_step(&mut self, room: RoomId, step: Step, conn: ConnId, called: &str) {
        let text = Text::shown(&format!("{called} {}", step.verb()));
        let (kind, author, from) = (step.kind(), Some(conn), Some(called));
        let line = Line { kind, author, from, prefix: "* ", text: &text, extra: None };
        self.write(room, &line);
    }

    /// Writes a line in a room, if it is there.
    pub(super) fn write(&mut self, room: RoomId, line: &Line<'_>) {
        self.write_labelled(room, line, None);
    }

    /// Writes a line of somebody who may want to know the number that it gets, and answers with that.
    pub(super) fn write_labelled(
        &mut self,
        room: RoomId,
        line: &Line<'_>,
        label: Option<&Label>,
    ) -> Option<u64> {
        let (mut msgid, stamps) = (None, &mut self.stamps);
        self.rooms.change(room, |room| msgid = Some(room.write(line, label, stamps)));
        msgid
    }
}

#[cfg(test)]
mod tests;
