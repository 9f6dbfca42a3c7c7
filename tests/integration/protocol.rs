//! The examples of PROTOCOL.md, played against the real server.

use std::collections::BTreeMap;
use std::time::Duration;

use chat_core::store::MemoryStore;
use chat_core::testing::{ManualClock, Peer, TestServer};
use chat_core::wire::{COMMANDS, Secret};
use chat_core::{Server, ServerConfig};

/// The page that describes the protocol.
const PAGE: &str = include_str!("../../PROTOCOL.md");

/// What an example may start with, and the server that it asks for by that. One is the time of a
/// clock that nobody has moved.
const HEADS: [&str; 7] = [
    "no exceptions",
    "at most 2 clients",
    "at 2001-09-09T01:46:40Z",
    "at 2001-09-09T01:46:40Z, with a store",
    "announcing",
    "keeping lines",
    "operators know sesame",
];

/// Who takes part in an example.
#[derive(Default)]
struct Cast {
    /// The clients, by the letter that they have there.
    peers: BTreeMap<char, Peer>,
    /// What only the server knows before it has said it, by the letter that stands for it.
    found: BTreeMap<char, String>,
}

#[test]
fn the_examples_of_the_page_are_true() {
    let examples: Vec<&str> =
        PAGE.split("```chat\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 12, "the page has lost its examples");
    for example in examples {
        let clock = ManualClock::new();
        let mut server = TestServer::run(server(example, &clock));
        let mut cast = Cast::default();
        for step in example.lines() {
            play(step, &server, &clock, &mut cast);
        }
        server.stop();
        for (name, peer) in &mut cast.peers {
            let rest = peer.rest();
            assert!(rest.is_empty(), "{name} also got {rest:?} in\n{example}");
        }
    }
}

#[test]
fn the_page_lists_the_commands_of_the_table() {
    for command in COMMANDS {
        let usage = command.usage().replace('|', "\\|");
        let who = if command.is_for_operators { " (operators)" } else { "" };
        let row = format!("| `{usage}` | {}{who} |\n", command.summary);
        assert!(PAGE.contains(&row), "the page lacks the row\n{row}");
    }
}

/// The server that the first line of an example asks for.
fn server(example: &str, clock: &ManualClock) -> Server {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let mut config = ServerConfig::default();
    match example.lines().next() {
        Some("no exceptions") => config.limits.exempt_loopback = false,
        Some("keeping lines") => {
            config.history.on_join = 2;
            config.history.lines = 100;
        }
        Some("operators know sesame") => config.operator_secret = Some(Secret::new("sesame")),
        Some("at most 2 clients") => config.limits.clients = 2,
        Some("at 2001-09-09T01:46:40Z") => {}
        Some("at 2001-09-09T01:46:40Z, with a store") => {
            return server.config(config).clock(clock).store(MemoryStore::default());
        }
        Some("announcing") => config.announce = true,
        // The others need time to go by: the silence after a chunk.
        Some(_) | None => return server,
    }
    server.config(config).clock(clock)
}

/// Plays one line of an example.
fn play(step: &str, server: &TestServer, clock: &ManualClock, cast: &mut Cast) {
    if HEADS.contains(&step) {
        return;
    }
    if step == "1 s later" {
        return clock.advance(Duration::from_secs(1));
    }
    if let Some(names) = step.strip_prefix("connect ") {
        for name in names.split(' ') {
            cast.peers.insert(name.chars().next().unwrap(), server.join());
        }
        return;
    }
    let name = step.chars().next().unwrap();
    if step.ends_with(" refused") {
        cast.peers.insert(name, Peer::connect(server.addr()));
        return;
    }
    if step.ends_with(" is lost") {
        return cast.peers.remove(&name).unwrap().reset();
    }
    let (sign, text) = (&step[1..2], &step[2..]);
    let text = fill_in(text.strip_prefix(' ').unwrap_or(text), cast);
    let Cast { peers, found } = cast;
    let peer = peers.get_mut(&name).unwrap_or_else(|| panic!("nobody is {name} in {step:?}"));
    if let Some((before, letter, after)) = unknown_in(&text).filter(|_| sign == "<") {
        let line = peer.line();
        let value = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let value = value.unwrap_or_else(|| panic!("{line:?} is not what {step:?} says"));
        found.insert(letter, value.to_owned());
        return;
    }
    match (sign, text.as_slice()) {
        (">", text) => peer.send([text, b"\n"].concat()),
        ("]", text) => peer.send(text),
        ("<", text) => peer.expect_bytes([text, b"\n"].concat()),
        ("[", text) => peer.expect_bytes(text),
        (" ", b"ends") => peer.end_sending(),
        (" ", b"closed") => peer.expect_end(),
        _ => panic!("what does {step:?} mean?"),
    }
}

/// Puts in what the page writes in words: `{A}`, `\x1b` and `(8193 bytes)`.
fn fill_in(text: &str, cast: &Cast) -> Vec<u8> {
    if let Some(count) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(" bytes)")) {
        return vec![b'x'; count.parse().unwrap()];
    }
    if let Some((count, line)) = text.strip_prefix('(').and_then(|rest| rest.split_once(" times) "))
    {
        let line = fill_in(line, cast);
        return vec![line; count.parse().unwrap()].join(&b'\n');
    }
    let mut text = text.replace("\\x1b", "\x1b");
    let ports = cast.peers.iter().map(|(name, peer)| (*name, peer.port().to_string()));
    let found = cast.found.iter().map(|(letter, value)| (*letter, value.clone()));
    for (letter, value) in ports.chain(found) {
        text = text.replace(&format!("{{{letter}}}"), &value);
    }
    text.into_bytes()
}

/// The letter that stands for something which is still to be found, and what is around it.
fn unknown_in(text: &[u8]) -> Option<(&str, char, &str)> {
    let (before, rest) = str::from_utf8(text).ok()?.split_once('{')?;
    let (letter, after) = rest.split_once('}')?;
    let mut letters = letter.chars();
    let unknown = letters.next().filter(char::is_ascii_uppercase)?;
    letters.next().is_none().then_some((before, unknown, after))
}
