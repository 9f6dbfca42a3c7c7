//! A connection can be lost without losing the talk.

mod random;
mod talker;
