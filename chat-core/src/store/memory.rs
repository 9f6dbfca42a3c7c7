//! A store in memory, for tests and for programs that keep what is said in a way of their own.

use super::{Kept, Record, Store, StoreError, Wanted};

/// A store in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {}

impl Store for MemoryStore {
    fn load(&mut self, _wanted: &Wanted) -> Result<Kept, StoreError> {
        Ok(Kept::default())
    }

    fn commit(&mut self, _records: &[Record]) -> Result<(), StoreError> {
        Ok(())
    }
}
