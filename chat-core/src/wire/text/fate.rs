//! What becomes of a character by what Unicode says that it is.

use std::array;
use std::sync::OnceLock;

use unicode_properties::{
    GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory,
};

/// How many characters are looked up together.
const PAGE: usize = 256;

/// The fates of the characters whose page some line has needed: to search the table of categories
/// for each character takes far longer than all the rest. All pages together are one mebibyte.
static PAGES: [OnceLock<Box<[Fate; PAGE]>>; char::MAX as usize / PAGE + 1] =
    [const { OnceLock::new() }; char::MAX as usize / PAGE + 1];

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    /// It stays, and others like it may be joined to it.
    Emoji,
    /// It stays unless there are too many of its kind in a row.
    Mark,
    /// It would act on a terminal, or nobody knows what it would do: readers see that something
    /// was there.
    Replace,
    /// It cannot be seen, so that its only use in a line is to deceive.
    Remove,
    /// It is invisible and has a use in certain places only: see [`super::invisible`].
    Wait,
}

impl Fate {
    /// What becomes of this character.
    pub(super) fn of(c: char) -> Fate {
        let code = c as usize;
        let page = PAGES[code / PAGE].get_or_init(|| page(code - code % PAGE));
        page[code % PAGE]
    }
}

/// Looks up a page. What is no character, but a half of one in UTF-16, is never asked for.
#[cold]
fn page(first: usize) -> Box<[Fate; PAGE]> {
    let fate =
        |at| u32::try_from(first + at).ok().and_then(char::from_u32).map_or(Fate::Replace, look_up);
    Box::new(array::from_fn(fate))
}

/// Allows what is of a category that people write with, and nothing else.
fn look_up(c: char) -> Fate {
    match c {
        '\t' => return Fate::Keep,
        _ if has_places(c) => return Fate::Wait,
        _ if is_invisible(c) => return Fate::Remove,
        _ => {}
    }
    match c.general_category_group() {
        // As far as Unicode is concerned, ASCII digits are emoji, but only with a keycap.
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => {
            if c.is_emoji_char() && !c.is_ascii() {
                Fate::Emoji
            } else {
                Fate::Keep
            }
        }
        GeneralCategoryGroup::Mark => Fate::Mark,
        GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other => of_rare(c),
    }
}

/// The fate of a space, or of a character that is neither written nor seen.
fn of_rare(c: char) -> Fate {
    match c.general_category() {
        GeneralCategory::SpaceSeparator => Fate::Keep,
        // These are seen, under the digits or the word that they stand before.
        GeneralCategory::Format if is_prepended(c) => Fate::Keep,
        GeneralCategory::Format => Fate::Remove,
        // Controls, the line and the paragraph separator; private use, and what is not assigned,
        // of which nobody can say what it looks like.
        _ => Fate::Replace,
    }
}

/// Whether a character shows nothing itself, and there are places where it is of use.
fn has_places(c: char) -> bool {
    matches!(
        c,
        // Zero-width non-joiner and joiner, the selectors of the text and the emoji form.
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'
        // The selectors of the form of an ideograph, and the Braille pattern without a dot.
        | '\u{e0100}'..='\u{e01ef}' | '\u{2800}'
    )
}

/// Whether a character shows nothing, though its category is one of those that do, or it is not
/// assigned yet and will not show anything when it is.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        // Combining grapheme joiner, Hangul fillers, Khmer inherent vowels.
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}'
        // Selectors of a form that hardly any font knows: Mongolian ones, and those without a name.
        | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0d}'
        // Blanks of notations: Egyptian, Khitan, musical.
        | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{1d159}'
        // Reserved for characters that are to be ignored wherever they are not known.
        | '\u{2065}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Prepended concatenation marks: format characters that are seen.
fn is_prepended(c: char) -> bool {
    matches!(
        c,
        // Arabic number signs and the like, the end of an ayah, Syriac abbreviations.
        '\u{600}'
            ..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        // Kaithi number signs.
        | '\u{110bd}' | '\u{110cd}'
    )
}
