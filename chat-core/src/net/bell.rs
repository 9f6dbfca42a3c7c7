//! Wakes an I/O thread out of its `poll`, as seldom as possible.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::{Registry, Token, Waker};

/// Wakes an I/O thread. Ringing a bell that rings already costs one atomic operation.
#[derive(Debug)]
pub(crate) struct Bell {
    waker: Waker,
    /// Whether the thread has been woken and has not yet looked at what for.
    rings: AtomicBool,
    /// Whether the thread could not hand something over and wants to know when it can.
    starves: AtomicBool,
}

impl Bell {
    /// A bell that wakes the `poll` of this registry with an event of this token.
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Bell> {
        let waker = Waker::new(registry, token)?;
        Ok(Bell { waker, rings: AtomicBool::new(false), starves: AtomicBool::new(false) })
    }

    /// Wakes the thread, if that has not been done already.
    pub(crate) fn ring(&self) {
        if self.rings.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.waker.wake() {
            // The thread will see at its next event what it was to be woken for.
            log::error!("cannot wake an I/O thread: {error}");
        }
    }

    /// Says that from now on the thread looks at all there is: a later ring wakes it again.
    pub(crate) fn answer(&self) {
        // A swap, not a store: whoever found the bell ringing has made something ready before,
        // and that must be seen now.
        self.rings.swap(false, Ordering::AcqRel);
    }

    /// Asks for a ring when there is room in the inbox.
    pub(super) fn starve(&self) {
        self.starves.store(true, Ordering::SeqCst);
    }

    /// Rings if the thread waits for room in the inbox, of which there is some now.
    pub(crate) fn feed_the_starving(&self) {
        if self.starves.load(Ordering::SeqCst) && self.starves.swap(false, Ordering::SeqCst) {
            self.ring();
        }
    }
}
