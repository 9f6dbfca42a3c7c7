//! What somebody looks for, on its way to the store.

use super::Keeper;
use crate::hub::{self, Input, Unsearchable};
use crate::server::store_thread::Search;

impl Keeper {
    /// Has the store look for something.
    pub(in crate::server) fn search(
        &self,
        search: hub::Search,
    ) -> Result<(), (Unsearchable, hub::Search)> {
        let Some(searches) = &self.searches else { return Err((Unsearchable::Never, search)) };
        if searches.is_full() {
            return Err((Unsearchable::Busy, search));
        }
        let hub::Search { conn, room, words, most, context } = search;
        let (inbox, place) = (self.inbox.clone(), room.clone());
        let give = move |found| {
            // If the hub is no more, neither is whoever has asked.
            drop(inbox.send(Input::Found { conn, room: place, found, context }));
        };
        let words = words.to_string();
        // There is room, and nobody else sends; if the thread is gone, so is the server soon.
        drop(searches.try_send(Search { room, words, most, give: Box::new(give) }));
        Ok(())
    }
}
