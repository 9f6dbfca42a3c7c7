//! Who has come to a server in memory.

use chat_core::testing::MemoryServer;
use chat_core::{ConnId, ServerEvent};

/// The clients that have come since its events were last asked for.
pub(crate) fn newcomers(server: &mut MemoryServer) -> Vec<ConnId> {
    let name = |event| match event {
        ServerEvent::Connected { conn, .. } => Some(conn),
        _ => None,
    };
    server.events().into_iter().filter_map(name).collect()
}
