//! What a store in memory keeps, and what it tells of that.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use crate::store::left_out::Known;
use crate::store::wanted::{Amount, Choice, LABELS};
use crate::store::words::Words;
use crate::store::{
    Ban, Kept, KeptRoom, Lines, Record, SavedLabel, SavedSession, SearchHit, Wanted,
};
use crate::wire::RoomName;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Held {
    epoch: u64,
    epochs: Vec<(u64, u64)>,
    pub(super) last: u64,
    seq: u64,
    rooms: BTreeMap<RoomName, KeptRoom>,
    /// Their names by what they look like: those that look alike are one room.
    looks: BTreeMap<String, RoomName>,
    bans: BTreeMap<IpAddr, Ban>,
    sessions: BTreeMap<u32, SavedSession>,
    last_session: u32,
    labels: BTreeMap<u32, VecDeque<SavedLabel>>,
    /// How many of them are kept of each session.
    most_labels: Option<usize>,
}

impl Held {
    pub(super) fn load(&mut self, wanted: &Wanted) -> Kept {
        if self.epoch > 0 {
            self.epochs.push((self.epoch, self.last));
        }
        self.epoch += 1;
        self.most_labels = Some(wanted.labels);
        let sessions: BTreeSet<u32> = self.sessions.keys().copied().collect();
        self.labels.retain(|session, labels| {
            labels.drain(..labels.len().saturating_sub(wanted.labels));
            sessions.contains(session)
        });
        let mut labels: Vec<SavedLabel> = self.labels.values().flatten().cloned().collect();
        labels.sort_by_key(|label| label.msgid);
        Kept {
            epoch: self.epoch,
            epochs: self.epochs.clone(),
            last: self.last,
            seq: self.seq,
            last_session: self.last_session,
            rooms: self.rooms(wanted),
            bans: self.bans.values().copied().collect(),
            sessions: self.sessions.values().cloned().collect(),
            labels,
        }
    }

    /// The rooms that are wanted, the one in which something was said last at the end.
    fn rooms(&self, wanted: &Wanted) -> Vec<KeptRoom> {
        let mut known: BTreeMap<&RoomName, Known> = BTreeMap::new();
        for (name, of_some) in Known::of(self.sessions.values()) {
            let Some(name) = self.find(name) else { continue };
            known.entry(name).and_modify(|all| *all = all.and(of_some)).or_insert(of_some);
        }
        let is_of_use = |room: &&KeptRoom| room.topic.is_some() || !wanted.for_others.is_none();
        let mut rooms: Vec<&KeptRoom> = self.rooms.values().collect();
        rooms.sort_by_key(|room| Reverse(last(room)));
        let (named, others): (Vec<&KeptRoom>, Vec<&KeptRoom>) =
            rooms.into_iter().partition(|room| known.contains_key(&room.name));
        let others: Vec<&KeptRoom> =
            others.into_iter().filter(is_of_use).take(wanted.others).collect();
        let mut choice = wanted.choice();
        let named = named.iter().map(|room| (*room, wanted.for_sessions, known.get(&room.name)));
        let others = others.iter().map(|room| (*room, wanted.for_others, None));
        let told = named.chain(others).filter_map(|(room, amount, known)| {
            let told = last_of(room, amount, known, &mut choice);
            let is_told = known.is_some() || told.topic.is_some() || !told.lines.is_empty();
            is_told.then(|| (last(room), told))
        });
        let mut told: Vec<(Option<u64>, KeptRoom)> = told.collect();
        told.sort_by_key(|(last, _)| *last);
        told.into_iter().map(|(_, room)| room).collect()
    }

    pub(super) fn keep(&mut self, record: &Record) {
        match record {
            Record::Lines(lines) => self.keep_lines(lines),
            Record::Topic { room, topic } => self.room(room).topic = Some(topic.clone()),
            Record::Ban(ban) => drop(self.bans.insert(ban.ip, *ban)),
            Record::Unban(ip) => drop(self.bans.remove(ip)),
            Record::Session(session) => {
                self.last_session = self.last_session.max(session.id);
                self.sessions.insert(session.id, session.clone());
            }
            Record::SessionOver(id) => {
                self.sessions.remove(id);
                self.labels.remove(id);
            }
        }
    }

    fn keep_lines(&mut self, lines: &Lines) {
        self.last = self.last.max(lines.last());
        self.seq = self.seq.max(lines.seq());
        // What a server has published counts for its memory for as long as it is held.
        let lines = lines.to_owned();
        let name = self.room(lines.room()).name.clone();
        for line in lines.iter() {
            let (Some(session), Some(label)) = (line.session, line.label) else { continue };
            let labels = self.labels.entry(session).or_default();
            let label = SavedLabel::new(session, label.to_owned(), line.msgid, name.clone());
            labels.push_back(label);
            if labels.len() > self.most_labels.unwrap_or(LABELS) {
                labels.pop_front();
            }
        }
        self.room(&name).lines.push(lines);
    }

    /// The room of this name, or one that looks like it, by its own name.
    fn find(&self, name: &RoomName) -> Option<&RoomName> {
        let looks = name.looks();
        let alike = || looks.iter().find_map(|look| self.looks.get(look));
        self.rooms.get_key_value(name).map(|(name, _)| name).or_else(alike)
    }

    fn room(&mut self, name: &RoomName) -> &mut KeptRoom {
        let known = self.find(name).cloned();
        if known.is_none() {
            let looks = name.looks();
            self.looks.extend(looks.iter().map(|look| (look.to_owned(), name.clone())));
        }
        let name = known.unwrap_or_else(|| name.clone());
        self.rooms.entry(name.clone()).or_insert_with(|| KeptRoom::new(name))
    }

    pub(super) fn search(&self, room: &RoomName, words: &Words, most: usize) -> Vec<SearchHit> {
        let (mut found, mut buffer) = (Vec::new(), String::new());
        let room = self.find(room).and_then(|name| self.rooms.get(name));
        let Some(room) = room.filter(|_| !words.is_empty()) else { return found };
        for lines in room.lines.iter().rev() {
            lines.search(words, &mut buffer, most, &mut found);
        }
        found
    }
}

/// Where among all that was said the last lines of a room are.
fn last(room: &KeptRoom) -> Option<u64> {
    room.lines.last().map(Lines::seq)
}

/// What is wanted of a room.
fn last_of(
    room: &KeptRoom,
    amount: Amount,
    known: Option<&Known>,
    choice: &mut Choice,
) -> KeptRoom {
    choice.begin(amount);
    let takes = |lines: &&Lines| choice.takes(lines.count(), lines.bytes().len(), lines.time());
    let mut lines: Vec<Lines> = room.lines.iter().rev().take_while(takes).cloned().collect();
    lines.reverse();
    let (mut left_out, rest) = (Vec::new(), &room.lines[..room.lines.len() - lines.len()]);
    if let Some(known) = known {
        let missed = rest.iter().rev().take_while(|lines| !known.has(lines.seq(), lines.last()));
        let mut missed = missed.map(Lines::left_out);
        while missed.next().is_some_and(|lines| choice.leave_out(&lines, &mut left_out)) {}
        left_out.reverse();
    }
    KeptRoom { name: room.name.clone(), topic: room.topic.clone(), lines, left_out }
}
