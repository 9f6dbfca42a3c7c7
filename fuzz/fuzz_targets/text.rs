//! Text that was made safe is safe, stays what it is, and a line is what it was.

#![no_main]

use chat_core::wire::{Line, Text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = Text::lossy(bytes) else { return };
    let is_control = |c: char| c.is_control() && c != '\t';
    assert!(!text.chars().any(|c| is_control(c) || ('\u{2028}'..='\u{202e}').contains(&c)));
    assert_eq!(Text::lossy(text.as_bytes()).as_ref(), Some(&text), "safe text is kept as it is");
    assert_eq!(Text::new(&text).as_ref(), Ok(&text));
    assert_eq!(Line::from(text.clone()).to_string(), text.as_str());
});
