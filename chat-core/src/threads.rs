//! Threads that have a name, are joined, and tell when they panicked.

use std::convert::Infallible;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use crate::error::Error;

/// A named thread that ends, at the latest, before its owner does.
#[derive(Debug)]
pub(crate) struct Thread<T> {
    handle: Option<JoinHandle<T>>,
    /// Its other end is gone when the work is done.
    ended: Receiver<Infallible>,
}

impl<T: Send + 'static> Thread<T> {
    /// Starts `work` on a thread of this name.
    pub(crate) fn spawn(
        name: String,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Thread<T>, Error> {
        let (alive, ended) = bounded(0);
        let work = move || {
            let _alive = alive;
            work()
        };
        let handle = thread::Builder::new()
            .name(name)
            .spawn(work)
            .map_err(Error::system("start a thread"))?;
        Ok(Thread { handle: Some(handle), ended })
    }
}

impl<T> Thread<T> {
    /// Which thread it is.
    pub(crate) fn id(&self) -> Option<ThreadId> {
        self.handle.as_ref().map(|handle| handle.thread().id())
    }

    /// Waits for the thread to end and gives what it made; `None` if it is the calling thread.
    pub(crate) fn join(mut self) -> Result<Option<T>, Error> {
        self.finish()
    }

    /// Leaves the thread to itself: what it does must come to an end, and matter to nobody.
    pub(crate) fn leave(mut self) {
        drop(self.handle.take());
    }

    /// Waits for the thread to end, until then at most: after that it is left to itself. It says whether
    /// the thread has ended.
    pub(crate) fn join_by(self, until: Instant) -> Result<bool, Error> {
        if matches!(self.ended.recv_deadline(until), Err(RecvTimeoutError::Timeout)) {
            self.leave();
            return Ok(false);
        }
        self.join().map(|_| true)
    }

    /// Waits for the thread, unless it is the calling one: a thread cannot wait for itself.
    fn finish(&mut self) -> Result<Option<T>, Error> {
        let Some(handle) = self.handle.take() else { return Ok(None) };
        if handle.thread().id() == thread::current().id() {
            return Ok(None);
        }
        let name = handle.thread().name().unwrap_or("?").to_owned();
        handle.join().map(Some).map_err(|_| Error::Panicked { thread: name })
    }
}

impl<T> Drop for Thread<T> {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            log::error!("{error}");
        }
    }
}
