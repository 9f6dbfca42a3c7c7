//! The chat with tags, for programs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use chat_core::testing::{MemoryPeer, MemoryServer, Random, TestServer};
use chat_core::wire::{Secret, Tags};
use chat_core::{Server, ServerConfig, Verdict, WhenBehind};

/// A server in memory with room for operators.
fn server(set: impl FnOnce(&mut ServerConfig)) -> MemoryServer {
    let mut config = ServerConfig::default();
    config.operator_secret = Some(Secret::new("sesame"));
    set(&mut config);
    MemoryServer::new(config)
}

/// Somebody who has asked for tags, and read the answer.
fn program(server: &mut MemoryServer) -> MemoryPeer {
    let peer = server.connect();
    ask_for_tags(server, &peer);
    peer
}

fn ask_for_tags(server: &mut MemoryServer, peer: &MemoryPeer) {
    peer.send("/tags\n");
    server.run();
    let answer = peer.read();
    assert!(answer.contains(";kind=answer;server=chat-core;version="), "{answer}");
}

/// What a line says by these tags, and what follows them.
fn told<'a>(line: &'a str, keys: &[&str]) -> (Vec<Option<String>>, &'a str) {
    let (tags, rest) = Tags::split(line.trim_end_matches('\n'));
    let time = tags.get("time").unwrap_or_default();
    assert!(time.len() == 24 && time.ends_with('Z'), "the time of {line:?}");
    (keys.iter().map(|key| tags.get(key).map(Into::into)).collect(), rest)
}

/// Says a line, and gives what the one who said it reads.
#[track_caller]
fn asked(server: &mut MemoryServer, peer: &MemoryPeer, line: &str) -> String {
    peer.send(format!("{line}\n"));
    server.run();
    peer.read()
}

/// Says a line with a label, which is to be answered by one line with that label, of this kind.
#[track_caller]
fn answered(server: &mut MemoryServer, peer: &MemoryPeer, line: &str, kind: &str) -> String {
    let read = asked(server, peer, line);
    let labelled: Vec<&str> = read.lines().filter(|line| line.contains("label=L")).collect();
    let [one] = labelled[..] else { panic!("{line} is answered by {read:?}") };
    let (tags, rest) = told(one, &["kind", "label"]);
    assert_eq!(tags, [Some(kind.to_owned()), Some("L".to_owned())], "{line}");
    rest.to_owned()
}

#[test]
fn every_labelled_line_is_answered_once() {
    let mut server = server(|config| config.announce = true);
    let (ada, other) = (program(&mut server), server.connect());
    server.run();
    ada.read();
    let port = other.port();
    for (line, kind, answer) in [
        ("@label=L hello", "sent", "* sent"),
        ("@label=L //shrug", "sent", "* sent"),
        ("@label=L /me waves", "sent", "* sent"),
        ("@label=L /nick Ada", "answer", "* you are called Ada"),
        ("@label=L /nick admin", "error", "* nobody may be called admin"),
        ("@label=L /join tea", "answer", "* you are in tea"),
        ("@label=L /join tea", "answer", "* you are in tea already"),
        ("@label=L /topic milk", "answer", "* done"),
        ("@label=L /topic", "answer", "* topic: milk"),
        ("@label=L;room=nowhere hello", "error", "* you are not in nowhere"),
        ("@label=L;room=a\\sb hello", "error", "* line refused: there can be no room of that name"),
        ("@label=L ", "error", "* line refused: it says nothing"),
        ("@label=L /leave", "answer", "* you have left tea"),
        ("@label=L /leave", "error", "* you are in the lobby; exit leaves the chat"),
        ("@label=L /msg Bob hi", "error", "* nobody is called Bob"),
        (&format!("@label=L /msg {port} hi"), "answer", &format!("* told {port}")),
        (&format!("@label=L /ignore {port}"), "answer", &format!("* you read no more of {port}")),
        ("@label=L /ignore Ada", "error", "* you do not read yourself"),
        ("@label=L /kick Bob", "error", "* only operators may do that"),
        ("@label=L /op abracadabra", "error", "* that is not the secret"),
        ("@label=L /op sesame", "answer", "* you are an operator"),
        ("@label=L /notice all", "answer", "* done"),
        (
            &format!("@label=L /mute {port}"),
            "answer",
            &format!("* nobody reads {port} for 10 minutes"),
        ),
        (
            "@label=L /tags",
            "answer",
            "* tags are on; this is chat-core 0.1.0: lines of up to 8192 bytes",
        ),
        (
            "@label=L /dance",
            "error",
            "* there is no command /dance; /help lists them, and // at the start sends a slash",
        ),
    ] {
        assert_eq!(answered(&mut server, &ada, line, kind), answer, "{line}");
    }
}

#[test]
fn what_was_not_asked_for_is_no_answer() {
    let mut server = server(|_| {});
    let (operator, ada) = (server.connect(), program(&mut server));
    asked(&mut server, &operator, "/op sesame");
    for (line, notice) in [
        (format!("/mute {}", ada.port()), "* nobody reads you for 10 minutes"),
        (format!("/mute {} 0", ada.port()), "* you are read again"),
        (format!("/op {}", ada.port()), "* you are an operator"),
        ("/notice to all".to_owned(), "* to all"),
        (format!("/kick {} bye", ada.port()), "* you were removed: bye"),
    ] {
        asked(&mut server, &operator, &line);
        let read = ada.read();
        assert_eq!(told(&read, &["kind", "label"]), (vec![Some("notice".into()), None], notice));
    }
}

#[test]
fn numbers_rise_over_all_rooms_and_all_know_the_same() {
    let mut server = server(|_| {});
    let mut members: Vec<MemoryPeer> = (0..3).map(|_| program(&mut server)).collect();
    let plain = server.connect();
    let speaker = members.pop().unwrap();
    let mut last = 0;
    for number in 0..50 {
        if number % 7 == 0 {
            plain.send("from a plain one\n");
            server.run();
        }
        let read = asked(&mut server, &speaker, "@label=L hello");
        let own: Vec<&str> = read.lines().filter(|line| line.contains(";kind=sent;")).collect();
        let (tags, _) = told(own[0], &["msgid"]);
        let msgid: u64 = tags[0].as_ref().unwrap().parse().unwrap();
        assert!(msgid > last);
        last = msgid;
        for member in &members {
            let read = member.read();
            let (tags, rest) = told(read.lines().last().unwrap(), &["msgid", "from", "room"]);
            let expected = [msgid.to_string(), speaker.port().to_string(), "lobby".to_owned()];
            assert_eq!((tags, rest), (expected.map(Some).to_vec(), &*speaker_says(&speaker)));
        }
    }
}

fn speaker_says(speaker: &MemoryPeer) -> String {
    format!("{}: hello", speaker.port())
}

#[test]
fn where_there_are_no_commands_there_are_no_tags() {
    let mut server = server(|config| config.commands = false);
    let (ada, other) = (server.connect(), server.connect());
    assert_eq!(asked(&mut server, &ada, "/tags"), "");
    assert_eq!(asked(&mut server, &ada, "@label=L hello"), "");
    let port = ada.port();
    assert_eq!(other.read(), format!("{port}: /tags\n{port}: @label=L hello\n"));
}

#[test]
fn a_room_forgets_its_tags_when_nobody_wants_them() {
    let mut server = server(|_| {});
    let speaker = server.connect();
    for _ in 0..3 {
        let ada = program(&mut server);
        // What was said to it before it leaves still comes.
        speaker.send("before\n");
        ada.send("@label=L exit\n");
        server.run();
        let read = ada.read();
        assert!(read.is_empty() || read.ends_with(": before\n"), "{read}");
        speaker.send("between\n");
        let bob = server.connect();
        server.run();
        bob.read();
        ask_for_tags(&mut server, &bob);
        speaker.send("after\n");
        server.run();
        assert!(bob.read().ends_with(&format!(" {}: after\n", speaker.port())));
        bob.end();
        server.run();
    }
    speaker.end();
    server.run();
    assert_eq!(server.stats().budget_used, 0);
}

#[test]
fn what_the_sockets_tell_has_tags_too() {
    let mut server = server(|config| {
        config.limits.backlog = 4096;
        config.limits.when_behind = WhenBehind::Skip;
        config.limits.idle = Some(Duration::from_mins(1));
    });
    let speaker = server.connect();
    let ada = server.connect_from(SocketAddr::from(([192, 0, 2, 1], 1)));
    ada.send("/tags\n");
    server.run();
    assert!(ada.read().contains(";rate=16;burst=32;"));
    let text = "x".repeat(9000);
    let read = asked(&mut server, &ada, &text);
    let refused = "* line refused: it is longer than 8192 bytes";
    assert_eq!(told(&read, &["kind"]), (vec![Some("error".into())], refused));
    ada.set_room(10);
    for _ in 0..100 {
        speaker.send(format!("{}\n", "y".repeat(100)));
        server.run();
    }
    ada.set_room(1 << 20);
    server.run();
    let read = ada.read();
    let skipped = read.lines().find(|line| line.contains("you were too slow")).unwrap();
    assert_eq!(told(skipped, &["kind"]).0, [Some("notice".into())]);
    server.advance(Duration::from_secs(70));
    let read = ada.read();
    assert_eq!(told(read.lines().last().unwrap(), &["kind"]).1, "* closed: nothing came for 60s");
}

#[test]
fn what_the_program_refuses_is_answered_with_the_label() {
    let guarded = Server::bind("127.0.0.1:0").unwrap().on_message(|message| match message.text {
        "spoiler" => Verdict::refuse("not before Sunday"),
        "change" => Verdict::change("changed"),
        _ => Verdict::Pass,
    });
    let server = TestServer::run(guarded);
    let (mut ada, mut other) = (server.join(), server.join());
    ada.say("/tags");
    ada.line();
    for (line, kind, answer) in [
        ("@label=L spoiler", "error", "* not before Sunday"),
        ("@label=L /me spoiler", "error", "* not before Sunday"),
        ("@label=L change", "sent", "* sent"),
    ] {
        ada.say(line);
        let read = ada.line();
        let (tags, rest) = told(&read, &["kind", "label"]);
        assert_eq!((tags, rest), (vec![Some(kind.into()), Some("L".into())], answer));
    }
    other.expect(&ada.says("changed"));
}

/// Whatever is said, each line that a program gets has its tags, and they agree with the text.
#[test]
fn every_line_has_its_tags() {
    let mut server = server(|config| config.announce = true);
    let mut random = Random::new(3);
    let programs: Vec<MemoryPeer> = (0..4).map(|_| program(&mut server)).collect();
    let people: Vec<MemoryPeer> = (0..4).map(|_| server.connect()).collect();
    let lines = [
        "hello",
        "/me waves",
        "/nick Ada",
        "/nick Bob",
        "/join tea",
        "/join milk",
        "/leave",
        "/who",
        "/topic of the day",
        "/rooms",
        "* a notice",
        "@kind=notice x",
        "@ @bob",
        "a: b",
        "/msg Ada hi",
        "//x",
        "/nope",
    ];
    let mut kinds = BTreeMap::new();
    for round in 0..600 {
        let all = [&programs, &people][random.below(2)];
        let line = lines[random.below(lines.len())];
        all[random.below(4)].send(format!("{line}\n"));
        if round % 3 > 0 {
            continue;
        }
        server.run();
        for program in &programs {
            for line in program.read().lines() {
                let (tags, rest) = told(line, &["kind", "from"]);
                let kind = tags[0].clone().unwrap();
                let from = tags[1].clone().unwrap_or_default();
                let start = match kind.as_str() {
                    "message" => format!("{from}: "),
                    "action" => format!("{from} * "),
                    "private" => format!("{from} (to you): "),
                    "join" | "leave" | "name" | "topic" => format!("* {from} "),
                    _ => "* ".to_owned(),
                };
                assert!(rest.starts_with(&start), "{line}");
                *kinds.entry(kind).or_insert(0) += 1;
            }
        }
    }
    let all: Vec<&str> = kinds.keys().map(String::as_str).collect();
    let expected = [
        "action", "answer", "error", "join", "leave", "message", "name", "notice", "private",
        "topic",
    ];
    assert_eq!(all, expected);
}
