//! Wakes an I/O thread out of its `poll`, as seldom as possible.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::time::Duration;

use mio::{Events, Poll, Registry, Token, Waker};

use crate::error::Error;

/// Wakes a thread that waits in its `poll`. To ring while it is awake costs no system call.
///
/// Both sides first do and then look: whoever rings has made something ready before, and the thread
/// says that it goes to sleep before it looks for the last time whether something is ready. So one
/// of the two always sees the other.
#[derive(Debug)]
pub(crate) struct Bell {
    /// `None` where nobody ever waits, in a server without threads.
    waker: Option<Waker>,
    /// Whether the thread waits, or is about to, and has not been woken.
    sleeps: AtomicBool,
    /// Whether the thread could not hand something over and wants to know when it can.
    starves: AtomicBool,
}

impl Bell {
    /// A bell that wakes the `poll` of this registry with an event of this token.
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Bell> {
        let waker = Some(Waker::new(registry, token)?);
        Ok(Bell { waker, sleeps: AtomicBool::new(false), starves: AtomicBool::new(false) })
    }

    /// A bell for nobody.
    #[cfg(feature = "testing")]
    pub(crate) fn silent() -> Bell {
        Bell { waker: None, sleeps: AtomicBool::new(false), starves: AtomicBool::new(false) }
    }

    /// Wakes the thread if it sleeps and nobody has woken it yet.
    pub(crate) fn ring(&self) {
        fence(Ordering::SeqCst);
        if !self.sleeps.load(Ordering::Relaxed) || !self.sleeps.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Some(Err(error)) = self.waker.as_ref().map(Waker::wake) {
            // The thread will see at its next event what it was to be woken for.
            log::error!("cannot wake an I/O thread: {error}");
        }
    }

    /// The thread is going to wait: from now on a ring wakes it. What was made ready before must
    /// be looked for once more after this.
    pub(crate) fn sleep(&self) {
        self.sleeps.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The thread waits for events, after [`Bell::sleep`] and a last look. When this returns it is
    /// awake, for whatever reason: until it sleeps again, no ring is needed.
    pub(crate) fn wait(
        &self,
        poll: &mut Poll,
        events: &mut Events,
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        let polled = poll.poll(events, timeout);
        self.sleeps.store(false, Ordering::Relaxed);
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                Err(Error::System { action: "wait for events", source: error })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Asks for a ring when there is room in the inbox.
    pub(super) fn starve(&self) {
        self.starves.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Rings if the thread waits for room in the inbox, of which there is some now.
    pub(crate) fn feed_the_starving(&self) {
        fence(Ordering::SeqCst);
        if self.starves.load(Ordering::Relaxed) && self.starves.swap(false, Ordering::Relaxed) {
            self.ring();
        }
    }
}
