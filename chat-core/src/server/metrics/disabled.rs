//! Without the feature: nothing is published, and there is no thread for it.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::error::Error;
use crate::server::counters::Counters;

/// What would publish the statistics.
#[derive(Debug)]
pub(in crate::server) struct Publisher;

impl Publisher {
    #[allow(clippy::unnecessary_wraps, reason = "with the feature, a thread may not start")]
    pub(in crate::server) fn start(_: SocketAddr, _: &Arc<Counters>) -> Result<Publisher, Error> {
        Ok(Publisher)
    }

    #[allow(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "with the feature, there is a thread to be waited for"
    )]
    pub(in crate::server) fn end(self) -> Result<(), Error> {
        Ok(())
    }
}
