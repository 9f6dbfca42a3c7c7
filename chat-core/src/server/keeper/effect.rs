//! What is held back until the store has decided.

use crate::log::Again;
use crate::net::Order;

/// What an effect takes beside what is counted of it.
const EACH: usize = 128;

/// What is held back.
#[derive(Debug)]
pub(in crate::server) enum Effect {
    /// An order for an I/O thread.
    Order { feed: usize, order: Order },
    /// An order that acknowledges something as durable, and the other one if it is not.
    Confirm { feed: usize, durable: Order, volatile: Order },
}

impl Effect {
    /// How many bytes it takes, about.
    pub(super) fn weight(&self) -> usize {
        match self {
            Effect::Order { order, .. } => weight(order),
            Effect::Confirm { durable, volatile, .. } => weight(durable) + weight(volatile),
        }
    }
}

/// How many bytes an order takes, about. The batches of what was said count for the memory of the logs
/// for as long as anybody holds them, and here it counts only that they are held.
fn weight(order: &Order) -> usize {
    let more = match order {
        Order::Direct { line, .. } => line.len(),
        Order::Recall { rooms, lines, .. } => {
            let again = |again: &Again| EACH + size_of_val(&again.past[..]);
            let line = |(_, line): &(u64, Vec<u8>)| EACH + line.len();
            rooms.iter().map(again).sum::<usize>() + lines.iter().map(line).sum::<usize>()
        }
        Order::Census { clients, .. } => size_of_val(&clients[..]),
        Order::Publish { .. }
        | Order::Attach { .. }
        | Order::Detach { .. }
        | Order::CloseRoom { .. }
        | Order::Ignore { .. }
        | Order::Close { .. }
        | Order::Adjust { .. }
        | Order::Quiesce
        | Order::Drain => 0,
    };
    EACH + more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ConnId;

    #[test]
    fn what_is_read_again_weighs_what_it_takes() {
        let lines = vec![(1, vec![b'x'; 1000]), (2, vec![b'x'; 500])];
        let order = Order::Recall { conn: ConnId::new(0, 0, 0), rooms: Vec::new(), lines };
        assert!(Effect::Order { feed: 0, order }.weight() > 1500);
    }
}
