//! What a server's tags say of its line.

use std::time::SystemTime;

use super::context::Label;
use super::tags::push_tag;

/// What kind of line it is: the tag `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `NAME: text`
    Message,
    /// `NAME * text`
    Action,
    /// `NAME (to you): text`
    Private,
    /// `* text`, from the server.
    Notice,
    /// `* NAME joined`
    Join,
    /// `* NAME left`
    Leave,
    /// `* COUNT joined`
    Joins,
    /// `* COUNT left`
    Leaves,
    /// `* NAME is called OTHER now`
    Name,
    /// `* NAME sets the topic: text`
    Topic,
    /// `* sent`: the answer to a labelled message or action.
    Sent,
    /// `* text`: a command is done.
    Answer,
    /// `* text`: a command or a message is refused.
    Error,
    /// `* DATE TIME NAME: text`: a line that was searched for.
    Found,
}

impl Kind {
    /// All of them. Their places are kept with what was said: a new one is added at the end.
    const ALL: [Kind; 14] = [
        Kind::Message,
        Kind::Action,
        Kind::Private,
        Kind::Notice,
        Kind::Join,
        Kind::Leave,
        Kind::Joins,
        Kind::Leaves,
        Kind::Name,
        Kind::Topic,
        Kind::Sent,
        Kind::Answer,
        Kind::Error,
        Kind::Found,
    ];

    /// The kind that was `as` this number.
    pub(crate) fn of_number(number: u8) -> Option<Kind> {
        Kind::ALL.get(usize::from(number)).copied()
    }

    /// The value of the tag.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Message => "message",
            Kind::Action => "action",
            Kind::Private => "private",
            Kind::Notice => "notice",
            Kind::Join => "join",
            Kind::Leave => "leave",
            Kind::Joins => "joins",
            Kind::Leaves => "leaves",
            Kind::Name => "name",
            Kind::Topic => "topic",
            Kind::Sent => "sent",
            Kind::Answer => "answer",
            Kind::Error => "error",
            Kind::Found => "found",
        }
    }
}

/// The tags of one line, in the order in which they are put.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stamp {
    tags: String,
}

impl Stamp {
    /// What every line says: when it was written, and what it is.
    pub(crate) fn new(time: SystemTime, kind: Kind) -> Stamp {
        let mut stamp = Stamp::default();
        stamp.push("time", &humantime::format_rfc3339_millis(time).to_string());
        stamp.push("kind", kind.as_str());
        stamp
    }

    /// Adds a tag.
    pub(crate) fn push(&mut self, key: &str, value: &str) {
        push_tag(&mut self.tags, key, value);
    }

    /// Adds a tag.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Stamp {
        self.push(key, value);
        self
    }

    /// Adds the tag by which a client finds the answer to its line.
    pub(crate) fn with_label(self, label: Option<&Label>) -> Stamp {
        match label {
            Some(label) => self.with("label", label.as_str()),
            None => self,
        }
    }

    /// What a line starts with that has these tags.
    pub(crate) fn prefix(mut self) -> String {
        self.tags.push(' ');
        self.tags
    }
}

/// When a line was written, as its tag `time` has it.
///
/// Source: IRCv3, "server-time", <https://ircv3.net/specs/extensions/server-time>.
pub(crate) fn read_time(value: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(value).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::wire::Tags;

    #[test]
    fn a_stamp_is_read_as_it_was_meant() {
        let time = UNIX_EPOCH + Duration::from_millis(1_763_807_860_007);
        let stamp = Stamp::new(time, Kind::Topic).with("topic", "tea; milk").prefix();
        assert_eq!(stamp, "@time=2025-11-22T10:37:40.007Z;kind=topic;topic=tea\\:\\smilk ");
        let (tags, _) = Tags::split(&stamp);
        assert_eq!(tags.get("topic").as_deref(), Some("tea; milk"));
        assert_eq!(read_time(&tags.get("time").unwrap()), Some(time));
    }

    #[test]
    fn a_kind_is_found_by_its_number() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_number(kind as u8), Some(kind));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in ["", "now", "2026-13-01T00:00:00.000Z", "2026-04-01T24:00:00.000Z"] {
            assert_eq!(read_time(value), None, "{value}");
        }
    }
}
