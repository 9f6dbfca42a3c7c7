//! The thread `chat-search`: it finds what people look for, beside the writing.

use std::fmt;

use crossbeam_channel::Receiver;

use super::guarded;
use crate::store::{SearchResults, Searcher};
use crate::wire::RoomName;

/// What somebody looks for.
pub(in crate::server) struct Search {
    pub(in crate::server) room: RoomName,
    pub(in crate::server) words: String,
    /// How many lines it wants at most.
    pub(in crate::server) most: usize,
    /// What to do with what is found, or with why nothing is, for people to read.
    pub(in crate::server) give: Box<dyn FnOnce(Result<SearchResults, String>) + Send>,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("room", &self.room).finish_non_exhaustive()
    }
}

/// Runs the thread, until nobody can ask any more.
pub(in crate::server) fn run_searches(mut searcher: Box<dyn Searcher>, asked: &Receiver<Search>) {
    for Search { room, words, most, give } in asked {
        let found = guarded(|| searcher.search(&room, &words, most));
        if let Err(error) = &found {
            log::warn!("a search has failed: {error}");
        }
        give(found);
    }
}
