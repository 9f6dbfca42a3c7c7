//! The examples of PROTOCOL.md, played against the real server.

use std::collections::BTreeMap;

use chat_core::testing::{Peer, TestServer};

/// The page that describes the protocol.
const PAGE: &str = include_str!("../../PROTOCOL.md");

/// The clients of an example, by the letter that they have there.
type Cast = BTreeMap<char, Peer>;

#[test]
fn the_examples_of_the_page_are_true() {
    let examples: Vec<&str> =
        PAGE.split("```chat\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 7, "the page has lost its examples");
    for example in examples {
        let mut server = TestServer::start();
        let mut cast = Cast::new();
        for step in example.lines() {
            play(step, &server, &mut cast);
        }
        server.stop();
        for (name, peer) in &mut cast {
            let rest = peer.rest();
            assert!(rest.is_empty(), "{name} also got {rest:?} in\n{example}");
        }
    }
}

/// Plays one line of an example.
fn play(step: &str, server: &TestServer, cast: &mut Cast) {
    if let Some(names) = step.strip_prefix("connect ") {
        for name in names.split(' ') {
            cast.insert(name.chars().next().unwrap(), server.join());
        }
        return;
    }
    let name = step.chars().next().unwrap();
    let (sign, text) = (&step[1..2], &step[2..]);
    let text = fill_in(text.strip_prefix(' ').unwrap_or(text), cast);
    let peer = cast.get_mut(&name).unwrap_or_else(|| panic!("nobody is {name} in {step:?}"));
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
    let mut text = text.replace("\\x1b", "\x1b");
    for (name, peer) in cast {
        text = text.replace(&format!("{{{name}}}"), &peer.port().to_string());
    }
    text.into_bytes()
}
