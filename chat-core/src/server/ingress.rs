//! From the sockets to the rules: arrivals become inputs.

use std::collections::VecDeque;
use std::iter;

use crossbeam_channel::{Sender, TrySendError};

use super::driver::Slot;
use crate::budget::Budget;
use crate::hub::Input;
use crate::net::{Arrival, Inbox};

/// The hub's inbox, as an I/O thread sees it.
#[derive(Debug)]
pub(super) struct Ingress {
    inbox: Sender<Input>,
    slot: Slot,
    /// What waits in the inbox is charged to it.
    budget: Budget,
}

impl Ingress {
    pub(super) fn new(inbox: Sender<Input>, slot: Slot, budget: Budget) -> Ingress {
        Ingress { inbox, slot, budget }
    }
}

impl Inbox for Ingress {
    type Input = Input;

    fn offer(&self, input: Input) -> Result<(), TrySendError<Input>> {
        // Charged before, since the other side may give it back at once.
        let weight = input.weight();
        self.budget.take(weight);
        self.inbox.try_send(input).inspect_err(|_| self.budget.give_back(weight))
    }

    fn decide(&self, inputs: &mut VecDeque<Input>) {
        let Some(mut taken) = self.slot.try_take() else { return };
        let Some(driver) = taken.driver() else { return };
        // Inputs only leave the inbox by the hands of whoever has the driver: if there are none
        // now, all that this thread has ever put there has been dealt with.
        let most = if self.inbox.is_empty() { driver.takes(inputs) } else { 0 };
        if most == 0 {
            return;
        }
        let before = driver.next_timer();
        driver.turn(iter::from_fn(|| inputs.pop_front()).take(most));
        // The hub thread sleeps until the time that it knows of.
        let is_earlier =
            driver.next_timer().is_some_and(|at| before.is_none_or(|before| at < before));
        if is_earlier || driver.has_left() {
            self.slot.wake();
        }
    }
}

impl From<Arrival> for Input {
    fn from(arrival: Arrival) -> Input {
        match arrival {
            Arrival::Connected { conn, addr } => Input::Connected { conn, addr },
            Arrival::Said { conn, messages } => Input::Said { conn, messages },
            Arrival::Tagged { conn, text, context } => Input::Tagged { conn, text, context },
            Arrival::Asked { conn, request, context } => Input::Asked { conn, request, context },
            Arrival::Answered { conn, answer, context } => {
                Input::Answered { conn, answer, context }
            }
            Arrival::Flooding { conn } => Input::Flooding { conn },
            Arrival::Skipped { conn, lines } => Input::Skipped { conn, lines },
            Arrival::Left { conn, reason } => Input::Left { conn, reason },
            Arrival::Quiet => Input::Quiet,
        }
    }
}
