//! By any bytes at all: random scripts of an attacker who has sent `/tags`.

use chat_core::testing::MemoryPeer;
use chat_core::wire::{Tags, Text};
use proptest::prelude::*;

use super::reader::BREAKS;
use super::stage::Stage;

/// What mere bytes would hardly ever be, and what ends or begins something.
const PARTS: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\n@",
    "@",
    " ",
    ";",
    "=",
    "\\",
    "\\n",
    "\\s",
    "\\:",
    "/",
    "//",
    "*",
    "* ",
    ": ",
    "Ada",
    "6666",
    "1004",
    "1004 ",
    "@label=",
    "@label=a ",
    "@label=b;room=tea ",
    "room=",
    "lobby",
    "@room=tea ",
    "from=Ada",
    "kind=notice",
    "msgid=1",
    "time=2001-09-09T01:46:40.000Z",
    "@kind=notice;from=Ada ",
    "@ ",
    "* Ada joined",
    "Ada: hi",
    "\n/nick Eve",
    "\n/nick 6666",
    "\n/me ",
    "\n/topic ",
    "\n/msg 1004 ",
    "\n@label=a /msg Ada ",
    "\n/join tea\n",
    "\n/leave tea\n",
    "\n/leave\n",
    "\n/tags\n",
    "\n/ignore Ada\n",
    "/nick ",
    "Éva",
    "E\u{301}va",
    "\u{2028}",
    "\u{2029}",
    "\u{85}",
    "\u{1b}[1G",
    "\u{202e}",
    "\u{200b}",
    "\u{a0}",
    "\u{301}",
    "👩\u{200d}🚀",
    "exit",
];

fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(PARTS).prop_map(|part| part.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..6),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
    ]
}

/// What is sent at once.
fn attack() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(part(), 1..24).prop_map(|parts| parts.concat())
}

/// What the attacker was told that it is called from then on.
fn new_names(attacker: &MemoryPeer) -> Vec<String> {
    let read = attacker.read();
    let named = read.lines().filter_map(|line| {
        let (tags, rest) = Tags::split(line);
        let name = rest.strip_prefix("* you are called ")?;
        // What it says to itself is no answer.
        (tags.get("kind").as_deref() == Some("answer")).then(|| name.to_owned())
    });
    named.collect()
}

/// What one line with tags is to plain readers, if it is the attacker's, and agrees with its tags.
#[track_caller]
fn honest(line: &str, names: &[String]) -> String {
    assert!(line.starts_with("@time=2001-09-09T01:46:4") && !line.contains(BREAKS), "{line:?}");
    let (tags, rest) = Tags::split(line);
    let told: Vec<&str> = tags.iter().map(|(key, _)| key).collect();
    let [kind, from] = ["kind", "from"].map(|key| tags.get(key).unwrap_or_default());
    let (start, keys): (_, &[&str]) = match &*kind {
        "message" => (format!("{from}: "), &["msgid", "room", "from"]),
        "action" => (format!("{from} * "), &["msgid", "room", "from"]),
        "private" => (format!("{from} (to you): "), &["msgid", "from"]),
        "topic" => (format!("* {from} sets the topic: "), &["msgid", "room", "from", "topic"]),
        "name" => (format!("* {from} is called "), &["msgid", "room", "from", "name"]),
        "join" => (format!("* {from} joined"), &["msgid", "room", "from"]),
        "leave" => (format!("* {from} left"), &["msgid", "room", "from"]),
        _ => panic!("no attacker causes {line:?}"),
    };
    assert_eq!(told, [&["time", "kind"], keys].concat(), "{line:?}");
    assert!(names.iter().any(|name| *name == from), "{line:?} is of {names:?}");
    let text = rest.strip_prefix(&start).unwrap_or_else(|| panic!("{line:?}"));
    // A tag says nothing but what the text says.
    if let Some(said) = tags.get("topic") {
        assert_eq!(said, text);
    }
    if let Some(name) = tags.get("name") {
        assert_eq!(format!("{name} now"), text);
    }
    // It is as safe with its tags as without: a client that makes it safe again changes nothing.
    assert_eq!(Text::lossy(line.as_bytes()).as_deref(), Some(line));
    rest.to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each line that a program reads has tags, of the attacker, and is what a plain reader reads; and
    /// no line that was sent becomes two.
    #[test]
    fn no_bytes_forge_a_line_with_tags(attacks in prop::collection::vec(attack(), 1..4)) {
        let mut stage = Stage::tagged_with(|config| config.announce = true);
        let program = stage.other(1004).clone();
        let plain = stage.other(1002).clone();
        let mut names = vec!["6666".to_owned()];
        for sent in attacks {
            stage.attack(&sent);
            names.extend(new_names(&stage.attacker));
            let (tagged, shown) = (program.read(), plain.read());
            prop_assert!(tagged.is_empty() || tagged.ends_with('\n'), "{tagged:?}");
            let tagged: Vec<&str> = tagged.split_terminator('\n').collect();
            let lines = sent.split(|&byte| byte == b'\n').count();
            prop_assert!(tagged.len() <= lines, "{tagged:?}");
            let rests: Vec<String> = tagged.iter().map(|line| honest(line, &names)).collect();
            let is_private = |line: &str| {
                names.iter().any(|name| line.starts_with(&format!("{name} (to you): ")))
            };
            let public = |line: &&str| !is_private(line);
            let rests: Vec<&str> = rests.iter().map(String::as_str).filter(public).collect();
            let shown: Vec<&str> = shown.split_terminator('\n').filter(public).collect();
            prop_assert_eq!(rests, shown);
            // Only the last name counts for what is sent next.
            names.drain(..names.len() - 1);
        }
    }
}
