//! A store in memory, for tests and for programs that keep what is said in a way of their own.

mod held;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::words::{Words, too_many_words};
use super::{Kept, Record, SearchResults, Searcher, Store, StoreError, Wanted};
use crate::wire::RoomName;
use held::Held;

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
