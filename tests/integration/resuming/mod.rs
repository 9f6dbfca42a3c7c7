//! A connection can be lost without losing the talk.

mod labels;
mod leftovers;
mod program;
mod random;
mod sessions;
mod talker;
