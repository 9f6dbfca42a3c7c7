//! Tags: what programs know of a line beside its text, in the grammar of IRCv3 message tags.
//!
//! ```text
//! @msgid=1042;time=2026-11-22T10:37:40.000Z;room=lobby 51839: hello
//!  └─────────────── tags ───────────────────────────┘ └─── rest ──┘
//! ```
//!
//! Source: IRCv3, "Message Tags", <https://ircv3.net/specs/extensions/message-tags>.

use std::borrow::Cow;

/// The most bytes of tags that a client may send with a line, `@` and space not counted (IRCv3).
pub const MAX_CLIENT_TAGS: usize = 4094;

/// The tags at the beginning of a line.
///
/// ```
/// use chat_core::wire::Tags;
///
/// let (tags, rest) = Tags::split("@label=a1;+note=semi\\:colon /join tea");
/// assert_eq!(tags.get("label").as_deref(), Some("a1"));
/// assert_eq!(tags.get("+note").as_deref(), Some("semi;colon"));
/// assert_eq!(tags.get("msgid"), None);
/// assert_eq!(rest, "/join tea");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tags<'a> {
    /// As they were written, without the `@` and the space.
    raw: &'a str,
}

impl<'a> Tags<'a> {
    /// Takes a line apart: its tags, of which there may be none, and what follows them.
    pub fn split(line: &'a str) -> (Tags<'a>, &'a str) {
        let Some(tagged) = line.strip_prefix('@') else { return (Tags::default(), line) };
        let (raw, rest) = tagged.split_once(' ').unwrap_or((tagged, ""));
        // More than one space may stand before what follows.
        (Tags { raw }, rest.trim_start_matches(' '))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// How many bytes they are, as they were written.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// The value of a tag, `""` for one without a value. If it is there more than once, the last
    /// one counts.
    pub fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        let found = self.raw_pairs().filter(|(name, _)| *name == key).last();
        found.map(|(_, value)| unescape(value))
    }

    /// All tags as they were written, each with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        self.raw_pairs().map(|(key, value)| (key, unescape(value)))
    }

    fn raw_pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let tags = self.raw.split(';').filter(|tag| !tag.is_empty());
        tags.map(|tag| tag.split_once('=').unwrap_or((tag, "")))
    }
}

/// Adds a tag to the tags that a line begins with: the line is to be empty, or to be tags only.
///
/// ```
/// let mut line = String::new();
/// chat_core::wire::push_tag(&mut line, "room", "tea party");
/// chat_core::wire::push_tag(&mut line, "label", "7");
/// assert_eq!(line, "@room=tea\\sparty;label=7");
/// ```
pub fn push_tag(line: &mut String, key: &str, value: &str) {
    line.push(if line.is_empty() { '@' } else { ';' });
    line.push_str(key);
    line.push('=');
    for c in value.chars() {
        match c {
            ';' => line.push_str("\\:"),
            ' ' => line.push_str("\\s"),
            '\\' => line.push_str("\\\\"),
            '\r' => line.push_str("\\r"),
            '\n' => line.push_str("\\n"),
            c => line.push(c),
        }
    }
}

/// The value that was meant: an unknown escape stands for its character, a last lone backslash for
/// nothing.
fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return value.into();
    }
    let mut meant = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            meant.push(c);
            continue;
        }
        match chars.next() {
            Some(':') => meant.push(';'),
            Some('s') => meant.push(' '),
            Some('r') => meant.push('\r'),
            Some('n') => meant.push('\n'),
            Some(other) => meant.push(other),
            None => {}
        }
    }
    meant.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the specification says of each escape, and what its examples have.
    #[test]
    fn escapes_are_those_of_the_specification() {
        for (written, meant) in [
            ("\\:", ";"),
            ("\\s", " "),
            ("\\\\", "\\"),
            ("\\r", "\r"),
            ("\\n", "\n"),
            ("raw+:=,escaped\\:\\s\\\\", "raw+:=,escaped; \\"),
            ("test\\", "test"),
            ("\\b", "b"),
            ("\\\\\\\\", "\\\\"),
            ("", ""),
        ] {
            let line = format!("@key={written} rest");
            assert_eq!(Tags::split(&line).0.get("key").as_deref(), Some(meant), "{written}");
        }
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let (tags, rest) =
            Tags::split("@aaa=bbb;ccc;example.com/ddd=eee :nick!ident@host.com PRIVMSG me :Hello");
        assert_eq!(
            tags.iter().map(|(key, value)| (key, value.into_owned())).collect::<Vec<_>>(),
            [("aaa", "bbb".into()), ("ccc", String::new()), ("example.com/ddd", "eee".into())]
        );
        assert_eq!(rest, ":nick!ident@host.com PRIVMSG me :Hello");
        let (tags, rest) = Tags::split(
            "@+icon=https://example.com/favicon.png :url_bot!bot@example.com PRIVMSG #c :x",
        );
        assert_eq!(tags.get("+icon").as_deref(), Some("https://example.com/favicon.png"));
        assert!(rest.starts_with(":url_bot"));
    }

    #[test]
    fn the_last_of_several_counts_and_keys_are_told_apart() {
        let (tags, _) = Tags::split("@a=1;A=2;a=3;;a/b=4;a x");
        assert_eq!(tags.get("a").as_deref(), Some(""));
        assert_eq!(tags.get("A").as_deref(), Some("2"));
        assert_eq!(tags.get("a/b").as_deref(), Some("4"));
        assert_eq!(tags.get("b"), None);
    }

    #[test]
    fn a_line_without_tags_or_with_nothing_else_is_read() {
        for (line, tags, rest) in [
            ("hello @you", "", "hello @you"),
            ("@", "", ""),
            ("@ ", "", ""),
            ("@a", "a", ""),
            ("@a   b c", "a", "b c"),
        ] {
            assert_eq!(Tags::split(line), (Tags { raw: tags }, rest));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            pairs in prop::collection::vec(("[a-zA-Z0-9+/.-]{1,9}", any::<String>()), 0..5),
            rest in "[^ @].{0,20}",
        ) {
            let mut line = String::new();
            for (key, value) in &pairs {
                push_tag(&mut line, key, value);
            }
            if !pairs.is_empty() {
                line.push(' ');
            }
            line.push_str(&rest);
            prop_assert!(!line.split(' ').next().unwrap().contains(['\r', '\n']) || pairs.is_empty());
            let (tags, after) = Tags::split(&line);
            prop_assert_eq!(after, rest.as_str());
            for (key, _) in &pairs {
                let last = pairs.iter().rev().find(|(other, _)| other == key).unwrap();
                prop_assert_eq!(tags.get(key), Some(Cow::from(last.1.as_str())));
            }
        }

        #[test]
        fn any_line_is_read(line in ".{0,60}") {
            let (tags, rest) = Tags::split(&line);
            prop_assert!(line.ends_with(rest));
            prop_assert!(tags.len() <= line.len());
            for (key, _) in tags.iter() {
                prop_assert!(tags.get(key).is_some());
            }
        }
    }
}
