//! Every number that can be chosen, each with its default.

mod client;
mod history;
mod limits;
mod rate;
mod reconnect;
mod resume;
mod server;

pub use client::ClientConfig;
pub use history::History;
pub use limits::{Flood, Limits, WhenBehind, WhenBehindError};
pub use rate::{Rate, RateError};
pub use reconnect::Reconnect;
pub use resume::Resume;
pub use server::ServerConfig;

use crate::error::Error;

/// The most elements of a queue, whose memory is taken at the start.
const MAX_QUEUE: usize = 1 << 20;

/// Tells if a number that must be 1 at least, and not more than `most`, is out of its range.
fn check_range(field: &'static str, value: usize, most: usize) -> Result<(), Error> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    let range = if most == usize::MAX { "1 or more".into() } else { format!("1 to {most}") };
    Err(Error::Config { field, problem: format!("is {value}; it must be {range}") })
}
