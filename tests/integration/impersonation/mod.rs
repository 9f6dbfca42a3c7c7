//! Speaking as somebody else, or as the server: attacks, what the attacker reads, what others read.
//!
//! Each row is played on a stage of its own: Ada, who has a name; 1002, who has none; 1003, who speaks
//! chunks; 1004, who reads tags; and the attacker, 6666. The bytes that each of them gets are compared
//! whole.

mod bytes;
mod names;
mod reader;
mod stage;
mod tagged_commands;
mod tags;
mod texts;
