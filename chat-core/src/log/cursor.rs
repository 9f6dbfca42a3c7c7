//! Where a reader stands in a log.

/// A reader's place in a room's log: the position of the next byte that it is to get.
///
/// After a partial write it stands inside a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    position: u64,
}

impl Cursor {
    /// A cursor at a position of the log.
    pub(crate) fn at(position: u64) -> Cursor {
        Cursor { position }
    }

    /// The position of the next byte.
    pub(crate) fn position(self) -> u64 {
        self.position
    }
}
