//! What a line of a server is to a client that asked for tags: bytes to values, and nothing else.

use std::time::SystemTime;

use crate::error::RequestError;
use crate::event::{ClientEvent, Meta};
use crate::wire::{Line, Name, RoomName, Tags, Text, Who, read_time};

/// What becomes of a line.
#[derive(Debug)]
pub(super) enum Heard {
    /// It has no tags that say what it is: it is a line as plain clients read them.
    Plain(Line),
    /// It is to be told.
    Told(ClientEvent),
    /// It answers the line that had this label.
    Answered {
        label: u64,
        reply: Result<Answer, RequestError>,
        /// What is to be told if nobody waits for the answer.
        event: ClientEvent,
        /// Whether it is no more than the sign that a message was said.
        is_sent: bool,
    },
}

/// What a server answers, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) meta: Meta,
    /// The answer as people read it.
    pub(super) text: Text,
    pub(super) name: Option<Name>,
    pub(super) names: Option<Vec<Who>>,
    pub(super) count: Option<u64>,
}

/// A line taken apart.
struct Tagged<'a> {
    tags: Tags<'a>,
    kind: &'a str,
    /// What a plain client would read.
    rest: &'a str,
    meta: Meta,
}

/// Finds out what a line is.
pub(super) fn read(line: &Text) -> Heard {
    let (tags, rest) = Tags::split(line);
    let (Some(kind), Some(shown)) = (tags.get("kind"), lossy(rest)) else {
        return Heard::Plain(Line::from(line.clone()));
    };
    let unknown = ClientEvent::Line(Line::from(shown.clone()));
    let tagged = Meta::of(&tags).map(|meta| Tagged { tags, kind: &kind, rest: &shown, meta });
    let event = tagged.as_ref().and_then(Tagged::event).unwrap_or(unknown);
    let label = tags.get("label").and_then(|label| label.parse().ok());
    match label.filter(|_| matches!(&*kind, "sent" | "answer" | "error")) {
        Some(label) => {
            let reply = tagged.and_then(Tagged::reply);
            let reply = reply.unwrap_or(Err(RequestError::CommandError(shown)));
            Heard::Answered { label, reply, event, is_sent: &*kind == "sent" }
        }
        None => Heard::Told(event),
    }
}

impl Tagged<'_> {
    /// What is to be told; `None` if the tags do not fit the line.
    fn event(&self) -> Option<ClientEvent> {
        let meta = self.meta.clone();
        Some(match self.kind {
            "message" => {
                let (from, text) = self.said(": ")?;
                ClientEvent::Message { meta, from, text }
            }
            "action" => {
                let (from, text) = self.said(" * ")?;
                ClientEvent::Action { meta, from, text }
            }
            "private" => {
                let (from, text) = self.said(" (to you): ")?;
                ClientEvent::Private { meta, from, text }
            }
            "notice" => ClientEvent::Notice { meta, text: self.notice()? },
            "join" => ClientEvent::Joined { meta, who: self.get("from")? },
            "leave" => ClientEvent::Left { meta, who: self.get("from")? },
            "joins" => ClientEvent::ManyJoined { meta, count: self.get("count")? },
            "leaves" => ClientEvent::ManyLeft { meta, count: self.get("count")? },
            "name" => {
                ClientEvent::Renamed { meta, from: self.get("from")?, name: self.get("name")? }
            }
            "topic" => {
                let topic = self.text("topic")?;
                ClientEvent::Topic { meta, from: self.get("from")?, topic }
            }
            "answer" if self.tags.get("server").is_some() => self.ready()?,
            "answer" => ClientEvent::Answer { meta, text: self.notice()? },
            "error" => ClientEvent::Refused { meta, text: self.notice()? },
            _ => return None,
        })
    }

    fn ready(&self) -> Option<ClientEvent> {
        Some(ClientEvent::Ready {
            server: self.text("server")?,
            version: self.text("version")?,
            name: self.get("name")?,
            room: self.meta.room.clone()?,
            line: self.get("line")?,
            rate: fitting(&self.tags, "rate", |rate| rate.parse().ok()).ok()?,
            burst: fitting(&self.tags, "burst", |burst| burst.parse().ok()).ok()?,
        })
    }

    /// What the line is as an answer.
    fn reply(self) -> Option<Result<Answer, RequestError>> {
        let text = self.notice()?;
        if self.kind == "error" {
            return Some(Err(RequestError::Refused(text)));
        }
        let names = |names: &str| {
            let names = names.split(',').filter(|name| !name.is_empty());
            names.map(|name| name.parse().ok()).collect::<Option<Vec<Who>>>()
        };
        Some(Ok(Answer {
            name: fitting(&self.tags, "name", |name| Name::new(name).ok()).ok()?,
            names: fitting(&self.tags, "names", names).ok()?,
            count: fitting(&self.tags, "count", |count| count.parse().ok()).ok()?,
            meta: self.meta,
            text,
        }))
    }

    /// Who said what, where `between` stands between the two.
    fn said(&self, between: &str) -> Option<(Who, Text)> {
        let from = self.tags.get("from")?;
        let text = self.rest.strip_prefix(&*from)?.strip_prefix(between)?;
        Some((from.parse().ok()?, lossy(text)?))
    }

    fn notice(&self) -> Option<Text> {
        self.rest.strip_prefix("* ").and_then(lossy)
    }

    /// The value of a tag that has to be there.
    fn get<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.tags.get(key)?.parse().ok()
    }

    /// The same as text. What was escaped in it has not been made safe yet.
    fn text(&self, key: &str) -> Option<Text> {
        lossy(&self.tags.get(key)?)
    }
}

impl Meta {
    /// What the tags tell; `None` if one of them cannot be read.
    fn of(tags: &Tags<'_>) -> Option<Meta> {
        Some(Meta {
            msgid: fitting(tags, "msgid", |msgid| msgid.parse().ok()).ok()?,
            time: fitting::<SystemTime>(tags, "time", read_time).ok()?,
            room: fitting(tags, "room", |room| RoomName::new(room).ok()).ok()?,
        })
    }
}

/// A tag has a value that it cannot have.
struct Misfit;

/// The value of a tag that may be missing, but is to be right if it is there.
fn fitting<T>(
    tags: &Tags<'_>,
    key: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Misfit> {
    tags.get(key).map(|value| read(&value).ok_or(Misfit)).transpose()
}

fn lossy(text: &str) -> Option<Text> {
    Text::lossy(text.as_bytes())
}

#[cfg(test)]
mod tests;
