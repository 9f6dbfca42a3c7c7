//! Tells now and then, or when it is asked to, what the server has counted.

use std::error::Error;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chat_core::ServerHandle;

use crate::complain;

/// Logs the numbers of a server every so often, until it is dropped.
#[derive(Debug)]
pub(crate) struct StatsLog {
    /// Nothing is ever sent: the end of it ends the thread.
    ends: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StatsLog {
    /// Starts it.
    pub(crate) fn start(server: ServerHandle, every: Duration) -> Result<StatsLog, Box<dyn Error>> {
        let (ends, ended) = mpsc::channel();
        let thread = thread::Builder::new().name("chat-stats".into()).spawn(move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                log::info!("{}", server.stats());
            }
        })?;
        Ok(StatsLog { ends: Some(ends), thread: Some(thread) })
    }
}

impl Drop for StatsLog {
    fn drop(&mut self) {
        drop(self.ends.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the thread that logs the numbers panicked");
        }
    }
}

/// Tells the numbers on standard error, once for each SIGUSR1.
#[cfg(unix)]
pub(crate) fn tell_on_signal(server: ServerHandle) -> Result<(), Box<dyn Error>> {
    use signal_hook::consts::SIGUSR1;
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGUSR1])?;
    // It waits for signals for as long as the process lives.
    thread::Builder::new().name("chat-signals".into()).spawn(move || {
        for _ in &mut signals {
            complain("STATS", &server.stats().to_string());
        }
    })?;
    Ok(())
}

/// Other systems have no such signal.
#[cfg(not(unix))]
pub(crate) fn tell_on_signal(_: ServerHandle) -> Result<(), Box<dyn Error>> {
    Ok(())
}
