//! Names of clients and of rooms, which nobody can mistake for another's.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;
use unicode_width::UnicodeWidthStr;

/// The widest name, in columns of a terminal.
const MAX_COLUMNS: usize = 32;
/// The most marks on one letter: more is no writing.
const MAX_MARKS: usize = 4;

/// The name that a client has taken, in place of its port number.
///
/// It is 1 to 32 columns wide, and consists of letters, digits and marks of one script, and of `_`, `-`
/// and `.`. It begins with a letter or a digit. It is not a number, and does not look like one: numbers
/// are the ports of those who have no name. It is in the composed form (NFC), and can only be built that
/// way. A clone shares the name.
///
/// ```
/// use chat_core::wire::{Name, NameError};
///
/// assert_eq!(&*Name::new("Ada-Lovelace")?, "Ada-Lovelace");
/// assert_eq!(Name::new("51839"), Err(NameError::Number));
/// assert_eq!(Name::new("two words"), Err(NameError::Character(' ')));
/// assert_eq!(Name::new("раypal"), Err(NameError::MixedScripts), "two letters are Cyrillic");
/// # Ok::<(), NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

/// The name of a room. It follows the rules of a [`Name`], but may be a number.
///
/// ```
/// use chat_core::wire::RoomName;
///
/// assert_eq!(&*RoomName::new("2026")?, "2026");
/// assert!(RoomName::new("#rust").is_err());
/// # Ok::<(), chat_core::wire::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Arc<str>);

/// Why a string is no [`Name`], or no [`RoomName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing.
    #[error("a name has at least one letter or digit")]
    Empty,
    /// It is wider than 32 columns.
    #[error("a name is no wider than {MAX_COLUMNS} columns")]
    TooWide,
    /// It has a character that names do not have, or not in this place.
    #[error("a name is of letters, digits, _ - and ., not of {0:?} there")]
    Character(char),
    /// It is a number, or looks like one.
    #[error("a name is no number: those are the ports of who has no name")]
    Number,
    /// Its letters are of several scripts.
    #[error("a name is of one script")]
    MixedScripts,
}

/// What a name looks like: two names that have one of these in common may be taken for each other.
///
/// They are skeletons as of Unicode TS 39, of the name in upper case, in lower case and as it is: a
/// capital I looks like a small l, and not like a small i.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looks {
    looks: Vec<String>,
}

impl Name {
    /// Takes a string, composes it (NFC), and checks that it is a name.
    ///
    /// # Errors
    ///
    /// [`NameError`] says what is wrong with it.
    pub fn new(text: &str) -> Result<Name, NameError> {
        let name = check(text)?;
        if looks_like_a_number(&name) {
            return Err(NameError::Number);
        }
        Ok(Name(name.into()))
    }

    /// Names that read as the server's own.
    pub(crate) fn reserved() -> Vec<Name> {
        let words = ["server", "system", "admin", "administrator", "operator", "moderator", "root"];
        words.into_iter().map(|word| Name(word.into())).collect()
    }

    /// What it looks like.
    pub(crate) fn looks(&self) -> Looks {
        Looks::of(self)
    }
}

impl RoomName {
    /// The usual name of the room in which everybody starts.
    pub(crate) fn lobby() -> RoomName {
        RoomName("lobby".into())
    }

    /// Takes a string, composes it (NFC), and checks that it is a name.
    ///
    /// # Errors
    ///
    /// [`NameError`] says what is wrong with it.
    pub fn new(text: &str) -> Result<RoomName, NameError> {
        Ok(RoomName(check(text)?.into()))
    }

    /// What it looks like.
    pub(crate) fn looks(&self) -> Looks {
        Looks::of(self)
    }
}

impl Looks {
    fn of(name: &str) -> Looks {
        let compatible: String = name.nfkc().collect();
        let drawn: String = skeleton(&compatible).collect();
        let mut looks = vec![
            skeleton(&compatible.to_lowercase()).collect(),
            skeleton(&compatible.to_uppercase()).collect(),
            drawn.to_lowercase(),
            drawn,
        ];
        looks.sort_unstable();
        looks.dedup();
        Looks { looks }
    }

    /// Whether it may be taken for one of these.
    pub(crate) fn is_in(&self, others: &HashSet<String>) -> bool {
        self.looks.iter().any(|look| others.contains(look))
    }

    /// All that it looks like.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.looks.iter().map(String::as_str)
    }
}

/// The composed form of a string, if it is a name.
fn check(text: &str) -> Result<String, NameError> {
    let name: String = text.nfc().collect();
    let mut marks = None;
    for c in name.chars() {
        marks = match (kind(c), marks) {
            (Kind::Base, _) => Some(0),
            // Only letters and digits carry marks, and a name begins with one of them.
            (Kind::Mark, Some(count)) if count < MAX_MARKS => Some(count + 1),
            (Kind::Punctuation, _) if !name.starts_with(c) => None,
            (Kind::Mark | Kind::Punctuation | Kind::Other, _) => {
                return Err(NameError::Character(c));
            }
        };
    }
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.width() > MAX_COLUMNS {
        return Err(NameError::TooWide);
    }
    if !name.as_str().is_single_script() {
        return Err(NameError::MixedScripts);
    }
    Ok(name)
}

/// What a character is to a name.
enum Kind {
    Base,
    Mark,
    Punctuation,
    Other,
}

fn kind(c: char) -> Kind {
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Kind::Base,
            '_' | '-' | '.' => Kind::Punctuation,
            _ => Kind::Other,
        };
    }
    // What only stands for other characters, as full-width letters do, is not needed.
    let is_itself = [c].iter().copied().nfkc().eq([c].iter().copied().nfc());
    match c.general_category_group() {
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number if is_itself => Kind::Base,
        GeneralCategoryGroup::Mark if is_itself => Kind::Mark,
        _ => Kind::Other,
    }
}

/// Whether it is a number, or a number with letters that look like digits.
fn looks_like_a_number(name: &str) -> bool {
    // 1 and 0 have the looks of l and o.
    let is_drawn_like_one = |c: char| {
        let c = c.to_string();
        skeleton(&c).all(|drawn| drawn.is_numeric() || matches!(drawn, 'l' | 'o' | 'O'))
    };
    let could_be = |c: char| c.is_numeric() || is_drawn_like_one(c);
    if name.chars().any(char::is_numeric) {
        return name.chars().all(could_be);
    }
    looks_like_a_port(name)
}

/// Whether it is drawn as the port of a client, by letters alone. Words as short as `lo` and `Ill`
/// are left alone: they would be ports below 1024, from which clients do not come.
fn looks_like_a_port(name: &str) -> bool {
    let as_digit = |drawn| match drawn {
        'O' => '0',
        'l' => '1',
        other => other,
    };
    let digits: String = skeleton(name).map(as_digit).collect();
    digits.parse().is_ok_and(|port: u16| port >= 1024 && port.to_string() == digits)
}

macro_rules! is_a_string {
    ($name:ident) => {
        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<$name, NameError> {
                $name::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }
    };
}

is_a_string!(Name);
is_a_string!(RoomName);

#[cfg(test)]
mod tests;
