//! Threads that have a name, are joined, and tell when they panicked.

use std::thread::{self, JoinHandle, ThreadId};

use crate::error::Error;

/// A named thread that ends, at the latest, before its owner does.
#[derive(Debug)]
pub(crate) struct Thread<T> {
    handle: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Thread<T> {
    /// Starts `work` on a thread of this name.
    pub(crate) fn spawn(
        name: String,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Thread<T>, Error> {
        let handle = thread::Builder::new()
            .name(name)
            .spawn(work)
            .map_err(Error::system("start a thread"))?;
        Ok(Thread { handle: Some(handle) })
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

    /// Lets the thread go on by itself.
    pub(crate) fn leave(mut self) {
        drop(self.handle.take());
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
