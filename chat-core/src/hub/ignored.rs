//! Who is ignored by anybody: of all others it need not be looked for who does.

use std::collections::HashMap;

use crate::ids::ConnId;
use crate::shrink::shrink;

/// How often each author is in somebody's list, of those who are here and of those who are away.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    by: HashMap<ConnId, usize>,
}

impl Ignored {
    /// Somebody has one more author in its list.
    pub(super) fn add(&mut self, author: ConnId) {
        *self.by.entry(author).or_default() += 1;
    }

    /// These authors are in a list no more.
    pub(super) fn remove(&mut self, authors: &[ConnId]) {
        for author in authors {
            let Some(times) = self.by.get_mut(author) else { continue };
            *times -= 1;
            if *times == 0 {
                self.by.remove(author);
            }
        }
        shrink(self.by.capacity(), self.by.len(), |to| self.by.shrink_to(to));
    }

    /// Whether anybody ignores this author.
    pub(super) fn has(&self, author: ConnId) -> bool {
        self.by.contains_key(&author)
    }

    /// All of them, each as often as it is in a list.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<ConnId> {
        let each = |(&author, &times): (&ConnId, &usize)| vec![author; times];
        self.by.iter().flat_map(each).collect()
    }
}
