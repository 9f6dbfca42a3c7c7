//! Everything that the hub can do to the world.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::change::Change;
use crate::event::{ClientInfo, Notification};
use crate::give::Give;
use crate::ids::{ConnId, RoomId};
use crate::log::{Again, Batch, Cursor};
use crate::store::Record;
use crate::wire::{Context, RoomName, Text};

/// What has become of what was to be kept.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// The number of the last record that it is about.
    pub(crate) up_to: u64,
    /// Why they could not be kept, in words for people.
    pub(crate) failure: Option<String>,
    /// The numbers of the first and the last of the lines that were given up since this was told last:
    /// whatever comes, they will not be kept.
    pub(crate) lost: Option<RangeInclusive<u64>>,
}

/// What a client is to read again.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    pub(crate) rooms: Vec<Again>,
    /// Lines that it alone got, each with the number of the last batch before it, in order.
    pub(crate) lines: Vec<(u64, Vec<u8>)>,
}

/// What somebody wants to find.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) conn: ConnId,
    pub(crate) room: RoomName,
    pub(crate) words: Text,
    /// How many lines at most.
    pub(crate) most: usize,
    /// What the tags of the asker's line say.
    pub(crate) context: Option<Box<Context>>,
}

/// Why nothing can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsearchable {
    /// There is nothing that could be searched.
    Never,
    /// Too many are searching at the moment.
    Busy,
}

/// Everything that the hub can do to the world. Effects take place in the order of the calls.
pub(crate) trait Output {
    /// The log of this room goes on with this batch.
    fn publish(&mut self, room: RoomId, batch: Arc<Batch>);

    /// This client reads the log of this room from here on, beside those that it reads already.
    fn attach(&mut self, conn: ConnId, room: RoomId, cursor: Cursor);

    /// This client reads again what was published before, in the order in which it was.
    fn recall(&mut self, conn: ConnId, recall: Recall);

    /// This client reads the log of this room no more. What was published there before it still gets.
    fn detach(&mut self, conn: ConnId, room: RoomId);

    /// There is nobody in this room, and it is no more.
    fn close_room(&mut self, room: RoomId);

    /// This client gets nothing, from now on, that this author writes; or gets it again.
    fn ignore(&mut self, conn: ConnId, author: ConnId, is_ignored: bool);

    /// This client alone gets this line.
    fn direct(&mut self, conn: ConnId, line: Vec<u8>);

    /// This is to be kept by the store. All that is to be kept is in the order of the calls.
    fn record(&mut self, record: Record);

    /// What follows takes place when all is durable that was to be kept before. Whoever calls this goes
    /// on at once.
    fn hold(&mut self);

    /// This client alone gets a line when all is durable that was to be kept before, or another one if
    /// it turns out that it is not.
    fn confirm(&mut self, conn: ConnId, durable: Vec<u8>, volatile: Vec<u8>);

    /// All is durable that was to be kept up to here, or it cannot be made so.
    fn release(&mut self, done: &Stored);

    /// Somebody wants to find something. What was found comes as an input.
    ///
    /// # Errors
    ///
    /// Why it cannot be looked for, and what it was.
    fn search(&mut self, search: Search) -> Result<(), (Unsearchable, Search)>;

    /// Something is different for this client from now on.
    fn adjust(&mut self, conn: ConnId, change: Change);

    /// What is known of these clients is to be completed and given there, in parts.
    fn census(&mut self, clients: Vec<ClientInfo>, give: Give<Vec<ClientInfo>>);

    /// This client gets what it is still due, and is closed then.
    fn close(&mut self, conn: ConnId);

    /// Every I/O thread is to take nothing more in, and to say so when it has handed over all.
    fn quiesce(&mut self);

    /// Every I/O thread is to bring out what is in the logs, and then to end.
    fn drain(&mut self);

    /// The program that embeds the server is to know this.
    fn notify(&mut self, notification: Notification);
}
