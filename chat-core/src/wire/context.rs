//! What a client's own tags say of its line: how it wants to know the answer, and which room is meant.

use std::fmt;

use super::name::RoomName;
use super::tags::{MAX_CLIENT_TAGS, Tags};

/// The most bytes of a label (IRCv3, "Labeled Responses").
const MAX_LABEL: usize = 64;

/// A word by which a client finds the answer to a line among all that it gets: `@label=WORD`.
///
/// Source: IRCv3, "Labeled Responses", <https://ircv3.net/specs/extensions/labeled-response>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(Box<str>);

impl Label {
    /// A label of 1 to 64 bytes.
    pub(crate) fn new(label: &str) -> Option<Label> {
        (1..=MAX_LABEL).contains(&label.len()).then(|| Label(label.into()))
    }

    /// The label, as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client's tags say of its line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Context {
    /// The label by which the client finds the answer.
    pub label: Option<Label>,
    /// Which of its rooms it means; `None`: the one that it joined last.
    pub room: Option<RoomName>,
}

/// What is wrong with a client's tags. Its `Display` form is what the client reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// They are longer than [`MAX_CLIENT_TAGS`].
    #[error("line refused: its tags are longer than {MAX_CLIENT_TAGS} bytes")]
    TooLong,
    /// The label is empty, or too long.
    #[error("line refused: a label has 1 to {MAX_LABEL} bytes")]
    Label,
    /// There can be no such room.
    #[error("line refused: there can be no room of that name")]
    Room,
    /// A label asks for an answer, and there is nothing to answer.
    #[error("line refused: it says nothing")]
    Blank,
}

impl Context {
    /// Takes a line of a client apart: what its tags say, and the rest of the line. Unknown tags are
    /// passed over, and if a tag is there several times, the last one counts.
    ///
    /// # Errors
    ///
    /// [`TagError`] says what is wrong. With it comes what is known of the line nevertheless: its
    /// label, if that is not what is wrong.
    pub fn split(line: &str) -> Result<(Context, &str), (TagError, Context)> {
        let (tags, rest) = Tags::split(line);
        let mut context = Context::default();
        if tags.len() > MAX_CLIENT_TAGS {
            return Err((TagError::TooLong, context));
        }
        if let Some(label) = tags.get("label") {
            let Some(label) = Label::new(&label) else {
                return Err((TagError::Label, context));
            };
            context.label = Some(label);
        }
        if let Some(room) = tags.get("room") {
            match RoomName::new(&room) {
                Ok(room) => context.room = Some(room),
                Err(_) => return Err((TagError::Room, context)),
            }
        }
        if context.label.is_some() && rest.trim().is_empty() {
            return Err((TagError::Blank, context));
        }
        Ok((context, rest))
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.label.is_none() && self.room.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tags_say_is_found() {
        let long = format!("@label={} hi", "x".repeat(65));
        for (line, label, room, rest) in [
            ("@label=a1 hello", Some("a1"), None, "hello"),
            ("@label=a1;room=tea /who", Some("a1"), Some("tea"), "/who"),
            ("@ @bob hi", None, None, "@bob hi"),
            ("@+typing=active;other hi", None, None, "hi"),
            ("@label=a;label=b hi", Some("b"), None, "hi"),
            ("@label=a\\sb hi", Some("a b"), None, "hi"),
        ] {
            let (context, after) = Context::split(line).unwrap();
            assert_eq!(context.label.as_ref().map(Label::as_str), label, "{line}");
            assert_eq!(context.room.as_deref(), room, "{line}");
            assert_eq!(after, rest, "{line}");
        }
        for (line, wrong, label) in [
            ("@label= hi", TagError::Label, None),
            ("@label hi", TagError::Label, None),
            (&*long, TagError::Label, None),
            ("@label=a;room=two\\swords hi", TagError::Room, Some("a")),
            ("@label=a ", TagError::Blank, Some("a")),
            (&*format!("@x={} hi", "x".repeat(4095)), TagError::TooLong, None),
        ] {
            let (error, context) = Context::split(line).unwrap_err();
            assert_eq!((error, context.label.as_ref().map(Label::as_str)), (wrong, label));
        }
    }
}
