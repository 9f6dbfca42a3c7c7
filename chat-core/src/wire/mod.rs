//! Bytes to values and values to bytes: what travels, and nothing about how.
//!
//! Nothing in here knows of sockets, clocks or threads. `PROTOCOL.md` of the project is the
//! description of the protocol; this is its only implementation, for servers and clients alike.
//!
//! ```text
//! bytes ──▶ frame ──▶ text ──▶ request ──▶ command   what a client sends, as the server understands it
//!         (cut)     (make safe) (understand)
//! bytes ──▶ frame ──▶ text ──▶ line           what a server sends, as a client understands it
//! ```

mod command;
mod frame;
mod line;
mod name;
mod request;
mod tags;
mod text;
mod time;

pub use command::{Banned, COMMANDS, CommandHelp, Misunderstood, Request, Secret, Who};
pub use frame::{Decoder, Frame, Framing, FramingError, QUIET, Rules};
pub use line::Line;
pub(crate) use line::{Prefix, newlines, notice};
pub use name::{Name, NameError, RoomName};
pub use request::{End, Messages, Part, Reading};
pub use tags::{MAX_CLIENT_TAGS, Tags, push_tag};
pub use text::{Text, TextError};
pub(crate) use time::read_time;
