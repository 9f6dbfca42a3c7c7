use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::samples::{ATTACKS, BLANK, WRITING, zalgo};
use super::*;

/// Checks that a text can neither move a cursor nor start a line, nor hide anything, by other
/// means than those that see to it.
#[track_caller]
fn check(text: &Text) {
    assert!(!text.trim().is_empty(), "{text:?} is blank");
    let breaks = ['\n', '\r', '\x0b', '\x0c', '\x1b', '\u{85}', '\u{2028}', '\u{2029}'];
    assert!(!text.contains(breaks), "{text:?} is more than a line");
    let mut marks = 0;
    let around = |at| (text[..at].chars().next_back(), text[at..].chars().nth(1));
    for (at, c) in text.char_indices() {
        let (before, next) = around(at);
        check_char(c, before.unwrap_or(' '), next.unwrap_or(' '));
        match c.general_category() {
            GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark => marks += 1,
            _ if matches!(c, '\u{200c}' | '\u{200d}' | '\u{2800}') => {}
            _ => marks = 0,
        }
        // One more than the limit: a selector is not counted by those who see to it.
        assert!(marks <= 31, "{text:?} has many marks");
    }
}

#[track_caller]
fn check_char(c: char, before: char, next: char) {
    let is_word = |c: char| !c.is_ascii() && !c.is_whitespace();
    let is_right = match c {
        '\u{200c}' => is_word(before) && is_word(next),
        // Behind the sign that takes a vowel away, a word may also end in one.
        '\u{200d}' => {
            is_word(before)
                && (is_word(next) || before.general_category() == GeneralCategory::NonspacingMark)
        }
        '\u{fe0e}' | '\u{fe0f}' => is_word(before) || next == '\u{20e3}',
        '\u{e0100}'..='\u{e01ef}' => before.general_category() == GeneralCategory::OtherLetter,
        '\u{2800}' => ('\u{2800}'..='\u{28ff}').contains(&before),
        // Format characters that are seen, and the one control that stays.
        '\t'
        | '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'
        | '\u{891}'
        | '\u{8e2}'
        | '\u{110bd}'
        | '\u{110cd}' => true,
        // Letters and marks that are not seen.
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        c => !matches!(
            c.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::Surrogate
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
        ),
    };
    assert!(is_right, "{c:?} after {before:?} and before {next:?}");
}

fn lossy(bytes: &[u8]) -> String {
    let Some(text) = Text::lossy(bytes) else { return String::new() };
    check(&text);
    text.as_str().to_owned()
}

#[test]
fn attacks_come_to_nothing() {
    for (name, attack, safe) in ATTACKS {
        assert_eq!(lossy(attack), *safe, "{name}");
        if let Ok(attack) = str::from_utf8(attack) {
            assert!(Text::new(attack).is_err(), "{name}");
        }
    }
}

#[test]
fn lines_that_look_empty_are() {
    for blank in BLANK {
        assert_eq!(Text::lossy(blank.as_bytes()), None, "{blank:?}");
        assert!(Text::new(blank).is_err(), "{blank:?}");
    }
}

#[test]
fn what_people_write_stays_whole() {
    for (name, text) in WRITING {
        assert_eq!(lossy(text.as_bytes()), *text, "{name}");
        assert_eq!(Text::new(text).as_deref(), Ok(*text), "{name}");
    }
}

#[test]
fn marks_do_not_pile_up() {
    let (sent, safe) = zalgo();
    assert_eq!(lossy(sent.as_bytes()), safe);
}

#[test]
fn every_character_there_is() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    for some in all.chunks(1000) {
        // Beside a letter without joiners, and between it and one with them.
        let line: String = some.iter().flat_map(|&c| ['a', c, 'ب']).collect();
        lossy(line.as_bytes());
    }
}

#[test]
fn a_strict_text_says_what_is_wrong() {
    for (text, error) in [
        (" \t", TextError::Blank),
        ("", TextError::Blank),
        ("a\r\nb", TextError::LineBreak),
        ("a\x1b[0m", TextError::Unsafe('\x1b')),
        ("a\u{85}b", TextError::Unsafe('\u{85}')),
        ("a\u{202e}b", TextError::Unsafe('\u{202e}')),
        ("ab\u{200b}", TextError::Unsafe('\u{200b}')),
        ("ab\u{200b}\u{2060}", TextError::Unsafe('\u{200b}')),
        ("ab\u{200d}", TextError::Unsafe('\u{200d}')),
    ] {
        assert_eq!(Text::new(text), Err(error), "{text:?}");
    }
}

/// Lines put together from what attacks and writing consist of: random characters hardly ever
/// meet one of those that matter.
fn nasty() -> impl Strategy<Value = Vec<u8>> {
    let attacks = ATTACKS.iter().map(|(_, attack, _)| String::from_utf8_lossy(attack));
    let writing = WRITING.iter().map(|(_, text)| (*text).into());
    let chars: Vec<char> =
        attacks.chain(writing).flat_map(|text| text.chars().collect::<Vec<_>>()).collect();
    let invisible: Vec<char> =
        "\u{200c}\u{200d}\u{fe0e}\u{fe0f}\u{20e3}\u{e0100}\u{2800}\u{301}\u{94d}".chars().collect();
    let bytes = |c: char| c.to_string().into_bytes();
    let piece = prop_oneof![
        4 => select(chars).prop_map(bytes),
        4 => select(invisible).prop_map(bytes),
        1 => any::<char>().prop_map(bytes),
        1 => vec(any::<u8>(), 1..4),
        1 => (0..40usize).prop_map(|marks| "\u{301}".repeat(marks).into_bytes()),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn check_line(bytes: &[u8]) {
    let strict = str::from_utf8(bytes).map(Text::new);
    let Some(text) = Text::lossy(bytes) else {
        assert!(!matches!(strict, Ok(Ok(_))), "nothing is left of {strict:?}");
        return;
    };
    check(&text);
    assert_eq!(Text::lossy(text.as_bytes()).as_ref(), Some(&text), "it is its own safe form");
    assert_eq!(Text::new(&text).as_ref(), Ok(&text));
    // What a client makes of a line that a server has made safe.
    assert_eq!(lossy(&[b"51839: ", bytes].concat()), format!("51839: {text}"));
    // A strict text is one that a lossy one would not change.
    if let Ok(strict) = strict {
        assert_eq!(strict.is_ok(), bytes == text.as_bytes(), "{strict:?}");
    }
}

proptest! {
    #[test]
    fn nothing_that_comes_out_moves_a_cursor_or_starts_a_line(bytes in vec(any::<u8>(), 0..200)) {
        check_line(&bytes);
    }

    #[test]
    fn nor_does_it_whatever_an_attack_is_put_together_from(bytes in nasty()) {
        check_line(&bytes);
    }
}
