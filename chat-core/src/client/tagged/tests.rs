use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;

fn text(text: &str) -> Text {
    text.parse().unwrap()
}

fn who(name: &str) -> Who {
    name.parse().unwrap()
}

fn plain(line: &str) -> ClientEvent {
    ClientEvent::Line(Line::from(text(line)))
}

/// What is to be told of a line if nobody waits for an answer.
fn told(line: &str) -> ClientEvent {
    match read(&text(line)) {
        Heard::Plain(line) => ClientEvent::Line(line),
        Heard::Told(event) | Heard::Answered { event, .. } => event,
    }
}

fn replied(line: &str) -> Option<(u64, Result<Answer, RequestError>)> {
    match read(&text(line)) {
        Heard::Answered { label, reply, .. } => Some((label, reply)),
        Heard::Plain(_) | Heard::Told(_) => None,
    }
}

#[test]
fn each_kind_is_told_as_what_it_is() {
    let meta = Meta {
        msgid: Some(42),
        time: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(68_169_600_007)),
        room: Some("tea".parse().unwrap()),
    };
    let m = || meta.clone();
    for (tags, rest, event) in [
        (
            "kind=message;from=Ada",
            "Ada: hi: you",
            ClientEvent::Message { meta: m(), from: who("Ada"), text: text("hi: you") },
        ),
        (
            "kind=message;from=51839",
            "51839: @bob * (to you): ",
            ClientEvent::Message { meta: m(), from: who("51839"), text: text("@bob * (to you): ") },
        ),
        (
            "kind=action;from=Ada",
            "Ada * waves",
            ClientEvent::Action { meta: m(), from: who("Ada"), text: text("waves") },
        ),
        (
            "kind=private;from=Ada",
            "Ada (to you): psst",
            ClientEvent::Private { meta: m(), from: who("Ada"), text: text("psst") },
        ),
        ("kind=notice", "* tea", ClientEvent::Notice { meta: m(), text: text("tea") }),
        ("kind=join;from=Ada", "* Ada joined", ClientEvent::Joined { meta: m(), who: who("Ada") }),
        ("kind=leave;from=7", "* 7 left", ClientEvent::Left { meta: m(), who: who("7") }),
        ("kind=joins;count=200", "* 200 joined", ClientEvent::ManyJoined { meta: m(), count: 200 }),
        ("kind=leaves;count=2", "* 2 left", ClientEvent::ManyLeft { meta: m(), count: 2 }),
        (
            "kind=name;from=7;name=Ada",
            "* 7 is called Ada now",
            ClientEvent::Renamed { meta: m(), from: who("7"), name: "Ada".parse().unwrap() },
        ),
        (
            "kind=topic;from=7;topic=a\\sb\\:\\\\",
            "* 7 sets the topic: a b;\\",
            ClientEvent::Topic { meta: m(), from: who("7"), topic: text("a b;\\") },
        ),
        // What an escape stands for is made safe as all else is.
        (
            "kind=topic;from=7;topic=a\\nb",
            "* 7 sets the topic: a b",
            ClientEvent::Topic { meta: m(), from: who("7"), topic: text("a\u{fffd}b") },
        ),
        ("kind=answer", "* done", ClientEvent::Answer { meta: m(), text: text("done") }),
        ("kind=error", "* not so", ClientEvent::Refused { meta: m(), text: text("not so") }),
        (
            "kind=answer;server=chat-core;version=0.1.0;name=7;line=8192;rate=16;burst=32",
            "* tags are on",
            ClientEvent::Ready {
                server: text("chat-core"),
                version: text("0.1.0"),
                name: who("7"),
                room: "tea".parse().unwrap(),
                line: 8192,
                rate: Some(16),
                burst: Some(32),
            },
        ),
    ] {
        let line = format!("@msgid=42;time=1972-02-29T00:00:00.007Z;room=tea;{tags} {rest}");
        assert_eq!(told(&line), event, "{line}");
        assert_eq!(replied(&line), None, "{line}");
    }
}

#[test]
fn what_may_be_missing_may_be_missing() {
    let meta = Meta::default();
    assert_eq!(told("@kind=notice * hi"), ClientEvent::Notice { meta, text: text("hi") });
    let ready = told("@kind=answer;server=a;version=b;name=7;room=r;line=9 * on");
    let ClientEvent::Ready { rate: None, burst: None, line: 9, .. } = ready else {
        panic!("{ready:?}")
    };
}

#[test]
fn what_does_not_fit_is_told_as_the_line_that_it_is() {
    for (line, left) in [
        // Nothing says what it is.
        ("Ada: hi", "Ada: hi"),
        ("* a notice", "* a notice"),
        ("@bob: hi", "@bob: hi"),
        ("@msgid=1 Ada: hi", "@msgid=1 Ada: hi"),
        ("@kind=message", "@kind=message"),
        // Of a kind that is not known.
        ("@kind=dance;from=Ada Ada: hi", "Ada: hi"),
        ("@kind Ada: hi", "Ada: hi"),
        // Something is missing, or is not what it should be.
        ("@kind=message Ada: hi", "Ada: hi"),
        ("@kind=message;from=Bob Ada: hi", "Ada: hi"),
        ("@kind=message;from=A\\sB A B: hi", "A B: hi"),
        ("@kind=message;from=Ada;msgid=x Ada: hi", "Ada: hi"),
        ("@kind=message;from=Ada;time=now Ada: hi", "Ada: hi"),
        ("@kind=message;from=Ada;room=# Ada: hi", "Ada: hi"),
        ("@kind=action;from=Ada Ada: hi", "Ada: hi"),
        ("@kind=private;from=Ada Ada: hi", "Ada: hi"),
        ("@kind=notice Ada: hi", "Ada: hi"),
        ("@kind=join * somebody joined", "* somebody joined"),
        ("@kind=joins;count=many * many joined", "* many joined"),
        ("@kind=name;from=Ada;name=7 * Ada is called 7 now", "* Ada is called 7 now"),
        ("@kind=topic;from=Ada;topic=\\s * Ada sets the topic:", "* Ada sets the topic:"),
        ("@kind=answer;server=a * on", "* on"),
        ("@kind=sent * sent", "* sent"),
    ] {
        assert_eq!(told(line), plain(left), "{line}");
        assert_eq!(replied(line), None, "{line}");
    }
}

#[test]
fn answers_are_those_of_their_labels() {
    let answer = |reply: Option<(u64, Result<Answer, RequestError>)>| match reply {
        Some((label, Ok(answer))) => (label, answer),
        other => panic!("{other:?}"),
    };
    let (label, sent) = answer(replied("@kind=sent;msgid=9;room=tea;label=3 * sent"));
    assert_eq!((label, sent.meta.msgid, sent.meta.room.as_deref()), (3, Some(9), Some("tea")));
    let (label, who_is) =
        answer(replied("@kind=answer;names=Ada,7;count=205;room=tea;label=4 * 205 in tea: Ada, 7"));
    assert_eq!(
        (label, who_is.names, who_is.count),
        (4, Some(vec![who("Ada"), who("7")]), Some(205))
    );
    let (_, nobody) = answer(replied("@kind=answer;names=;label=4 * nobody"));
    assert_eq!(nobody.names, Some(Vec::new()));
    let (_, named) = answer(replied("@kind=answer;name=Ada;label=5 * you are called Ada"));
    assert_eq!((named.name.as_deref(), &*named.text), (Some("Ada"), "you are called Ada"));

    let refused = Err(RequestError::Refused(text("no")));
    assert_eq!(replied("@kind=error;label=6 * no"), Some((6, refused)));
    for rest in ["* done", "no star"] {
        let misunderstood = Err(RequestError::CommandError(text(rest)));
        let line = format!("@kind=answer;names=a\\sb;label=7 {rest}");
        assert_eq!(replied(&line), Some((7, misunderstood)), "{line}");
    }
    // What was not asked for by number, or is no answer, answers nothing.
    assert_eq!(replied("@kind=answer;label=x * done"), None);
    assert_eq!(replied("@kind=message;from=7;label=8 7: hi"), None);
}

/// Tags as servers may send them, and such as none should.
fn tag() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "kind", "msgid", "time", "room", "from", "name", "names", "count", "topic", "label",
        "server", "version", "line", "rate", "burst", "",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "message",
            "action",
            "private",
            "notice",
            "join",
            "leave",
            "name",
            "topic",
            "joins",
            "leaves",
            "sent",
            "answer",
            "error",
            "Ada",
            "51839",
            "tea",
            "1972-02-29T00:00:00.007Z",
            "",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,12}",
        "[0-9]{1,21}",
    ];
    (key, value).prop_map(|(key, value)| format!("{key}={value}"))
}

proptest! {
    #[test]
    fn any_line_is_read(line in "\\PC{0,80}|@kind=\\PC{0,80}") {
        let Some(line) = Text::lossy(line.as_bytes()) else { return Ok(()) };
        let _: Heard = read(&line);
    }

    /// Whatever the tags are: what a plain client would read is told, or is in what is told.
    #[test]
    fn no_text_is_lost(
        tags in prop::collection::vec(tag(), 1..8),
        from in prop::sample::select(vec!["Ada", "51839", "*", "Bob"]),
        between in prop::sample::select(vec![": ", " * ", " (to you): ", " "]),
        said in "[a-z@*:;/]{1,12}",
    ) {
        let line = format!("@{} {from}{between}{said}", tags.join(";"));
        let Some(line) = Text::lossy(line.as_bytes()) else { return Ok(()) };
        let event = match read(&line) {
            Heard::Plain(plain) => {
                prop_assert_eq!(plain.to_string(), line.as_str());
                return Ok(());
            }
            Heard::Told(event) | Heard::Answered { event, .. } => event,
        };
        let (_, rest) = Tags::split(&line);
        match event {
            ClientEvent::Line(line) => prop_assert_eq!(line.to_string(), rest),
            ClientEvent::Message { from, text, .. } => {
                prop_assert_eq!(format!("{from}: {text}"), rest);
            }
            ClientEvent::Action { from, text, .. } => {
                prop_assert_eq!(format!("{from} * {text}"), rest);
            }
            ClientEvent::Private { from, text, .. } => {
                prop_assert_eq!(format!("{from} (to you): {text}"), rest);
            }
            ClientEvent::Notice { text, .. } => prop_assert_eq!(format!("* {text}"), rest),
            ClientEvent::Answer { text, .. } | ClientEvent::Refused { text, .. } => {
                prop_assert_eq!(format!("* {text}"), rest);
            }
            _ => {}
        }
    }
}
