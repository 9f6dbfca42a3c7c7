//! Standard output and standard error: what stands on which, and what happens when they are closed.

use crate::support::lines;
use crate::support::process::Launch;
use crate::support::server::{Server, says};

#[test]
fn quiet_leaves_out_the_relayed_messages_and_nothing_else() {
    for (option, relayed) in [(&[][..], true), (&["--quiet"][..], false), (&["-q"][..], false)] {
        let mut server = Server::start(option);
        let [mut one, mut other] = [server.join(), server.join()];
        let ports = [one.port(), other.port()];
        // Relayed it is in any case.
        one.say("for the other only");
        other.expect(&one.says("for the other only"));
        one.say("exit");
        one.expect_end();
        other.reset();

        let mut expected = vec![server.greeting(), says::came(ports[0]), says::came(ports[1])];
        if relayed {
            expected.push(says::relays(ports[0], "for the other only"));
        }
        expected.extend([says::exits(ports[0]), says::gone(ports[0])]);
        expected.extend([says::lost(ports[1]), says::gone(ports[1])]);
        server.out.wait_for_all(&lines(expected));
    }
}

#[test]
fn a_closed_standard_output_ends_neither_the_chat_nor_prints_a_panic() {
    // The pipe is closed, as by `head -n 3`, when both have come.
    let mut server = Server::launch(Launch::server(&["127.0.0.1:0"]).head(3));
    let [mut one, mut other] = [server.join(), server.join()];
    server.out.wait_for_end();
    for round in 0..100 {
        one.say(&format!("question {round}"));
        other.expect(&one.says(&format!("question {round}")));
        other.say(&format!("answer {round}"));
        one.expect(&other.says(&format!("answer {round}")));
    }
    // By the end of these rounds it has noticed. It says so once, not at every message.
    server.err.wait("telling that it prints no more", |err| {
        err.contains("cannot print any more, the chat goes on").then_some(())
    });
    assert!(server.is_running());
    let ending = server.into_process().kill();
    assert_eq!(ending.err.lines().count(), 1, "{ending:?}");
    assert!(!ending.err.contains("panicked"), "{ending:?}");
}

#[test]
fn diagnostics_are_on_standard_error_as_rust_log_asks_for() {
    // A client that takes part in another protocol is a thing to tell of, at the level `info`.
    let tls_hello = [0x16, 0x03, 0x01, 0x02, 0x00];
    let cases = [
        (None, true),
        (Some("info"), true),
        (Some("chat_server=warn"), false),
        (Some("off"), false),
    ];
    for (filter, is_told) in cases {
        let launch = Launch::server(&["127.0.0.1:0"]);
        let mut server = Server::launch(match filter {
            Some(filter) => launch.log(filter),
            None => launch,
        });
        let mut peer = server.join();
        let port = peer.port();
        peer.send(tls_hello);
        peer.expect_rest("* closed: this is a plain-text chat, it does not speak TLS\n");

        let transcript = [server.greeting(), says::came(port), says::gone(port)];
        server.out.wait_for_all(&lines(&transcript));
        let ending = server.into_process().kill();
        ending.expect_out(&lines(&transcript));
        let told = format!("('127.0.0.1', {port}) was disconnected: other protocol");
        assert_eq!(ending.err.contains(&told), is_told, "{filter:?}: {ending:?}");
        assert_eq!(ending.err.is_empty(), !is_told, "{filter:?}: {ending:?}");
    }
}

#[test]
fn the_most_talkative_log_leaves_standard_output_alone() {
    let mut server = Server::launch(Launch::server(&["127.0.0.1:0"]).log("trace"));
    let mut peer = server.join();
    let port = peer.port();
    peer.send("hello\nexit\n");
    peer.expect_end();
    let transcript = [
        server.greeting(),
        says::came(port),
        says::relays(port, "hello"),
        says::exits(port),
        says::gone(port),
    ];
    server.out.wait_for_all(&lines(transcript));
    server.err.wait("a log", |err| (!err.is_empty()).then_some(()));
}
