//! What one peer reads, against what it is due.

use chat_core::ServerConfig;

/// What one peer has read, and the lines that are for it alone.
#[derive(Debug, Default)]
pub(super) struct Hearer {
    pub(super) bytes: Vec<u8>,
    /// Each with the length that the log had when it was said.
    pub(super) alone: Vec<(String, usize)>,
}

/// What a peer is due.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Due<'a> {
    /// What the others said while it was there, each with its place in the log.
    pub(super) lines: Vec<(&'a str, usize)>,
    /// How many of these it must have got.
    pub(super) least: usize,
    /// Whether it must have got all lines that are for it alone.
    pub(super) is_all: bool,
    /// Whether its last line may be cut.
    pub(super) may_be_cut: bool,
    /// Whether it may read lines without newlines.
    pub(super) may_join: bool,
    /// Whether lines were skipped, so that those for it alone may have lost their place.
    pub(super) has_skipped: bool,
}

/// What is in what a peer has read.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Lines that were skipped, as it was told.
    pub(super) skipped: u64,
    /// Notices of lines that were refused for their length count this many.
    pub(super) refused: u64,
}

/// A line from the server itself to one peer.
enum Notice {
    Skipped(u64),
    Refused(u64),
    Other,
}

impl Hearer {
    /// Checks that it has read what it is due, and nothing else.
    pub(super) fn check(&self, config: &ServerConfig, due: &Due<'_>) -> Heard {
        let text = match str::from_utf8(&self.bytes) {
            Ok(text) => text,
            Err(error) => {
                assert!(due.may_be_cut && error.error_len().is_none(), "{error}");
                str::from_utf8(&self.bytes[..error.valid_up_to()]).unwrap_or_default()
            }
        };
        let unsafe_char = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(unsafe_char, None, "in {text:?}");
        let (mut rest, mut next, mut alone) = (text, 0, 0);
        let mut heard = Heard::default();
        while !rest.is_empty() {
            let line = due.lines.get(next).map(|(line, _)| *line);
            let own = self.alone.get(alone);
            let after = if let Some(after) = line.and_then(|line| rest.strip_prefix(line)) {
                next += 1;
                after
            } else if let Some((line, place)) = own
                && let Some(after) = rest.strip_prefix(&**line)
            {
                // Neither before what was said before, nor after what was said after.
                let before = due.lines.iter().filter(|(_, at)| at < place).count();
                assert!(due.has_skipped || next == before, "{line:?} is not in its place");
                alone += 1;
                after
            } else if let Some((notice, after)) = notice(rest, config) {
                match notice {
                    Notice::Skipped(lines) => {
                        heard.skipped += lines;
                        next += usize::try_from(lines).unwrap_or(usize::MAX);
                    }
                    Notice::Refused(lines) => heard.refused += lines,
                    Notice::Other => {}
                }
                after
            } else {
                let is_start = |line: &str| line.starts_with(rest);
                let could_go_on = line.is_some_and(is_start)
                    || own.is_some_and(|(line, _)| is_start(line))
                    || rest.starts_with("* ")
                    || rest == "*";
                assert!(due.may_be_cut && could_go_on, "{rest:?}, not {line:?} or {own:?}");
                break;
            };
            let is_cut = due.may_be_cut && after.is_empty();
            let is_ended = after.starts_with('\n') || is_cut;
            assert!(due.may_join || is_ended, "no newline before {after:?}");
            rest = after.strip_prefix('\n').unwrap_or(after);
        }
        assert!(next <= due.lines.len(), "more were skipped than were due");
        assert!(next >= due.least, "{:?} is missing, after {text:?}", &due.lines[next..]);
        assert!(!due.is_all || alone == self.alone.len(), "{:?} missing", &self.alone[alone..]);
        heard
    }
}

/// Takes off a notice that a server may have for a client.
fn notice<'a>(rest: &'a str, config: &ServerConfig) -> Option<(Notice, &'a str)> {
    let rest = rest.strip_prefix("* ")?;
    let limits = &config.limits;
    let too_long = format!("longer than {} bytes", limits.line);
    for (before, after, notice) in [
        ("you were too slow: ", " line was skipped", Notice::Skipped as fn(u64) -> Notice),
        ("you were too slow: ", " lines were skipped", Notice::Skipped),
        ("", &*format!(" lines refused: they are {too_long}"), Notice::Refused),
    ] {
        if let Some((number, rest)) = numbered(rest, before, after) {
            return Some((notice(number), rest));
        }
    }
    if let Some(rest) = rest.strip_prefix(&*format!("line refused: it is {too_long}")) {
        return Some((Notice::Refused(1), rest));
    }
    let fast = rest.strip_prefix("you are too fast: from ");
    if let Some((_, rest)) = fast.and_then(|rest| numbered(rest, "", " lines or ")) {
        let after = " bytes a second on, you are read more slowly";
        return numbered(rest, "", after).map(|(_, rest)| (Notice::Other, rest));
    }
    let about = rest.strip_prefix("this is chat-core ");
    let lines = about.and_then(|rest| rest.split_once(": lines of up to "));
    if let Some((_, rest)) = lines.and_then(|(_, rest)| numbered(rest, "", " bytes")) {
        if !rest.starts_with(',') {
            return Some((Notice::Other, rest));
        }
        // How fast the peer may talk follows, if it is not cut.
        let (_, rest) = numbered(rest, ", ", " a second and ")?;
        return numbered(rest, "", " at once").map(|(_, rest)| (Notice::Other, rest));
    }
    let idle = limits.idle.unwrap_or_default();
    [
        "line refused: the server is short of memory",
        &*format!("closed: nothing came for {idle:?}"),
        &*format!("closed: {} bytes came without a line end", limits.endless_line),
        "closed: this is a plain-text chat, it does not speak TLS",
    ]
    .into_iter()
    .find_map(|notice| rest.strip_prefix(notice))
    .map(|rest| (Notice::Other, rest))
}

fn numbered<'a>(rest: &'a str, before: &str, after: &str) -> Option<(u64, &'a str)> {
    let rest = rest.strip_prefix(before)?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = rest.split_at(end);
    Some((digits.parse().ok()?, rest.strip_prefix(after)?))
}
