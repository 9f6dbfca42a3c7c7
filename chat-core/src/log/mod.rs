//! A room is a log, a client is a cursor: the heart of the chat, as pure data.
//!
//! ```text
//!            append          seal              extend                  stretches
//!  messages ───────▶ Log ──────────▶ Arc<Batch> ──────▶ Window ─────────────────────▶ slices
//!            (the hub's)            (shared)    (an I/O thread's)  from a Cursor to the end
//! ```
//!
//! A message is written once, into the bytes of a [`Batch`]. Everybody who has to get it gets it
//! out of those bytes; what differs from client to client is the [`Cursor`], one number.
//!
//! # What holds
//!
//! 1. Positions count the bytes of a room's log from its beginning. They are never reused, and a
//!    batch starts where the one before it ended.
//! 2. A batch is never changed once it is sealed.
//! 3. A cursor never moves back, and never into the middle of a line of its own client.
//! 4. Batches of all logs have numbers, in the order in which an I/O thread was given them: so what
//!    came in one room has its place before or after what came in another.
//! 5. A window drops a batch only when no cursor is held at it or before it.

mod again;
mod batch;
mod cursor;
#[expect(clippy::module_inception, reason = "the type is the idea that the module is named for")]
mod log;
mod window;

pub(crate) use again::Again;
pub(crate) use batch::{Batch, Reader};
pub(crate) use cursor::Cursor;
pub(crate) use log::Log;
pub(crate) use window::Window;

#[cfg(test)]
mod tests;
