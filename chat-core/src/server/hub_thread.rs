//! The thread that drives the hub whenever there is more to do than a few arrivals.

use crossbeam_channel::{Receiver, Select};

use super::driver::Slot;
use crate::hub::Input;

/// Drives the hub until it has come to its end.
pub(super) fn run(slot: &Slot, inbox: &Receiver<Input>) {
    loop {
        // An input is only taken out when the driver is in hand: what is still in the inbox is
        // what keeps others from getting ahead of it.
        let mut ready = Select::new();
        ready.recv(inbox);
        ready.ready();
        let Some(mut taken) = slot.take() else { return };
        let Some(driver) = taken.driver() else { return };
        while !inbox.is_empty() || driver.is_behind() {
            driver.wait(inbox);
            driver.turn(inbox.try_iter());
            if driver.is_done() {
                return taken.finish();
            }
        }
    }
}
