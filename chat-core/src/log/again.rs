//! Reading a log again.

use std::sync::Arc;

use super::{Batch, Cursor};
use crate::ids::RoomId;

/// A log that is to be read again from here on, if its reader is further already: these batches, and
/// what is published after them.
#[derive(Debug)]
pub(crate) struct Again {
    pub(crate) room: RoomId,
    pub(crate) from: Cursor,
    pub(crate) past: Vec<Arc<Batch>>,
}
