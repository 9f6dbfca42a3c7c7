//! Tables that were much larger once.

/// Gives back most of the memory of a table that has a capacity for much more than is in it, or will
/// be soon: `to` is called with the capacity that is enough.
///
/// What is left is a multiple of what is needed, so that a table that shrinks and grows by turns is
/// seldom moved.
pub(crate) fn shrink(capacity: usize, needed: usize, to: impl FnOnce(usize)) {
    if capacity > 64 + 4 * needed {
        to(2 * needed);
    }
}
