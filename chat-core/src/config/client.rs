//! How a client behaves.

use std::time::Duration;

use super::{MAX_QUEUE, check_range};
use crate::error::Error;
use crate::wire::Framing;

/// How a [`Client`](crate::Client) behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// How long one address may take to accept the connection. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long the client, once told to close, goes on while nothing of what was queued can be
    /// sent, and then waits for the server to close. Default: 5 s.
    pub close_timeout: Duration,
    /// How the bytes of the connection are cut into lines, and whether what is sent ends with a
    /// newline. Default: [`Framing::Auto`], lines until the server has shown that it speaks chunks.
    pub framing: Framing,
    /// Lines that may wait to be sent, 1 to 1,048,576. Default: 1,024. When they are reached
    /// [`Client::send`](crate::Client::send) says so and takes no more.
    pub send_queue: usize,
    /// The longest line that is taken from the server, in bytes. Default: 64 KiB. A longer one is
    /// skipped and told: [`ClientEvent::Skipped`](crate::ClientEvent::Skipped).
    pub line: usize,
}

impl Default for ClientConfig {
    fn default() -> Self {
        ClientConfig {
            connect_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            framing: Framing::Auto,
            send_queue: 1024,
            line: 64 * 1024,
        }
    }
}

impl ClientConfig {
    /// Tells the first field that cannot work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_range("send_queue", self.send_queue, MAX_QUEUE)?;
        check_range("line", self.line, usize::MAX)?;
        if self.connect_timeout.is_zero() {
            let problem = "is 0; it must be longer".into();
            return Err(Error::Config { field: "connect_timeout", problem });
        }
        Ok(())
    }
}
