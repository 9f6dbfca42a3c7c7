//! Where the server is: what its name stood for at first, and stands for now.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::addr::{name_of, resolve};
use crate::error::Error;
use crate::threads::Thread;

/// The addresses of a server, and how to ask for them again.
#[derive(Debug)]
pub(super) struct Place {
    /// How it is called in errors.
    shown: String,
    /// Its `HOST:PORT`, if what that stands for may change.
    name: Option<String>,
    /// The addresses that were found last.
    addrs: Box<[SocketAddr]>,
    /// What is found now will come from here, while it is being looked for.
    found: Option<Receiver<io::Result<Vec<SocketAddr>>>>,
}

impl Place {
    /// Finds it for the first time.
    pub(super) fn find(addr: impl ToSocketAddrs + fmt::Debug) -> Result<Place, Error> {
        let name = name_of(&addr);
        let (addrs, shown) = resolve(addr)?;
        Ok(Place { shown, name, addrs: addrs.into(), found: None })
    }

    /// How it is called in errors.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The addresses that are known now.
    pub(super) fn addrs(&mut self) -> &[SocketAddr] {
        self.take_found();
        &self.addrs
    }

    /// Begins to look for it again, without waiting for that.
    ///
    /// Systems may take minutes to give up a name, and cannot be told to stop: so nobody ever joins
    /// the thread that asks them, and there is no second one before the first has ended.
    pub(super) fn look_again(&mut self) {
        self.take_found();
        let Some(name) = self.name.clone().filter(|_| self.found.is_none()) else { return };
        let (sender, found) = bounded(1);
        let ask = move || {
            let addrs = name.to_socket_addrs().map(Iterator::collect);
            // A client that has ended needs no answer.
            drop(sender.send(addrs));
        };
        match Thread::spawn("chat-resolve".into(), ask) {
            Ok(thread) => {
                thread.leave();
                self.found = Some(found);
            }
            Err(error) => log::debug!("{} is not looked up again: {error}", self.shown),
        }
    }

    /// Takes what was found, if something was. A server that cannot be found now may still be where it
    /// was.
    fn take_found(&mut self) {
        let Some(found) = &self.found else { return };
        match found.try_recv() {
            Ok(Ok(addrs)) if addrs.is_empty() => log::debug!("{} has no address", self.shown),
            Ok(Ok(addrs)) => self.addrs = addrs.into(),
            Ok(Err(error)) => log::debug!("cannot resolve {} again: {error}", self.shown),
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => log::debug!("nobody looks {} up", self.shown),
        }
        self.found = None;
    }
}
