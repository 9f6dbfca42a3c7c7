//! What reaches the others' terminals, whatever bytes somebody sends.

#[path = "../../chat-core/src/wire/text/samples.rs"]
mod samples;

use chat_core::testing::{Peer, TestServer};

use samples::{ATTACKS, BLANK, WRITING, zalgo};

/// A server, one who sends, and one who reads.
fn scene() -> (TestServer, Peer, Peer) {
    let server = TestServer::start();
    let (a, b) = (server.join(), server.join());
    (server, a, b)
}

/// Sends these bytes as a line and checks what another peer reads, to the byte.
#[track_caller]
fn check<'a>(cases: impl IntoIterator<Item = (&'a [u8], &'a str)>) {
    let (server, mut a, mut b) = scene();
    for (sent, read) in cases {
        a.send([sent, &b"\n"[..]].concat());
        b.expect_bytes(a.says(read) + "\n");
        // The embedding program sees what the others see.
        server.wait_for_message(read);
    }
}

#[test]
fn no_attack_reaches_a_terminal() {
    check(ATTACKS.iter().map(|(_, attack, safe)| (*attack, *safe)));
}

#[test]
fn what_people_write_stays_whole() {
    check(WRITING.iter().map(|(_, text)| (text.as_bytes(), *text)));
}

#[test]
fn marks_do_not_pile_up() {
    let (sent, safe) = zalgo();
    check([(sent.as_bytes(), safe.as_str())]);
}

#[test]
fn lines_that_look_empty_are_not_relayed() {
    let (_server, mut a, mut b) = scene();
    for blank in BLANK {
        a.say(blank);
        a.say("seen");
        b.expect(&a.says("seen"));
    }
}

#[test]
fn an_attack_in_pieces_is_one_line() {
    let (server, mut a, mut b) = scene();
    // Whoever has sent a newline may take his time for the next one.
    a.say("one");
    b.expect(&a.says("one"));
    let attack = "\x1b]52;c;QQ==\x07 \u{9b}31m 👩\u{200d}🚀\u{202e}\n".as_bytes();
    for (count, byte) in attack.iter().enumerate() {
        // Each byte comes alone, so that characters and sequences are cut wherever they can be.
        a.send([*byte]);
        server.wait_for_bytes_in("one\n".len() + count + 1);
    }
    b.expect(&a.says("\u{fffd}]52;c;QQ==\u{fffd} \u{fffd}31m 👩\u{200d}🚀"));
}

#[test]
fn invalid_utf8_is_replaced_and_the_rest_kept() {
    check([
        (&b"latin \xe9t\xe9"[..], "latin \u{fffd}t\u{fffd}"),
        (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        (b"cut \xe2\x82", "cut \u{fffd}"),
        (b"overlong \xc0\xaf", "overlong \u{fffd}\u{fffd}"),
        (b"surrogate \xed\xa0\x80.", "surrogate \u{fffd}\u{fffd}\u{fffd}."),
    ]);
}
