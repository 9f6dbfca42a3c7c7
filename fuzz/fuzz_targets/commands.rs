//! Whatever a line is, it is understood as a command or said to be none, with its tags or without;
//! and what a client with tags sends means the same however it is split.

#![no_main]

use chat_core::wire::{Context, Decoder, End, Framing, Part, Reading, Request, Rules, Text};
use libfuzzer_sys::fuzz_target;

const RULES: Rules = Rules::new(Framing::Lines, 60, 200);

fuzz_target!(|input: (&str, u8)| {
    let (line, cut) = input;
    if let Some(text) = Text::lossy(line.as_bytes()) {
        if let Err(misunderstood) = Request::parse(&text) {
            assert!(!misunderstood.to_string().contains('\n'));
        }
        if let Ok((context, rest)) = Context::split(&text) {
            assert!(text.ends_with(rest));
            assert!(context.label.is_none_or(|label| (1..=64).contains(&label.as_str().len())));
        }
    }
    let bytes = [b"/tags\n", line.as_bytes(), b"\n"].concat();
    let whole = read(&[&bytes]);
    let (first, second) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(read(&[first, second]), whole);
});

/// All that is said and asked for, in words, and how it ended.
fn read(parts: &[&[u8]]) -> (Vec<String>, usize, Option<End>) {
    let mut decoder = Decoder::new(&RULES);
    let (mut all, mut too_long, mut end) = (Vec::new(), 0, None);
    for bytes in parts {
        if end.is_some() {
            break;
        }
        let reading = Reading::of(&mut decoder, &RULES, bytes);
        all.extend(reading.messages.iter().map(|said| format!("{:?}", said)));
        for part in reading.rest {
            match part {
                Part::Said(messages) => all.extend(messages.iter().map(|said| format!("{said:?}"))),
                other => all.push(format!("{other:?}")),
            }
        }
        too_long += reading.too_long;
        end = reading.end;
    }
    (all, too_long, end)
}
