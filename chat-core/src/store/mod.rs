//! Where what is said is kept, so that it outlives the server: a port.
//!
//! The hub says what is to be kept, as [`Record`]s, and goes on. A thread of its own hands them to the
//! [`Store`], many at a time, and tells the hub what is durable by then. What must not be known before
//! it is durable, an acknowledgement above all, waits for that on its way out; the hub never does.
//!
//! ```text
//!  hub ── records ──▶ [queue] ──▶ chat-store: Store::commit ──▶ durable up to here ──▶ hub
//!   └─── what waits for them ──▶ [held back] ────────────────────────┘ └──▶ clients
//! ```

mod left_out;
mod lines;
mod lost;
mod mark;
mod memory;
mod record;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(feature = "sqlite")]
mod sqlite;
mod wanted;
mod words;

pub use left_out::LeftOut;
pub use lines::{Lines, SaidLine};
pub(crate) use lost::Lost;
pub(crate) use mark::{Details, Mark, millis};
pub use memory::MemoryStore;
pub use record::{
    Ban, Kept, KeptRoom, Record, SavedLabel, SavedRoom, SavedSession, SearchHit, SearchResults,
    Token,
};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub(crate) use wanted::LABELS;
pub use wanted::{Amount, Wanted};
pub(crate) use words::{MOST_WORDS, Words};

use std::error;

use crate::wire::RoomName;

/// Keeps what must not be lost with the server.
///
/// One thread calls all methods, one after the other, so that a store needs no locks; only what
/// [`Store::searcher`] gives is used on another thread. The methods may take their time, and may fail:
/// the chat goes on meanwhile, and after that.
///
/// ```
/// use std::fs::File;
/// use std::io::Write;
/// use std::time::{SystemTime, UNIX_EPOCH};
/// use chat_core::Server;
/// use chat_core::store::{Kept, Record, Store, StoreError, Wanted};
///
/// /// Writes down what is said, for people to read, and remembers nothing of it at the next start.
/// struct Journal(File);
///
/// impl Store for Journal {
///     fn load(&mut self, _wanted: &Wanted) -> Result<Kept, StoreError> {
///         let mut kept = Kept::default();
///         // Each start has a number that none before it had: the time is one.
///         kept.epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |it| it.as_secs());
///         Ok(kept)
///     }
///
///     fn commit(&mut self, records: &[Record]) -> Result<(), StoreError> {
///         let mut text = Vec::new();
///         for record in records {
///             if let Record::Lines(lines) = record {
///                 text.extend_from_slice(lines.bytes());
///             }
///         }
///         // A store that is read again would take back what it has written if this fails in the middle.
///         let written = self.0.write_all(&text).and_then(|()| self.0.sync_data());
///         written.map_err(|error| StoreError::Failed {
///             action: "cannot write the journal",
///             source: error.into(),
///         })
///     }
/// }
///
/// # let path = std::env::temp_dir().join(format!("chat-journal-{}", std::process::id()));
/// let journal = Journal(File::create(&path)?);
/// let server = Server::bind("127.0.0.1:0")?.store(journal).spawn()?;
/// server.handle().broadcast("this is written down")?;
/// server.stop()?;
/// assert!(std::fs::read_to_string(&path)?.contains("this is written down"));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Store: Send + 'static {
    /// Whether anything is kept at all. Default: true. Of a store that keeps nothing, nothing is asked.
    fn keeps(&self) -> bool {
        true
    }

    /// Tells what is kept, once, before the server takes its first client. [`Kept::epoch`] must be a
    /// number that it has never told before.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the server does not start.
    fn load(&mut self, wanted: &Wanted) -> Result<Kept, StoreError>;

    /// Makes records durable: in their order, and all of them or none. When it returns, they outlive
    /// the process and the machine.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: none of them is kept. They are offered again later, with those that have come
    /// since, as long as there is room to keep them waiting.
    fn commit(&mut self, records: &[Record]) -> Result<(), StoreError>;

    /// Does a little of what can wait, such as forgetting what is too old or getting searches ready, and
    /// answers whether there is more to do. While there is, it is called again and again as long as
    /// nothing is to be committed, and now and then although something is. It should take no longer than
    /// some milliseconds. Default: there is nothing to do.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it is logged and counted, and tried again later.
    fn tidy(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// A way to search beside the writing, on a thread of its own; `None`, the default: nothing can be
    /// searched, and `/search` says so. It is asked for once, after [`Store::load`].
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the server does not start.
    fn searcher(&mut self) -> Result<Option<Box<dyn Searcher>>, StoreError> {
        Ok(None)
    }
}

/// Finds lines by their words.
pub trait Searcher: Send + 'static {
    /// The last lines of a room that have all of these words, in upper or lower case: at most so many,
    /// the newest first. It may give up when it has looked for some time, and then says so: others wait
    /// meanwhile. A server asks for 16 different words at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: whoever asked reads that it did not work.
    fn search(
        &mut self,
        room: &RoomName,
        words: &str,
        most: usize,
    ) -> Result<SearchResults, StoreError>;
}

/// A store that keeps nothing: what a server has if it is given no other.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NoStore;

impl Store for NoStore {
    fn keeps(&self) -> bool {
        false
    }

    fn load(&mut self, _wanted: &Wanted) -> Result<Kept, StoreError> {
        Ok(Kept::default())
    }

    fn commit(&mut self, _records: &[Record]) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The caller's fault: what is there is no store of this kind, and is left as it is.
    #[error("it is no store of this chat")]
    Foreign,
    /// It was written by an earlier version, and this one cannot read it any more; it is left as it is.
    #[error("it is of format {found}; this version knows formats from {oldest} on")]
    Older {
        /// The format that it has.
        found: u32,
        /// The earliest that is known here.
        oldest: u32,
    },
    /// It was written by a later version, which this one does not understand; it is left as it is.
    #[error("it is of format {found}; this version knows formats up to {known}")]
    Newer {
        /// The format that it has.
        found: u32,
        /// The latest that is known here.
        known: u32,
    },
    /// Another server has it open.
    #[error("another server is using it")]
    InUse,
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// There is no room left to write.
    #[error("there is no room left for it: {0}")]
    Full(String),
    /// It does not come back from what it was asked to do.
    #[error("it does not answer")]
    Stuck,
    /// Something else went wrong, of which the source tells.
    #[error("{action}")]
    Failed {
        /// What was being done, as in "cannot open it".
        action: &'static str,
        /// Why it failed.
        source: Box<dyn error::Error + Send + Sync>,
    },
}
