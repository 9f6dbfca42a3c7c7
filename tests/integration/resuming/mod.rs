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
