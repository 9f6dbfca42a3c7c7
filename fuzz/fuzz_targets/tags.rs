//! Whatever the tags of a line are, they are read, and what is written is read as it was meant.

#![no_main]

use chat_core::wire::{Tags, push_tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    let (tags, rest) = Tags::split(line);
    assert!(line.ends_with(rest));
    let mut again = String::new();
    for (key, value) in tags.iter() {
        push_tag(&mut again, key, &value);
    }
    let (written, nothing) = Tags::split(&again);
    assert!(nothing.is_empty());
    for (key, _) in tags.iter() {
        assert_eq!(written.get(key), tags.get(key));
    }
});
