//! Bytes to values and values to bytes: what travels, and nothing about how.
//!
//! Nothing in here knows of sockets, clocks or threads. The project's `PROTOCOL.md` describes the
//! protocol; this implements it, for servers and clients alike.
//!
//! ```text
//! bytes ──▶ frame ──▶ text ──▶ request ──▶ command   what a client sends, as the server understands it
//!         (cut)     (make safe) (understand)
//!                                └──▶ tags, context                what its tags say of that
//! bytes ──▶ frame ──▶ text ──▶ line           what a server sends, as a client understands it
//!                stamp ──▶ tags               what a server's tags say, for programs
//! ```

mod command;
mod context;
mod frame;
mod line;
mod name;
mod request;
mod stamp;
mod tags;
mod text;

pub use command::{Banned, COMMANDS, CommandError, CommandHelp, Request, Secret, Ticket, Who};
pub use context::{Context, Label, TagError};
pub use frame::{Decoder, Frame, Framing, FramingError, QUIET, Rules};
pub use line::Line;
pub(crate) use line::{Prefix, newlines, notice};
pub use name::{Name, NameError, RoomName};
pub use request::{End, Messages, Part, Reading};
pub(crate) use stamp::{Kind, Stamp, read_time};
pub use tags::{MAX_CLIENT_TAGS, Tags, push_tag};
pub use text::{Text, TextError};
