//! A connection can be lost without losing the talk.

mod cut;
mod labels;
mod left;
mod leftovers;
mod memory;
mod one_turn;
mod program;
mod random;
mod sessions;
mod slow_store;
mod stored;
mod talker;

use chat_core::testing::{MemoryPeer, MemoryServer};

use self::talker::Told;

/// What has come with tags.
fn heard(peer: &MemoryPeer) -> Vec<Told> {
    peer.read().lines().filter(|line| line.starts_with('@')).map(Told::of).collect()
}

/// Sends lines, and gives what comes.
fn ask(server: &mut MemoryServer, peer: &MemoryPeer, lines: &str) -> Vec<Told> {
    peer.send(lines);
    server.run();
    heard(peer)
}
