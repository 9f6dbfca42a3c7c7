//! However bytes are split, and whatever they are, they mean the same to the decoder and to what
//! understands them. Where unfinished messages are refused on the way, only those are missing.

#![no_main]

use chat_core::wire::{Decoder, End, Framing, Reading, Rules};
use libfuzzer_sys::fuzz_target;

const RULES: Rules = {
    let mut rules = Rules::new(Framing::Auto, 40, 100);
    rules.commands = false;
    rules
};

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    let whole = read(&[&bytes], false);

    let mut parts = Vec::new();
    let mut rest = &bytes[..];
    for cut in cuts {
        let (part, after) = rest.split_at(usize::from(cut).min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    assert_eq!(read(&parts, false), whole);

    // Where the beginning of an `exit` or of a TLS record is refused, more is said than otherwise.
    if !matches!(whole.2, Some(End::Exit | End::Tls)) {
        let (said, ..) = read(&parts, true);
        let mut all = whole.0.iter();
        assert!(said.iter().all(|message| all.any(|one| one == message)), "{said:?}");
    }
});

/// All messages, the number of those that were too long, and how it ended, where each message that
/// is unfinished after a part is refused or not.
fn read(parts: &[&[u8]], refuses: bool) -> (Vec<String>, usize, Option<End>) {
    let mut decoder = Decoder::new(&RULES);
    let (mut said, mut too_long, mut end) = (Vec::new(), 0, None);
    let mut take = |reading: Reading| {
        if end.is_some() {
            return;
        }
        for message in reading.messages.iter() {
            let message = str::from_utf8(message).expect("messages are UTF-8");
            assert!(!message.contains(['\n', '\r', '\x1b', '\0']));
            said.push(message.to_owned());
        }
        too_long += reading.too_long;
        end = reading.end;
    };
    for part in parts {
        take(Reading::of(&mut decoder, &RULES, part));
        if refuses {
            let was_pending = decoder.pending() > 0;
            assert_eq!(decoder.refuse(), was_pending);
            assert_eq!(decoder.pending(), 0);
        }
    }
    take(Reading::of_finish(&mut decoder, &RULES));
    (said, too_long, end)
}
