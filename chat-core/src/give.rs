//! An answer that comes in several parts.

use std::fmt;
use std::sync::Arc;

/// A way to give an answer in several parts. It ends when all clones of it are gone.
pub(crate) struct Give<T> {
    give: Arc<dyn Fn(T) + Send + Sync>,
}

impl<T> Give<T> {
    pub(crate) fn new(give: impl Fn(T) + Send + Sync + 'static) -> Give<T> {
        Give { give: Arc::new(give) }
    }

    /// Gives one part.
    pub(crate) fn part(&self, part: T) {
        (self.give)(part);
    }
}

impl<T> Clone for Give<T> {
    fn clone(&self) -> Give<T> {
        Give { give: Arc::clone(&self.give) }
    }
}

impl<T> fmt::Debug for Give<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Give").finish_non_exhaustive()
    }
}
