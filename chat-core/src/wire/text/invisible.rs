//! Characters that cannot be seen themselves and have a use all the same, in certain places.
//!
//! A joiner makes one emoji out of two and shapes the letters of many scripts; a selector chooses
//! how the character before it looks. In any other place they would only make two texts differ
//! that look the same, or carry what nobody sees.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::fate::Fate;

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';
const TEXT_FORM: char = '\u{fe0e}';
const EMOJI_FORM: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const NO_DOTS: char = '\u{2800}';

/// Whether an invisible character has a use after the character `before`, and before what comes
/// next, if anything does.
pub(super) fn has_use(c: char, before: char, next: Option<char>) -> bool {
    match c {
        // At the end of a word too: it keeps a Malayalam chillu, or a half form, as it is.
        JOINER if is_virama(before) => true,
        // What is before it may be an emoji form already, as in a burning heart.
        JOINER if before == EMOJI_FORM || is_emoji(before) => next.is_some_and(is_emoji),
        JOINER | NON_JOINER => is_shaped(before) && next.is_some_and(is_shaped),
        // The digit within a keycap is no emoji by itself.
        TEXT_FORM | EMOJI_FORM if before.is_ascii() => {
            matches!(before, '0'..='9' | '#' | '*') && next == Some(KEYCAP)
        }
        TEXT_FORM | EMOJI_FORM => is_emoji(before),
        // The space between two Braille words; by itself it would pass for an empty line.
        NO_DOTS => matches!(before, '\u{2800}'..='\u{28ff}'),
        '\u{e0100}'..='\u{e01ef}' => is_ideograph(before),
        _ => false,
    }
}

fn is_emoji(c: char) -> bool {
    Fate::of(c) == Fate::Emoji
}

/// Whether a consonant before it loses its vowel, and takes another shape with a joiner.
fn is_virama(c: char) -> bool {
    // Devanagari, Bengali, Gurmukhi, Gujarati, Oriya, Tamil, Telugu, Kannada, Malayalam, Sinhala.
    matches!(
        c,
        '\u{94d}'
            | '\u{9cd}'
            | '\u{a4d}'
            | '\u{acd}'
            | '\u{b4d}'
            | '\u{bcd}'
            | '\u{c4d}'
            | '\u{ccd}'
            | '\u{d4d}'
            | '\u{dca}'
    )
}

/// Whether a joiner beside it can change how a character looks: whether it is written in a word of
/// a script whose letters take the shape that their neighbours ask for.
fn is_shaped(c: char) -> bool {
    let is_of_such_a_script = matches!(
        c,
        // Hebrew, Arabic, Syriac, Thaana, N'Ko, Mandaic; the scripts of India.
        '\u{590}'..='\u{dff}'
        // Myanmar; the Philippines, Khmer, Mongolian; Limbu to Ol Chiki; Vedic signs.
        | '\u{1000}'..='\u{109f}' | '\u{1700}'..='\u{18af}' | '\u{1900}'..='\u{1c7f}'
        | '\u{1cd0}'..='\u{1cff}'
        // Syloti Nagri to Rejang; Javanese to Meetei Mayek.
        | '\u{a800}'..='\u{a95f}' | '\u{a980}'..='\u{aaff}' | '\u{abc0}'..='\u{abff}'
        // The presentation forms of Hebrew and Arabic.
        | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        // Old scripts of the Near East and of India; Adlam.
        | '\u{10800}'..='\u{11fff}' | '\u{1e900}'..='\u{1e95f}'
    );
    is_of_such_a_script
        && matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Letter
                | GeneralCategoryGroup::Mark
                | GeneralCategoryGroup::Number
        )
}

/// Whether a character is a Chinese one, of those whose forms have selectors: names need them.
fn is_ideograph(c: char) -> bool {
    matches!(
        c,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{33fff}'
    )
}
