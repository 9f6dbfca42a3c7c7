//! The thread that drives the hub whenever there is more to do than a few arrivals.

use std::convert::Infallible;

use crossbeam_channel::{Receiver, Select, Sender};

use super::driver::{Slot, Taken};
use crate::hub::Input;

/// Runs the thread.
///
/// `lives` is dropped with the inbox: nobody is to wait for an answer that will not come.
pub(super) fn run(slot: &Slot, inbox: Receiver<Input>, lives: Sender<Infallible>) {
    let Some(taken) = drive(slot, &inbox) else { return };
    drop((inbox, lives));
    taken.finish();
}

/// Drives the hub until it has come to its end.
fn drive<'a>(slot: &'a Slot, inbox: &Receiver<Input>) -> Option<Taken<'a>> {
    loop {
        // An input is only taken out when the driver is in hand: what is still in the inbox is
        // what keeps others from getting ahead of it.
        let mut ready = Select::new();
        ready.recv(inbox);
        ready.ready();
        let mut taken = slot.take()?;
        let driver = taken.driver()?;
        while !inbox.is_empty() || driver.is_behind() {
            driver.wait(inbox);
            driver.turn_of(inbox);
            if driver.is_done() {
                return Some(taken);
            }
        }
    }
}
