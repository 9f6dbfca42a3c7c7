//! A store in memory, for tests and for programs that keep what is said in a way of their own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::left_out::Known;
use super::wanted::{Amount, Choice, LABELS};
use super::words::{Words, are_searched, too_many_words};
use super::{
    Ban, Kept, KeptRoom, Lines, Record, SavedLabel, SavedSession, SearchHit, SearchResults,
    Searcher, Store, StoreError, Wanted,
};
use crate::wire::{RoomName, Text};

/// A store in memory.
///
/// Clones have all in common, so that a server that is started with a clone finds what the last one
/// has kept: as if it had been restarted. It keeps everything, for ever. A test can make it fail
/// ([`MemoryStore::set_full`]) and wait ([`MemoryStore::hold`]).
///
/// ```
/// use chat_core::store::{MemoryStore, Store, Wanted};
///
/// let wanted = Wanted::new(1000, 1 << 20, None, 64);
/// let store = MemoryStore::default();
/// assert_eq!(store.clone().load(&wanted)?.epoch, 1);
/// assert_eq!(store.clone().load(&wanted)?.epoch, 2, "it is the same store");
/// # Ok::<(), chat_core::store::StoreError>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: Held,
    is_full: bool,
    is_held: bool,
    /// How many commits wait until they are released.
    waiting: usize,
}

/// What is kept.
#[derive(Debug, Default)]
struct Held {
    epoch: u64,
    epochs: Vec<(u64, u64)>,
    last: u64,
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

impl MemoryStore {
    /// Lets all commits fail from now on, as if there were no room left, or none any more.
    pub fn set_full(&self, is_full: bool) {
        self.state().is_full = is_full;
    }

    /// Lets all commits wait from now on, until they are [released](MemoryStore::release).
    pub fn hold(&self) {
        self.state().is_held = true;
    }

    /// Lets all commits go on, those that wait and those to come.
    pub fn release(&self) {
        self.state().is_held = false;
        self.shared.changed.notify_all();
    }

    /// Waits until a commit waits to be released, and says whether that was so within this time.
    #[must_use]
    pub fn wait_for_commit(&self, within: Duration) -> bool {
        let state = self.state();
        let waits = |state: &mut State| state.waiting == 0;
        let waited = self.shared.changed.wait_timeout_while(state, within, waits);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting > 0
    }

    /// The number of the last line that is kept; 0 if there is none.
    pub fn last(&self) -> u64 {
        self.state().held.last
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked has left it as consistent as any other: records are added one by one.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("last", &self.last()).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn load(&mut self, wanted: &Wanted) -> Result<Kept, StoreError> {
        Ok(self.state().held.load(wanted))
    }

    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let mut state = self.state();
        state.waiting += 1;
        self.shared.changed.notify_all();
        let waited = self.shared.changed.wait_while(state, |state| state.is_held);
        state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if state.is_full {
            return Err(StoreError::Full("it was told to be full".into()));
        }
        for record in records {
            state.held.keep(record);
        }
        Ok(())
    }

    fn searcher(&mut self) -> Result<Option<Box<dyn Searcher>>, StoreError> {
        Ok(Some(Box::new(self.clone())))
    }
}

impl Searcher for MemoryStore {
    fn search(
        &mut self,
        room: &RoomName,
        words: &str,
        most: usize,
    ) -> Result<SearchResults, StoreError> {
        let words = Words::of(words).ok_or_else(too_many_words)?;
        Ok(SearchResults::new(self.state().held.search(room, &words, most)))
    }
}

impl Held {
    fn load(&mut self, wanted: &Wanted) -> Kept {
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

    fn keep(&mut self, record: &Record) {
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

    fn search(&self, room: &RoomName, words: &Words, most: usize) -> Vec<SearchHit> {
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

impl Lines {
    /// Adds those that have all of these words, the newest first, until so many are found.
    pub(super) fn search(
        &self,
        words: &Words,
        buffer: &mut String,
        most: usize,
        found: &mut Vec<SearchHit>,
    ) {
        let lines: Vec<_> = self.with_marks().filter(|(_, mark, _)| are_searched(mark)).collect();
        for (msgid, mark, line) in lines.into_iter().rev() {
            if found.len() >= most {
                return;
            }
            if words.are_in(line, buffer) {
                found.push(SearchHit::new(msgid, super::mark::time(mark.time), Text::shown(line)));
            }
        }
    }
}
