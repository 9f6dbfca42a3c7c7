//! The thread that drives the hub whenever there is more to do than a few arrivals, and when something
//! is due with time.

use std::convert::Infallible;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::driver::{Slot, Taken, wait};
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
    // What was there at the start may be due with time.
    let mut time = Some(Duration::ZERO);
    loop {
        // An input is only taken out when the driver is in hand: what is still in the inbox is
        // what keeps others from getting ahead of it.
        wait(&mut slot.ready(inbox), time);
        let mut taken = slot.take()?;
        slot.has_woken();
        let driver = taken.driver()?;
        while !inbox.is_empty() || driver.is_behind() || driver.is_due() {
            driver.wait(slot.ready(inbox));
            slot.has_woken();
            driver.turn_of(inbox, true);
            if driver.is_done() {
                return Some(taken);
            }
        }
        time = driver.time_to_wait();
    }
}
