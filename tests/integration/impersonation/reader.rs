//! What is due to a reader, as it looks to that one: in lines or in chunks, plain or with tags.

use std::ops::RangeInclusive;

use chat_core::testing::MemoryPeer;
use chat_core::wire::Tags;

/// All that ends a line, or moves to another place, on some screen or in some program.
pub(super) const BREAKS: [char; 10] =
    ['\n', '\r', '\u{b}', '\u{c}', '\u{1b}', '\u{85}', '\u{9b}', '\u{2028}', '\u{2029}', '\u{8}'];
/// The minute in which all of a row happens, as tags have it.
const MINUTE: &str = "2001-09-09T01:46:";

/// How what a client is due looks in its bytes. A row is the same for all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    pub(super) speaks_chunks: bool,
    pub(super) reads_tags: bool,
}

/// What a row has for its readers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due<'a> {
    pub(super) attack: &'a str,
    /// What the attacker is called.
    pub(super) called: &'a str,
    /// When it happens, in milliseconds of its minute.
    pub(super) when: &'a RangeInclusive<u32>,
}

impl Reader {
    /// The bytes of lines that go out together.
    fn shown(self, lines: &[impl AsRef<str>]) -> String {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        if self.speaks_chunks {
            return lines.join("\n");
        }
        lines.iter().flat_map(|line| [*line, "\n"]).collect()
    }

    /// Checks what one who reads so has got, of which the plain lines are given.
    #[track_caller]
    pub(super) fn check(self, peer: &MemoryPeer, due: Due<'_>, lines: &[&str]) {
        let (port, read, Due { attack, called, .. }) = (peer.port(), peer.read(), due);
        let whole = if self.reads_tags {
            self.shown(&with_tags(&read, due, lines))
        } else {
            self.shown(lines)
        };
        assert_eq!(read, whole, "what {port} reads of {attack:?}");
        for shown in read.split(BREAKS).filter(|shown| !shown.is_empty()) {
            let (tags, rest) = Tags::split(shown);
            assert_ne!(tags.is_empty(), self.reads_tags, "{port} is shown {shown:?} by {attack:?}");
            assert!(is_honest(rest, called), "{port} is shown {shown:?} by {attack:?}");
            if self.reads_tags {
                assert_eq!(tags.get("from").as_deref(), Some(called), "{shown:?} by {attack:?}");
                let topic = rest.strip_prefix(&format!("* {called} sets the topic: "));
                assert_eq!(tags.get("topic").as_deref(), topic, "{shown:?} by {attack:?}");
            }
        }
    }

    /// Checks what the attacker gets back. With tags, the lines are given without the time, which is
    /// the first tag: `kind=..` and what follows.
    #[track_caller]
    pub(super) fn check_attacker(self, peer: &MemoryPeer, due: Due<'_>, lines: &[&str]) {
        let read = peer.read();
        if !self.reads_tags {
            assert_eq!(read, self.shown(lines), "back from {:?}", due.attack);
            return;
        }
        let times = read.lines().map(|line| time_of(line, due)).chain(std::iter::repeat(""));
        let lines: Vec<String> =
            lines.iter().zip(times).map(|(line, time)| format!("@time={time};{line}")).collect();
        assert_eq!(read, self.shown(&lines), "back from {:?}", due.attack);
    }
}

/// Whether a line begins with the name of who said it, or is a notice that names who caused it.
fn is_honest(line: &str, called: &str) -> bool {
    let of_author = [": ", " * ", " (to you): "].map(|mark| format!("{called}{mark}"));
    let of_server = format!("* {called} sets the topic: ");
    line.starts_with(&of_server) || of_author.iter().any(|start| line.starts_with(start))
}

/// The lines with the tags that they have to have. Of what was read only what cannot be known before
/// is taken: the time, which is to be that of the row, and the numbers, which are to rise.
#[track_caller]
fn with_tags(read: &str, due: Due<'_>, lines: &[&str]) -> Vec<String> {
    let mut last = 0;
    let mut read = read.lines();
    let mut tag = |line: &&str| {
        let own = read.next().unwrap_or_default();
        let time = time_of(own, due);
        let (tags, _) = Tags::split(own);
        let msgid: u64 = tags.get("msgid").and_then(|id| id.parse().ok()).unwrap_or_default();
        assert!(msgid > last, "{own:?} comes after number {last} by {:?}", due.attack);
        last = msgid;
        let called = due.called;
        let (kind, room, topic) = if let Some(rest) = line.strip_prefix("* ") {
            let topic = rest.strip_prefix(&format!("{called} sets the topic: "));
            ("topic", ";room=lobby", format!(";topic={}", escaped(topic.unwrap_or_default())))
        } else if line.starts_with(&format!("{called} (to you): ")) {
            ("private", "", String::new())
        } else if line.starts_with(&format!("{called} * ")) {
            ("action", ";room=lobby", String::new())
        } else {
            ("message", ";room=lobby", String::new())
        };
        format!("@time={time};kind={kind};msgid={msgid}{room};from={called}{topic} {line}")
    };
    lines.iter().map(&mut tag).collect()
}

/// The time that a line begins with, which is when the row happens.
#[track_caller]
fn time_of<'a>(line: &'a str, due: Due<'_>) -> &'a str {
    let time = line.strip_prefix("@time=").and_then(|rest| rest.get(..24)).unwrap_or_default();
    let seconds = time.strip_prefix(MINUTE).and_then(|rest| rest.strip_suffix('Z'));
    let millis = seconds.and_then(|seconds| seconds.replace('.', "").parse().ok());
    let is_now = millis.is_some_and(|millis: u32| due.when.contains(&millis));
    assert!(is_now, "when is {line:?}, back from {:?}, if not at {:?}?", due.attack, due.when);
    time
}

/// The value of a tag, as the specification of IRCv3 has it.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', r"\\").replace(';', r"\:").replace(' ', r"\s");
    value.replace('\r', r"\r").replace('\n', r"\n")
}
