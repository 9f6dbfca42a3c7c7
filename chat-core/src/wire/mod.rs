//! Bytes to values and values to bytes: what travels, and nothing about how.
//!
//! Nothing in here knows of sockets, clocks or threads. `PROTOCOL.md` of the project is the
//! description of the protocol; this is its only implementation, for servers and clients alike.
//!
//! ```text
//! bytes ──▶ frame ──▶ text ──▶ request        what a client sends, as the server understands it
//!         (cut)     (make safe) (understand)
//! bytes ──▶ frame ──▶ text ──▶ line           what a server sends, as a client understands it
//! ```

mod frame;
mod line;
mod request;
mod tags;
mod text;

pub use frame::{Decoder, Frame, Framing, FramingError, QUIET, Rules};
pub use line::Line;
pub(crate) use line::{Prefix, newlines, notice};
pub use request::{End, Messages, Reading};
pub use tags::{MAX_CLIENT_TAGS, Tags, push_tag};
pub use text::{Text, TextError};
