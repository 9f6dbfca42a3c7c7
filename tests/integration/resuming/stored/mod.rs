//! A server with a store: what waits for it, what goes on without it, and what outlives the server.

mod waiting;
mod restarted;
mod searching;

use chat_core::store::MemoryStore;
use chat_core::testing::TestServer;
use chat_core::wire::Secret;
use chat_core::{Server, ServerConfig};

fn config(set: impl FnOnce(&mut ServerConfig)) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.operator_secret = Some(Secret::new("sesame"));
    set(&mut config);
    config
}

fn server_with(store: &MemoryStore, set: impl FnOnce(&mut ServerConfig)) -> TestServer {
    let server = Server::bind("127.0.0.1:0").unwrap().config(config(set));
    TestServer::run(server.store(store.clone()))
}

fn server(store: &MemoryStore) -> TestServer {
    server_with(store, |_| {})
}
