//! Text that was made safe is safe, stays what it is, and a line is what it was.

#![no_main]

use chat_core::wire::{Line, Text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let strict = str::from_utf8(bytes).map(Text::new);
    let Some(text) = Text::lossy(bytes) else {
        assert!(!matches!(strict, Ok(Ok(_))), "nothing is left of {strict:?}");
        return;
    };
    assert!(!text.trim().is_empty());
    assert!(!text.chars().any(acts_or_hides), "{text:?}");
    assert_eq!(Text::lossy(text.as_bytes()).as_ref(), Some(&text), "safe text is kept as it is");
    assert_eq!(Text::new(&text).as_ref(), Ok(&text));
    if let Ok(strict) = strict {
        assert_eq!(strict.is_ok(), bytes == text.as_bytes(), "{strict:?}");
    }
    let relayed = Text::lossy(&[b"51839: ", bytes].concat()).expect("a name is there to be seen");
    assert_eq!(relayed.as_str(), format!("51839: {text}"), "a client reads what a server sends");
    assert_eq!(Line::from(text.clone()).to_string(), text.as_str());
});

/// Whether a character moves a cursor, starts a line, turns the writing round, or is never of use.
fn acts_or_hides(c: char) -> bool {
    match c {
        '\t' => false,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' => {
            true
        }
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' => true,
        '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' => true,
        '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{10ffff}' => true,
        c => c.is_control() || c as u32 & 0xfffe == 0xfffe,
    }
}
