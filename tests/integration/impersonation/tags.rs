//! By tags: an attacker who has sent `/tags`, and one who only types them.

use chat_core::wire::Framing;

use super::stage::Stage;

/// What is sent, what the attacker reads after the time, what the others read.
pub(super) type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const NO_LABEL: &str = "kind=error * line refused: a label has 1 to 64 bytes";
const NO_ROOM: &str = "kind=error * line refused: there can be no room of that name";
const NOT_THERE: &str = "kind=error * you are not in tea";
const NOTHING: &str = "kind=error;label=a * line refused: it says nothing";
const LONG_TAGS: &str = "kind=error * line refused: its tags are longer than 4094 bytes";

/// Tags that are the server's to put, or nobody's.
const FORGED: &[Row] = &[
    ("@kind=notice;from=Ada hi\n", &[], &["6666: hi"]),
    ("@kind=notice * the server stops\n", &[], &["6666: * the server stops"]),
    ("@from=Ada Ada: hi\n", &[], &["6666: Ada: hi"]),
    (
        "@msgid=1;time=2001-09-09T01:46:40.000Z;kind=message;from=Ada;room=lobby hello\n",
        &[],
        &["6666: hello"],
    ),
    ("@msgid=1;time=2001-09-09T01:46:40.000Z;from=Ada;room=tea hello\n", &[NOT_THERE], &[]),
    ("@name=Ada;count=9;topic=tea;names=Ada hi\n", &[], &["6666: hi"]),
    ("@+typing=active;example.com/x=1 hi\n", &[], &["6666: hi"]),
    ("@time hi\n", &[], &["6666: hi"]),
    ("@from=Ada\n", &[], &[]),
    // What stands in tags is no command, and no line.
    ("@/nick=Ada hi\n", &[], &["6666: hi"]),
    ("@/nick Ada\n", &[], &["6666: Ada"]),
    ("@exit hi\n", &[], &["6666: hi"]),
    ("@x=\\n*\\sAda\\sjoined hi\n", &[], &["6666: hi"]),
    ("@x=\n* Ada joined\n", &[], &["6666: * Ada joined"]),
    ("@x=\r\nAda: hi\r\n", &[], &["6666: Ada: hi"]),
    ("@x=\rAda: hi\n", &[], &["6666: hi"]),
    ("@x=\u{2028}* hi\n", &[], &["6666: hi"]),
    ("@x=\u{2029}\u{85}\u{b}\u{c} Ada: hi\n", &[], &["6666: Ada: hi"]),
    ("@x=\x1b[1G Ada: hi\n", &[], &["6666: Ada: hi"]),
    ("@x=\u{202e} hi\n", &[], &["6666: hi"]),
    ("@x=\0 hi\n", &[], &["6666: hi"]),
];

/// Where tags end, and what is none.
const SHAPES: &[Row] = &[
    ("@ hi\n", &[], &["6666: hi"]),
    ("@; hi\n", &[], &["6666: hi"]),
    ("@;;; hi\n", &[], &["6666: hi"]),
    ("@= hi\n", &[], &["6666: hi"]),
    ("@=Ada;=from hi\n", &[], &["6666: hi"]),
    ("@\\ hi\n", &[], &["6666: hi"]),
    ("@\n", &[], &[]),
    ("@ \n", &[], &[]),
    ("@      \n", &[], &[]),
    ("@x\n", &[], &[]),
    ("@label=a\n", &[NOTHING], &[]),
    ("@label=a      \n", &[NOTHING], &[]),
    ("@label=a \t\u{a0} \n", &[NOTHING], &[]),
    ("@label=a\nAda: hi\n", &[NOTHING], &["6666: Ada: hi"]),
    ("@ @ hi\n", &[], &["6666: @ hi"]),
    ("@ @from=Ada hi\n", &[], &["6666: @from=Ada hi"]),
    ("@x @from=Ada;kind=notice * hi\n", &[], &["6666: @from=Ada;kind=notice * hi"]),
    ("@       Ada: hi\n", &[], &["6666: Ada: hi"]),
    ("@x       * hi\n", &[], &["6666: * hi"]),
    ("@x \thi\n", &[], &["6666: \thi"]),
    ("@x\thi Ada\n", &[], &["6666: Ada"]),
    ("@x\u{a0}hi Ada\n", &[], &["6666: Ada"]),
    (" @from=Ada hi\n", &[], &["6666:  @from=Ada hi"]),
    ("\u{200b}@from=Ada hi\n", &[], &["6666: hi"]),
    ("＠from=Ada hi\n", &[], &["6666: ＠from=Ada hi"]),
    ("x @from=Ada hi\n", &[], &["6666: x @from=Ada hi"]),
];

/// What is sent before a text, and the label of the answer as it is written there.
const LABELS: &[(&str, &str)] = &[
    ("label=/nick\\sAda", "/nick\\sAda"),
    ("label=/nick=Ada", "/nick=Ada"),
    ("label=exit", "exit"),
    ("label=a;from=Ada;kind=notice", "a"),
    ("label=a\\:from=Ada", "a\\:from=Ada"),
    ("label=a\\:kind=notice\\s*\\sAda\\sjoined", "a\\:kind=notice\\s*\\sAda\\sjoined"),
    ("label=a\\nAda:\\shi", "a\\nAda:\\shi"),
    ("label=a\\r\\n*\\shi", "a\\r\\n*\\shi"),
    ("label=\\s", "\\s"),
    ("label=\\n", "\\n"),
    ("label=\\\\:", "\\\\:"),
    ("label=\\\\n", "\\\\n"),
    ("label=a\\\\", "a\\\\"),
    // An escape that is none stands for its character, and a backslash at the end for nothing.
    ("label=a\\", "a"),
    ("label=a\\b", "ab"),
    ("label=a\\=\\@", "a=@"),
    ("label=a\u{2028}b", "a\u{fffd}b"),
    ("label=a\\\u{2029}b", "a\u{fffd}b"),
    ("label=a\rb", "a\u{fffd}b"),
    ("label=\x1b[1G", "\u{fffd}[1G"),
    ("label=a\u{85}\u{b}\0", "a\u{fffd}\u{fffd}\u{fffd}"),
    ("label=a\u{202e}b", "ab"),
    ("label=a;label=b", "b"),
    ("label=;label=b", "b"),
    ("label=a;Label=b", "a"),
    ("label=a;+label=b", "a"),
    ("label=a;room=lobby", "a"),
    ("label=a;room=tea;room=lobby", "a"),
    ("label=a;room=LOBBY", "a"),
    ("label=a;room=1obby", "a"),
    ("label=a;room=ꓡꓳꓐꓐꓬ", "a"),
    ("label=a;room=lo\u{200b}bby", "a"),
    ("label=a;room=\\lobby\\", "a"),
];

/// Labels and rooms that are refused, alone and of several.
const REFUSED: &[Row] = &[
    ("@label hi\n", &[NO_LABEL], &[]),
    ("@label= hi\n", &[NO_LABEL], &[]),
    ("@label=\\ hi\n", &[NO_LABEL], &[]),
    ("@label=\u{200b} hi\n", &[NO_LABEL], &[]),
    ("@label=a;label hi\n", &[NO_LABEL], &[]),
    ("@label= Ada: hi\nAda: hi\n", &[NO_LABEL], &["6666: Ada: hi"]),
    ("@label= exit\n", &[NO_LABEL], &[]),
    ("@label= /nick Eve\n", &[NO_LABEL], &[]),
    ("@room hi\n", &[NO_ROOM], &[]),
    ("@room= hi\n", &[NO_ROOM], &[]),
    ("@room=\\n hi\n", &[NO_ROOM], &[]),
    ("@room=lobby\\n*\\shi hi\n", &[NO_ROOM], &[]),
    ("@room=lobby\\:from=Ada hi\n", &[NO_ROOM], &[]),
    ("@room=lobby\u{2028} hi\n", &[NO_ROOM], &[]),
    ("@room=lobby\x1b[2K hi\n", &[NO_ROOM], &[]),
    ("@room=\0 hi\n", &[NO_ROOM], &[]),
    ("@room=lоbby hi\n", &[NO_ROOM], &[]),
    ("@room=lobby;room=* hi\n", &[NO_ROOM], &[]),
    ("@room=tea hi\n", &[NOT_THERE], &[]),
    ("@room=tea /me waves\n", &[NOT_THERE], &[]),
    ("@room=tea /topic milk\n", &[NOT_THERE], &[]),
    ("@room=lobby;room=tea hi\n", &[NOT_THERE], &[]),
    ("@room=tea exit tea\n", &[NOT_THERE], &[]),
    ("@label=/me;room=tea hi\n", &["kind=error;label=/me * you are not in tea"], &[]),
];

/// What one types who has not sent `/tags`: all of it is said.
const TYPED: &[&str] = &[
    "@",
    "@ hi",
    "@ /nick Ada",
    "@kind=notice;from=Ada hi",
    "@time=2001-09-09T01:46:40.000Z;kind=notice * the server stops",
    "@time=2001-09-09T01:46:40.000Z;kind=message;msgid=9;room=lobby;from=Ada Ada: hi",
    "@label=1 /nick Ada",
    "@label= hi",
    "@room=tea hi",
    "@label=1 exit",
];

#[track_caller]
pub(super) fn play(rows: &[Row]) {
    for &(attack, attacker, others) in rows {
        let mut stage = Stage::tagged();
        stage.attack(attack);
        stage.check(attack, "6666", attacker, others);
        stage.check_who(attack, "5 in lobby: 1002, 1003, 1004, 6666, Ada");
    }
}

#[test]
fn tags_of_a_client_are_not_passed_on() {
    play(FORGED);
    play(SHAPES);
}

#[test]
fn a_label_is_for_the_answer_alone() {
    for (tags, label) in LABELS {
        let mut stage = Stage::tagged();
        let attack = format!("@{tags} Ada: hi\n");
        stage.attack(&attack);
        let sent = format!("kind=sent;msgid=3;room=lobby;label={label} * sent");
        stage.check(&attack, "6666", &[&sent], &["6666: Ada: hi"]);
        stage.check_who(&attack, "5 in lobby: 1002, 1003, 1004, 6666, Ada");
    }
    play(REFUSED);
}

/// How long a label and tags may be, to the byte. A label counts as it is meant, tags as they are
/// written.
#[test]
fn what_is_too_long_is_refused_whole() {
    let sent = |label: &str| format!("kind=sent;msgid=3;room=lobby;label={label} * sent");
    let [bytes, umlauts, spaces] = ["x".repeat(64), "é".repeat(32), "\\s".repeat(64)];
    let filled =
        |start: &str, length: usize| format!("{start}{}", "x".repeat(length - start.len()));
    let longest = "x".repeat(8192 - 3);
    let cases = [
        (format!("@label={bytes} hi\n"), vec![sent(&bytes)], vec!["6666: hi"]),
        (format!("@label={bytes}x hi\n"), vec![NO_LABEL.to_owned()], vec![]),
        (format!("@label={umlauts} hi\n"), vec![sent(&umlauts)], vec!["6666: hi"]),
        (format!("@label={umlauts}x hi\n"), vec![NO_LABEL.to_owned()], vec![]),
        (format!("@label={spaces} hi\n"), vec![sent(&spaces)], vec!["6666: hi"]),
        (format!("@label={spaces}x hi\n"), vec![NO_LABEL.to_owned()], vec![]),
        (format!("@label={bytes}x Ada: hi\nhi\n"), vec![NO_LABEL.to_owned()], vec!["6666: hi"]),
        (format!("@{} hi\n", filled("label=a;x=", 4094)), vec![sent("a")], vec!["6666: hi"]),
        (format!("@{} hi\n", filled("label=a;x=", 4095)), vec![LONG_TAGS.to_owned()], vec![]),
        (format!("@{}\n", filled("from=Ada;x=", 4095)), vec![LONG_TAGS.to_owned()], vec![]),
        (format!("@{} exit\n", filled("x=", 4095)), vec![LONG_TAGS.to_owned()], vec![]),
        (
            format!("@{};label=a /nick Eve\n", filled("x=", 4095)),
            vec![LONG_TAGS.to_owned()],
            vec![],
        ),
        (format!("@{} hi\n", filled("x=", 8190)), vec![too_long()], vec![]),
        (format!("@x {longest}x\n* hi\n"), vec![too_long()], vec!["6666: * hi"]),
    ];
    for (attack, attacker, others) in cases {
        let mut stage = Stage::tagged();
        stage.attack(&attack);
        let attacker: Vec<&str> = attacker.iter().map(String::as_str).collect();
        stage.check(&attack[..attack.len().min(100)], "6666", &attacker, &others);
        stage.check_who("it", "5 in lobby: 1002, 1003, 1004, 6666, Ada");
    }
    let mut stage = Stage::tagged();
    stage.attack(format!("@x {longest}\n"));
    stage.check("the longest line", "6666", &[], &[&format!("6666: {longest}")]);
}

fn too_long() -> String {
    "kind=error * line refused: it is longer than 8192 bytes".to_owned()
}

#[test]
fn chunks_with_tags_forge_nothing() {
    let sent =
        |id: &str, label: &str| format!("kind=sent;msgid={id};room=lobby;label={label} * sent");
    for (attack, attacker, others) in [
        ("@from=Ada hi", vec![], vec!["6666: hi"]),
        ("@label=a Ada: hi", vec![sent("3", "a")], vec!["6666: Ada: hi"]),
        (
            "@label=a x\n@label=b;from=Ada * hi",
            vec![sent("3", "a"), sent("4", "b")],
            vec!["6666: x", "6666: * hi"],
        ),
        ("@label=a\n", vec![NOTHING.to_owned()], vec![]),
        ("@x=\r\nAda: hi\r", vec![], vec!["6666: Ada: hi"]),
    ] {
        let mut stage = Stage::tagged_with(|config| config.framing = Framing::Chunks);
        stage.attack(attack);
        let attacker: Vec<&str> = attacker.iter().map(String::as_str).collect();
        stage.check(attack, "6666", &attacker, &others);
    }
}

#[test]
fn tags_that_are_merely_typed_are_text() {
    for typed in TYPED {
        let mut stage = Stage::new();
        stage.attack(format!("{typed}\n"));
        stage.check(typed, "6666", &[], &[&format!("6666: {typed}")]);
        stage.check_who(typed, "5 in lobby: 1002, 1003, 1004, 6666, Ada");
    }
    // What looks like `/tags` is not.
    for (attack, back, others) in [
        ("/tags x\n@label=1 hi\n", vec!["* usage: /tags"], vec!["6666: @label=1 hi"]),
        ("//tags\n@label=1 hi\n", vec![], vec!["6666: /tags", "6666: @label=1 hi"]),
        (" /tags\n@label=1 hi\n", vec![], vec!["6666:  /tags", "6666: @label=1 hi"]),
        ("@ /tags\n@label=1 hi\n", vec![], vec!["6666: @ /tags", "6666: @label=1 hi"]),
    ] {
        let mut stage = Stage::new();
        stage.attack(attack);
        stage.check(attack, "6666", &back, &others);
    }
}
