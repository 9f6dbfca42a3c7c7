//! A store that was opened: what it has told, and the threads that work for it.

use std::fmt;
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};

use super::counters::Counters;
use super::keeper::Keeper;
use super::parts::wanted;
use super::store_thread::{self, Done, Intake, Packet, Search};
use crate::config::ServerConfig;
use crate::error::Error;
use crate::hub::{Input, Stored};
use crate::store::{Kept, Searcher, Store};
use crate::threads::Thread;

/// How many turns' records may wait for the store; what is bounded by bytes waits before that.
const PACKETS: usize = 256;
/// How many may wait for what they look for.
const SEARCHES: usize = 64;

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

    /// Starts the threads. They end when the keeper does.
    pub(super) fn start(
        self,
        inbox: Sender<Input>,
        counters: &Arc<Counters>,
    ) -> Result<(Kept, Keeper, Vec<Thread<()>>), Error> {
        let Opened { store, searcher, kept } = self;
        let mut threads = Vec::new();
        let (packets, taken) = bounded::<Packet>(PACKETS);
        let (told, counts) = (inbox.clone(), Arc::clone(counters));
        let report = move |Done { up_to, result, lost }| {
            // If the hub is no more, nobody waits for it.
            drop(told.send(Input::Stored(Stored {
                up_to,
                failure: result.err(),
                lost: lost.numbers,
            })));
        };
        let (urge, urged) = bounded(1);
        let intake = Intake { packets: taken, urged };
        let work = move || store_thread::run(store, &intake, report, &counts.store);
        threads.push(Thread::spawn("chat-store".into(), work)?);
        let searches = match searcher {
            None => None,
            Some(searcher) => {
                let (asks, asked) = bounded::<Search>(SEARCHES);
                let work = move || store_thread::run_searches(searcher, &asked);
                threads.push(Thread::spawn("chat-search".into(), work)?);
                Some(asks)
            }
        };
        let keeper = Keeper::new((packets, urge), searches, inbox, Arc::clone(counters));
        Ok((kept, keeper, threads))
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}
