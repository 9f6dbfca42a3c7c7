//! What a line's words are, for searches: the same for every store, whatever finds the lines.
//!
//! A word is what lies between characters that are neither letters nor digits, without regard to case,
//! to accents, and to other ways of writing the same character (Unicode UAX 15, NFKD). Writing that has
//! no spaces, as Chinese and Japanese, is searched character by character.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::StoreError;
use super::mark::Mark;
use crate::wire::Kind;

/// How many different words may be searched for at once: people use fewer, and what a search costs must not
/// be up to whoever asks.
pub(crate) const MOST_WORDS: usize = 16;

/// Words that are searched for.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// Each of them once, in order.
    words: Vec<String>,
}

impl Words {
    /// The words of what somebody has typed; `None` if they are more than [`MOST_WORDS`].
    pub(crate) fn of(typed: &str) -> Option<Words> {
        let mut words = BTreeSet::new();
        each_word(typed, &mut String::new(), |word| {
            if words.len() <= MOST_WORDS && !words.contains(word) {
                words.insert(word.to_owned());
            }
        });
        let words: Vec<String> = words.into_iter().collect();
        (words.len() <= MOST_WORDS).then_some(Words { words })
    }

    /// Whether there is nothing to look for, so that nothing is found.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Each of them.
    #[cfg(feature = "sqlite")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Whether a line has all of them. `buffer` is for what is thrown away again.
    pub(crate) fn are_in(&self, line: &str, buffer: &mut String) -> bool {
        // A bit for each.
        let mut missing = (1_u32 << self.words.len()) - 1;
        each_word(line, buffer, |word| {
            if let Ok(at) = self.words.binary_search_by(|wanted| wanted.as_str().cmp(word)) {
                missing &= !(1 << at);
            }
        });
        missing == 0
    }
}

/// Why a search for more words fails.
pub(crate) fn too_many_words() -> StoreError {
    let source = format!("there are more than {MOST_WORDS} words").into();
    StoreError::Failed { action: "cannot search", source }
}

/// Whether lines of this kind are searched: what was said, not who came and went.
pub(crate) fn are_searched(mark: &Mark) -> bool {
    matches!(mark.kind, Kind::Message | Kind::Action | Kind::Notice | Kind::Topic)
}

/// Gives each word of a text, in the form in which all that are taken for the same are equal. `word`
/// is where it is put together.
pub(crate) fn each_word(text: &str, word: &mut String, mut give: impl FnMut(&str)) {
    word.clear();
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            give(word);
            word.clear();
        }
    };
    // Whether the word at hand is a character that stands for itself.
    let mut is_alone = false;
    let mut rest = text;
    loop {
        // What nearly all text is made of goes as a whole.
        let plain = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if plain > 0 {
            if std::mem::take(&mut is_alone) {
                end(word);
            }
            let start = word.len();
            word.push_str(&rest[..plain]);
            word[start..].make_ascii_lowercase();
        }
        let mut others = rest[plain..].chars();
        let Some(c) = others.next() else { break };
        rest = others.as_str();
        if c.is_ascii() {
            is_alone = false;
            end(word);
            continue;
        }
        let parts = c.to_lowercase().nfkd();
        for part in parts.filter(|&part| !is_left_out(part)) {
            let is_mark = is_mark(part);
            if is_mark && !word.is_empty() {
                word.push(part);
                continue;
            }
            let stands_alone = stands_alone(part);
            if is_alone || stands_alone {
                end(word);
            }
            is_alone = stands_alone;
            if part.is_alphanumeric() {
                word.extend(part.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c }));
            } else {
                end(word);
            }
        }
    }
    end(word);
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Accents, the points and vowels that Hebrew and Arabic are mostly written without, and joiners.
fn is_left_out(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{200c}' | '\u{200d}')
}

/// Whether words are written with this character without spaces between them: kana and ideographs.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, &mut String::new(), |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn words_are_what_lies_between_other_characters() {
        assert_eq!(
            words("ADA: Don't panic, it's 2026!"),
            ["ada", "don", "t", "panic", "it", "s", "2026"]
        );
        assert_eq!(words(" -- ... "), [""; 0]);
        assert_eq!(words("a\u{2014}b \"c\" (d) OR NEAR *"), ["a", "b", "c", "d", "or", "near"]);
    }

    #[test]
    fn what_people_take_for_the_same_word_is_the_same() {
        for (one, other) in [
            ("Zoë", "ZOE"),
            ("cafe\u{301}", "café"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("ﬁn", "fin"),
            ("İstanbul", "istanbul"),
            ("ＡＢＣ１２３", "abc123"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("ЮРИЙ", "юрий"),
        ] {
            assert_eq!(words(one), words(other), "{one} {other}");
            assert_eq!(words(one).len(), 1, "{one}");
        }
    }

    #[test]
    fn writing_without_spaces_is_searched_by_character() {
        assert_eq!(words("李小龍is好"), ["李", "小", "龍", "is", "好"]);
        assert_eq!(words("が x"), words("か\u{3099} x"));
        assert_eq!(words("がx").len(), 2);
        assert_eq!(words("한글").len(), 1);
        assert_eq!(words("रवि").len(), 1);
        assert_ne!(words("रवि"), words("रव"));
    }

    #[test]
    fn all_words_must_be_there_in_any_order() {
        let line = "ada: the tea is in the kitchen";
        for (typed, is_there) in [
            ("TEA", true),
            ("kitchen the, tea", true),
            ("tea tea tea", true),
            ("ada tea", true),
            ("coffee", false),
            ("tea coffee", false),
            ("kit", false),
        ] {
            let words = Words::of(typed).unwrap();
            assert_eq!(words.are_in(line, &mut String::new()), is_there, "{typed}");
        }
        assert!(Words::of("?!").unwrap().is_empty());
    }

    #[test]
    fn sixteen_words_are_searched_for_and_no_more() {
        let typed = |count: usize| {
            let words: Vec<String> = (1..=count).map(|at| format!("w{at}")).collect();
            words.join(" ")
        };
        let (most, line) = (Words::of(&typed(16)).unwrap(), typed(17));
        assert!(most.are_in(&line, &mut String::new()));
        assert!(!most.are_in(&line.replace("w9 ", ""), &mut String::new()));
        assert!(Words::of(&typed(17)).is_none());
        assert!(Words::of(&typed(4000)).is_none());
        assert!(Words::of(&"W1 w2 ".repeat(1000)).is_some(), "words that are the same count once");
    }

    proptest! {
        #[test]
        fn every_line_is_found_by_its_own_words(line in "\\PC{0,40}") {
            let mut all = BTreeSet::new();
            each_word(&line, &mut String::new(), |word| {
                all.insert(word.to_owned());
            });
            for word in &all {
                let words = Words::of(word).unwrap();
                prop_assert!(words.are_in(&line, &mut String::new()), "{word:?}");
            }
            prop_assert_eq!(Words::of(&line).is_some(), all.len() <= MOST_WORDS);
            if let Some(words) = Words::of(&line) {
                prop_assert!(words.are_in(&line, &mut String::new()));
            }
        }
    }
}
