//! What reaches the others' terminals, whatever bytes somebody sends.

use chat_core::testing::TestServer;

/// Sends these bytes as a line and checks what another peer reads.
#[track_caller]
fn check(cases: &[(&[u8], &str)]) {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    for (sent, read) in cases {
        a.send([sent, &b"\n"[..]].concat());
        b.expect(&a.says(read));
        // The embedding program sees what the others see.
        server.wait_for_message(read);
    }
}

#[test]
fn nothing_acts_on_a_terminal() {
    check(&[
        (b"\x1b[2Jclear", "\u{fffd}[2Jclear"),
        (b"\x1b]0;title\x07", "\u{fffd}]0;title\u{fffd}"),
        (b"over\rwrite", "over\u{fffd}write"),
        (b"back\x08space", "back\u{fffd}space"),
        (b"nul\0nul", "nul\u{fffd}nul"),
        (b"\x7fdel", "\u{fffd}del"),
        ("c1\u{9b}31m".as_bytes(), "c1\u{fffd}31m"),
        ("two\u{2028}lines".as_bytes(), "two\u{fffd}lines"),
    ]);
}

#[test]
fn nothing_passes_for_another_line() {
    check(&[
        ("\u{202e}desrever".as_bytes(), "desrever"),
        ("a\u{2066}b\u{2069}c".as_bytes(), "abc"),
        ("zero\u{200b}width".as_bytes(), "zerowidth"),
        ("\u{feff}bom".as_bytes(), "bom"),
    ]);
}

#[test]
fn invalid_utf8_is_replaced_and_the_rest_kept() {
    check(&[
        (b"latin \xe9t\xe9", "latin \u{fffd}t\u{fffd}"),
        (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        (b"cut \xe2\x82", "cut \u{fffd}"),
        (b"overlong \xc0\xaf", "overlong \u{fffd}\u{fffd}"),
        (b"surrogate \xed\xa0\x80.", "surrogate \u{fffd}\u{fffd}\u{fffd}."),
    ]);
}

#[test]
fn what_people_write_stays_whole() {
    let texts = ["שלום, עולם", "مرحبا", "👩‍👩‍👧‍👦 ❤️‍🔥 🇮🇱", "日本語", "e\u{301}", "tab\there", "naïve"];
    let cases: Vec<(&[u8], &str)> = texts.iter().map(|text| (text.as_bytes(), *text)).collect();
    check(&cases);
}
