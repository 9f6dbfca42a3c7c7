//! Why clients have left, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::CloseReason;

macro_rules! closed_by {
    ($($(#[$doc:meta])* $field:ident: $reason:pat,)*) => {
        /// How many clients have left for which [`CloseReason`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct ClosedBy { $($(#[$doc])* pub $field: u64,)* }

        impl ClosedBy {
            /// All of them together.
            pub fn total(&self) -> u64 {
                self.by_reason().map(|(_, count)| count).sum()
            }

            /// Each of them with the name of its field.
            pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($field), self.$field)),*].into_iter()
            }
        }

        /// The same, while it is being counted.
        #[derive(Debug, Default)]
        pub(super) struct Closed { $($field: AtomicU64,)* }

        impl Closed {
            pub(super) fn count(&self, reason: CloseReason) {
                let counter = match reason { $($reason => &self.$field,)* };
                counter.fetch_add(1, Ordering::Relaxed);
            }

            pub(super) fn read(&self) -> ClosedBy {
                ClosedBy { $($field: self.$field.load(Ordering::Relaxed),)* }
            }
        }
    };
}

closed_by! {
    /// Said `exit`.
    exit: CloseReason::Exit,
    /// Ended the stream.
    end_of_stream: CloseReason::EndOfStream,
    /// Broke the connection off.
    reset: CloseReason::Reset,
    /// No longer answered.
    timed_out: CloseReason::TimedOut,
    /// Were removed by the embedding program, or by an operator.
    kicked: CloseReason::Kicked,
    /// Were banned by an operator.
    banned: CloseReason::Banned,
    /// Did not read what was sent to them.
    too_slow: CloseReason::TooSlow,
    /// Took nothing for too long.
    stalled: CloseReason::Stalled,
    /// Said nothing for too long.
    idle: CloseReason::Idle,
    /// Said something that the embedding program answered with [`Verdict::Close`](crate::Verdict::Close).
    rejected: CloseReason::Rejected,
    /// Sent too much without a line end.
    endless_line: CloseReason::EndlessLine,
    /// Spoke another protocol.
    other_protocol: CloseReason::OtherProtocol,
    /// Have come back by another connection, which took the place of this one.
    replaced: CloseReason::Replaced,
    /// Were there when the server stopped.
    shutdown: CloseReason::Shutdown,
    /// Failed otherwise.
    failed: CloseReason::Failed(_),
}
