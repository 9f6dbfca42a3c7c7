//! What a client has to know to come back as the one that it was.

use std::fmt;

use super::progress::Progress;
use crate::wire::{RoomName, Tags};

/// The most lines without an answer that a client has on their way, whatever a server allows: each of
/// them is kept.
const MOST_UNANSWERED: u64 = 1024;

/// The secret by which a server knows a client again. It is never shown.
#[derive(Clone, PartialEq, Eq)]
struct Token(Box<str>);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A stay at a server that outlives its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    token: Token,
    /// Message numbers can be compared within an epoch only.
    epoch: u64,
    /// How far the client has read.
    pub(super) progress: Progress,
    /// How many labels the server remembers.
    resend: u64,
}

/// What a server answers to `/resume`, if it is not a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) session: Session,
    /// The longest line that the server takes, if it tells.
    pub(super) line: Option<usize>,
    /// How many missed lines came before this.
    pub(super) recovered: u64,
    /// How many more there were, which the server does not have any more.
    pub(super) lost: u64,
}

impl Offer {
    /// Reads an answer; `None` if it gives no session. One that does not tell the client's rooms is to a
    /// client that is in `room` alone.
    pub(super) fn read(line: &str, room: Option<&RoomName>) -> Option<Offer> {
        let (tags, _) = Tags::split(line);
        tags.get("kind").filter(|kind| kind == "answer")?;
        let token = tags.get("session").filter(|token| is_token(token))?;
        let number = |key| tags.get(key)?.parse::<u64>().ok();
        let rooms: Vec<RoomName> = match tags.get("rooms") {
            Some(rooms) => rooms.split(',').filter_map(|room| RoomName::new(room).ok()).collect(),
            None => room.cloned().into_iter().collect(),
        };
        let session = Session {
            token: Token(token.into()),
            epoch: number("epoch")?,
            progress: Progress::new(number("msgid")?, rooms),
            resend: number("resend")?.clamp(1, MOST_UNANSWERED),
        };
        Some(Offer {
            session,
            line: tags.get("line").and_then(|line| line.parse().ok()),
            recovered: number("recovered").unwrap_or(0),
            lost: number("lost").unwrap_or(0),
        })
    }
}

/// Whether it is one word of letters and digits, which nothing but a token is.
fn is_token(token: &str) -> bool {
    (1..=64).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl Session {
    /// The line that asks the server to take the client for the one that it was.
    pub(super) fn resume(&self) -> String {
        format!("/resume {} {} {}", self.token.0, self.epoch, self.progress.last())
    }

    /// Whether the server was restarted between this session and one that goes on with it.
    pub(super) fn is_of_another_epoch(&self, next: &Session) -> bool {
        self.epoch != next.epoch
    }

    /// Whether a line may go out that has this label, while one with the label `oldest` has no answer.
    pub(super) fn remembers(&self, oldest: u64, label: u64) -> bool {
        label - oldest < self.resend
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "@time=2026-11-22T10:37:40.000Z;kind=answer;session=00ff;epoch=3;msgid=17;\
        within=120;resend=64;label=1 * you may come back within 120 seconds";

    #[test]
    fn an_answer_is_read_and_nothing_else_is_one() {
        let offer = Offer::read(ANSWER, None).unwrap();
        assert_eq!(offer.session.resume(), "/resume 00ff 3 17");
        assert_eq!((offer.line, offer.recovered, offer.lost), (None, 0, 0));
        let more = ANSWER.replace(";within", ";line=900;recovered=5;lost=2;within");
        let offer = Offer::read(&more, None).unwrap();
        assert_eq!((offer.line, offer.recovered, offer.lost), (Some(900), 5, 2));
        for (key, instead) in [
            ("session", "session=;x"),
            ("session", "session=a\\sb;x"),
            ("session", "x"),
            ("epoch", "x"),
            ("msgid", "x"),
            ("resend", "resend=many;x"),
        ] {
            let line = ANSWER.replace(key, instead);
            assert_eq!(Offer::read(&line, None), None, "{line}");
        }
    }

    #[test]
    fn the_token_is_never_shown() {
        let shown = format!("{:?}", Offer::read(ANSWER, None).unwrap());
        assert!(!shown.contains("00ff"), "{shown}");
    }

    #[test]
    fn no_more_labels_are_on_their_way_than_the_server_remembers() {
        for (resend, kept) in [("64", 64), ("0", 1), ("1", 1), ("99999999999", 1024)] {
            let line = ANSWER.replace("resend=64", &format!("resend={resend}"));
            let session = Offer::read(&line, None).unwrap().session;
            assert!(session.remembers(7, 7 + kept - 1) && !session.remembers(7, 7 + kept));
        }
    }
}
