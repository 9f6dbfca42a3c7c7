//! The decoder against examples and against a simple model.

use proptest::prelude::*;

use super::*;

const AUTO: Rules =
    Rules { framing: Framing::Auto, line: 8, endless: 20, commands: true, line_patience: None };

/// A frame that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Message(Vec<u8>),
    TooLong,
    Endless,
    Tls,
}

fn seen(frame: Frame<'_>) -> Seen {
    match frame {
        Frame::Message(bytes) => Seen::Message(bytes.to_vec()),
        Frame::TooLong => Seen::TooLong,
        Frame::Endless => Seen::Endless,
        Frame::Tls => Seen::Tls,
    }
}

fn message(bytes: &[u8]) -> Seen {
    Seen::Message(bytes.to_vec())
}

fn push(decoder: &mut Decoder, rules: &Rules, bytes: &[u8]) -> Vec<Seen> {
    let mut all = Vec::new();
    decoder.push(rules, bytes, |frame| all.push(seen(frame)));
    all
}

fn quiet(decoder: &mut Decoder, rules: &Rules) -> Vec<Seen> {
    let mut all = Vec::new();
    decoder.quiet(rules, |frame| all.push(seen(frame)));
    all
}

#[test]
fn a_line_speaker_never_becomes_a_chunk_speaker() {
    let mut decoder = Decoder::new(&AUTO);
    assert_eq!(push(&mut decoder, &AUTO, b"one\r\ntw"), [message(b"one")]);
    assert_eq!(decoder.patience(&AUTO), None);
    assert_eq!(push(&mut decoder, &AUTO, b"o\n"), [message(b"two")]);
    assert!(!decoder.speaks_chunks());
}

#[test]
fn a_chunk_speaker_is_found_by_its_silence() {
    let mut decoder = Decoder::new(&AUTO);
    assert_eq!(push(&mut decoder, &AUTO, b"he"), []);
    assert_eq!(push(&mut decoder, &AUTO, b"llo"), []);
    assert_eq!(decoder.patience(&AUTO), Some(QUIET));
    assert_eq!(quiet(&mut decoder, &AUTO), [message(b"hello")]);
    assert!(decoder.speaks_chunks());
    assert_eq!(decoder.patience(&AUTO), None);
    // A newline shows that it was only slow.
    assert_eq!(push(&mut decoder, &AUTO, b"bye\n"), [message(b"bye")]);
    assert!(!decoder.speaks_chunks());
}

#[test]
fn forced_chunks_end_with_the_read_but_not_inside_a_character() {
    let rules = Rules { framing: Framing::Chunks, ..AUTO };
    let mut decoder = Decoder::new(&rules);
    assert_eq!(push(&mut decoder, &rules, "é".as_bytes()), []);
    assert_eq!(decoder.patience(&rules), Some(Duration::ZERO));
    assert_eq!(quiet(&mut decoder, &rules), [message("é".as_bytes())]);
    assert_eq!(push(&mut decoder, &rules, &"é".as_bytes()[..1]), []);
    assert_eq!(decoder.patience(&rules), Some(QUIET));
    assert_eq!(push(&mut decoder, &rules, b"a\nb"), [message(b"\xc3a")]);
    assert_eq!(quiet(&mut decoder, &rules), [message(b"b")]);
    assert!(decoder.speaks_chunks());
}

#[test]
fn a_client_does_not_wait_for_ever_for_a_newline_that_a_server_never_sends() {
    let patient = Duration::from_secs(1);
    let rules = Rules { line_patience: Some(patient), ..AUTO };
    let mut decoder = Decoder::new(&rules);
    assert_eq!(push(&mut decoder, &rules, b"a\nb"), [message(b"a")]);
    assert_eq!(decoder.patience(&rules), Some(patient));
    assert_eq!(quiet(&mut decoder, &rules), [message(b"b")]);
    assert!(!decoder.speaks_chunks(), "it has taken newlines from somebody");
    assert_eq!(push(&mut decoder, &rules, b"c"), []);
    assert_eq!(decoder.patience(&rules), Some(QUIET));
}

#[test]
fn long_lines_are_skipped_and_endless_ones_end_it() {
    let mut decoder = Decoder::new(&AUTO);
    assert_eq!(push(&mut decoder, &AUTO, b"12345678\r\n"), [message(b"12345678")]);
    assert_eq!(push(&mut decoder, &AUTO, b"123456789"), []);
    assert_eq!(push(&mut decoder, &AUTO, b"0"), [Seen::TooLong]);
    assert_eq!(push(&mut decoder, &AUTO, b"rest\nnext\n"), [message(b"next")]);
    let endless = push(&mut decoder, &AUTO, b"123456789012345678901");
    assert_eq!(endless, [Seen::TooLong, Seen::Endless]);
    assert_eq!(push(&mut decoder, &AUTO, b"\nnothing\n"), []);
    assert_eq!((quiet(&mut decoder, &AUTO), decoder.patience(&AUTO)), (vec![], None));
}

#[test]
fn a_secret_is_not_cut_by_silence() {
    let rules = Rules { line: 100, endless: 1000, ..AUTO };
    let mut decoder = Decoder::new(&rules);
    assert_eq!(push(&mut decoder, &rules, b"/resume 0123"), []);
    assert_eq!(decoder.patience(&rules), None);
    assert_eq!(push(&mut decoder, &rules, b"4567 1 2\n").len(), 1);
    let mut decoder = Decoder::new(&rules);
    assert_eq!(push(&mut decoder, &rules, b"/resumed"), []);
    assert_eq!(decoder.patience(&rules), Some(QUIET));
}

#[test]
fn a_tls_hello_is_known_by_its_first_two_bytes() {
    let mut decoder = Decoder::new(&AUTO);
    assert_eq!(push(&mut decoder, &AUTO, &[0x16]), []);
    assert_eq!(push(&mut decoder, &AUTO, &[0x03, 0x01, b'\n']), [Seen::Tls]);
    assert_eq!(push(&mut decoder, &AUTO, b"more\n"), []);

    for framing in [Framing::Lines, Framing::Chunks] {
        let rules = Rules { framing, ..AUTO };
        let hello = [0x16, 0x03, 0x01, b'\n', 0x16, 0x03];
        assert_eq!(push(&mut Decoder::new(&rules), &rules, &hello), [Seen::Tls]);
        assert_eq!(push(&mut Decoder::new(&rules), &rules, b"\n\x16\x03\n").len(), 2);
    }
}

#[test]
fn the_end_of_a_character_is_known() {
    let text = "aé€😀";
    for end in 0..=text.len() {
        let cut = &text.as_bytes()[..end];
        assert_eq!(ends_mid_character(cut), !text.is_char_boundary(end), "{cut:?}");
    }
    for other in [&b"\xff"[..], b"\xff\xfe", b"\x80", b"\xc3a"] {
        assert!(!ends_mid_character(other), "{other:?}");
    }
}

/// What all the bytes together mean to somebody who sees them at once.
fn model(rules: &Rules, bytes: &[u8]) -> Vec<Seen> {
    let mut all = Vec::new();
    if bytes.starts_with(&[0x16, 0x03]) {
        return vec![Seen::Tls];
    }
    let mut lines: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    for line in lines {
        let whole = line.strip_suffix(b"\r").unwrap_or(line);
        let is_long = whole.len() > rules.line;
        all.push(if is_long { Seen::TooLong } else { message(whole) });
        if line.len() > rules.endless {
            all.push(Seen::Endless);
            return all;
        }
    }
    let whole = rest.strip_suffix(b"\r").unwrap_or(rest);
    if whole.len() > rules.line {
        all.push(Seen::TooLong);
    } else if !rest.is_empty() {
        all.push(message(whole));
    }
    if rest.len() > rules.endless {
        all.push(Seen::Endless);
    }
    all
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b'\n'), Just(b'\r'), Just(0x16), Just(0x03), any::<u8>()];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    /// However the bytes are split, the same frames come out, and no more memory is held than
    /// the longest line needs.
    #[test]
    fn splits_make_no_difference(bytes in bytes(), cuts in prop::collection::vec(1_usize..30, 0..50)) {
        let mut decoder = Decoder::new(&AUTO);
        let mut all = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            all.extend(push(&mut decoder, &AUTO, now));
            prop_assert!(decoder.pending() <= AUTO.line + 1);
            rest = later;
        }
        decoder.finish(&AUTO, |frame| all.push(seen(frame)));
        prop_assert_eq!(all, model(&AUTO, &bytes));
    }

    /// What is refused while it is unfinished is all that is missing.
    #[test]
    fn refusals_cost_no_more_than_what_is_refused(bytes in bytes(), cut in 1_usize..30) {
        let whole = model(&AUTO, &bytes);
        prop_assume!(!whole.contains(&Seen::Tls));
        let mut decoder = Decoder::new(&AUTO);
        let mut all = Vec::new();
        let mut refused = 0;
        for part in bytes.chunks(cut) {
            all.extend(push(&mut decoder, &AUTO, part));
            refused += usize::from(decoder.refuse());
            prop_assert_eq!(decoder.pending(), 0);
        }
        decoder.finish(&AUTO, |frame| all.push(seen(frame)));
        let mut rest = whole.iter();
        prop_assert!(all.iter().all(|frame| rest.any(|one| one == frame)));
        prop_assert!(all.len() + refused >= whole.len());
    }

    /// Without newlines, what comes between two silences is one message.
    #[test]
    fn silences_cut_chunks(chunks in prop::collection::vec("[a-z]{1,8}", 1..20), split in 0_usize..8) {
        let mut decoder = Decoder::new(&AUTO);
        for chunk in &chunks {
            let (a, b) = chunk.as_bytes().split_at(split.min(chunk.len()));
            prop_assert_eq!(push(&mut decoder, &AUTO, a), []);
            prop_assert_eq!(push(&mut decoder, &AUTO, b), []);
            prop_assert_eq!(quiet(&mut decoder, &AUTO), [message(chunk.as_bytes())]);
        }
    }
}
