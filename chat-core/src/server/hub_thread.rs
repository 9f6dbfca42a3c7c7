//! The one thread that owns the rules.

use crossbeam_channel::Receiver;

use super::egress::Egress;
use crate::hub::{Hub, Input};

/// How many bytes make a batch large enough to be sent off.
const BATCH: usize = 64 * 1024;
/// How many inputs are taken before those who wait for their effects are woken.
const TURN: usize = 256;

/// Runs the hub until it has come to its end.
///
/// It takes all that is waiting and publishes it as one batch, so that under load the batches grow
/// by themselves and the cost per message falls, while a single message goes out at once.
pub(super) fn run(mut hub: Hub, inbox: &Receiver<Input>, mut egress: Egress) {
    while !hub.is_stopped() && !egress.is_broken() {
        let Some(input) = egress.next(inbox) else { break };
        hub.handle(input, &mut egress);
        for _ in 1..TURN {
            if hub.unpublished() >= BATCH || hub.is_stopped() {
                break;
            }
            let Ok(input) = inbox.try_recv() else { break };
            hub.handle(input, &mut egress);
        }
        hub.publish(&mut egress);
        egress.end_turn();
    }
    egress.finish();
}
