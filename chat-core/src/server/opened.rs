//! A store that was opened: what it has told, and the threads that work for it.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::counters::Counters;
use super::keeper::Keeper;
use super::parts::wanted;
use super::store_thread::{self, Done, Packet, Search};
use crate::config::ServerConfig;
use crate::error::Error;
use crate::hub::{Input, Stored};
use crate::store::{Kept, Searcher, Store, StoreError};
use crate::threads::Thread;

/// How many turns' records may wait for the store; what is bounded by bytes waits before that.
const PACKETS: usize = 256;
/// How many may wait for what they look for.
const SEARCHES: usize = 64;

/// How long the store may take, at the end, to keep what was said last.
const PATIENCE: Duration = Duration::from_secs(10);

/// A store that has told what it keeps.
pub(super) struct Opened {
    store: Box<dyn Store>,
    searcher: Option<Box<dyn Searcher>>,
    kept: Kept,
}

impl Opened {
    /// Has a store tell what it keeps.
    pub(super) fn load(mut store: Box<dyn Store>, config: &ServerConfig) -> Result<Opened, Error> {
        let kept = store.load(&wanted(config)).map_err(Error::Store)?;
        let searcher = store.searcher().map_err(Error::Store)?;
        Ok(Opened { store, searcher, kept })
    }

    /// Starts the threads. They end when the keeper does, unless the store does not answer.
    pub(super) fn start(
        self,
        inbox: Sender<Input>,
        counters: &Arc<Counters>,
    ) -> Result<(Kept, Keeper, StoreThreads), Error> {
        let Opened { store, searcher, kept } = self;
        let (lives, over) = bounded(0);
        let mut threads = Vec::new();
        let (packets, taken) = bounded::<Packet>(PACKETS);
        let (told, counts) = (inbox.clone(), Arc::clone(counters));
        let report = move |Done { up_to, result }| {
            // If the hub is no more, nobody waits for it.
            drop(told.send(Input::Stored(Stored { up_to, failure: result.err() })));
        };
        let writes = lives.clone();
        let work = move || {
            store_thread::run(store, &taken, report, &counts.store);
            drop(writes);
        };
        threads.push(Thread::spawn("chat-store".into(), work)?);
        let searches = match searcher {
            None => None,
            Some(searcher) => {
                let (asks, asked) = bounded::<Search>(SEARCHES);
                let work = move || {
                    store_thread::run_searches(searcher, &asked);
                    drop(lives);
                };
                threads.push(Thread::spawn("chat-search".into(), work)?);
                Some(asks)
            }
        };
        let keeper = Keeper::new(packets, searches, inbox, Arc::clone(counters));
        Ok((kept, keeper, StoreThreads { threads, over }))
    }
}

/// The threads that work for the store.
#[derive(Debug)]
pub(super) struct StoreThreads {
    threads: Vec<Thread<()>>,
    /// Tells when both have ended.
    over: Receiver<Infallible>,
}

impl StoreThreads {
    /// Waits for the threads to end, once they have been told to. A store that does not answer must not
    /// keep the program from ending: its thread is left to itself then.
    pub(super) fn join(self) -> Result<(), Error> {
        if self.over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            self.threads.into_iter().for_each(Thread::leave);
            return Err(Error::Store(StoreError::Stuck));
        }
        self.threads.into_iter().try_for_each(|thread| thread.join().map(drop))
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}
