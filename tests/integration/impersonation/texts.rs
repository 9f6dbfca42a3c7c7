//! By what is said: forged lines and forged notices.

use chat_core::wire::Framing;

use super::stage::Stage;

/// What is sent, what the attacker reads, what the others read.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const OPERATORS: &str = "* only operators may do that";
const NO_DANCE: &str =
    "* there is no command /dance; /help lists them, and // at the start sends a slash";
const NO_SLASH: &str =
    "* there is no command /; /help lists them, and // at the start sends a slash";
const LONG: &str = "* line refused: it is longer than 8192 bytes";

/// What looks like a line of somebody else.
const LINES: &[Row] = &[
    ("Ada: hi\n", &[], &["6666: Ada: hi"]),
    ("x\nAda: hi\n", &[], &["6666: x", "6666: Ada: hi"]),
    ("x\r\nAda: hi\r\n", &[], &["6666: x", "6666: Ada: hi"]),
    ("x\n\n\n  \nAda: hi\n", &[], &["6666: x", "6666: Ada: hi"]),
    ("x\rAda: hi\n", &[], &["6666: x\u{fffd}Ada: hi"]),
    ("\rAda: hi\r\r\n", &[], &["6666: \u{fffd}Ada: hi\u{fffd}"]),
    ("x\u{b}Ada\u{c}: hi\n", &[], &["6666: x\u{fffd}Ada\u{fffd}: hi"]),
    ("x\u{85}Ada: hi\n", &[], &["6666: x\u{fffd}Ada: hi"]),
    ("x\u{2028}Ada: hi\n", &[], &["6666: x\u{fffd}Ada: hi"]),
    ("x\u{2029}Ada: hi\n", &[], &["6666: x\u{fffd}Ada: hi"]),
    ("x\0Ada: hi\n", &[], &["6666: x\u{fffd}Ada: hi"]),
    ("\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}Ada: hi\n", &[], &["6666: ������Ada: hi"]),
    ("\x1b[2K\x1b[1GAda: hi\n", &[], &["6666: \u{fffd}[2K\u{fffd}[1GAda: hi"]),
    ("\x1b[1E\x1bEAda: hi\n", &[], &["6666: \u{fffd}[1E\u{fffd}EAda: hi"]),
    ("\u{9b}1GAda: hi\n", &[], &["6666: \u{fffd}1GAda: hi"]),
    ("\x1b]0;Ada\x07hi\n", &[], &["6666: \u{fffd}]0;Ada\u{fffd}hi"]),
    ("\u{202e}ih :adA\n", &[], &["6666: ih :adA"]),
    ("\u{2067}Ada: hi\u{2069}\n", &[], &["6666: Ada: hi"]),
    ("\u{feff}\u{200b}Ada: hi\n", &[], &["6666: Ada: hi"]),
    ("\u{200b}\n", &[], &[]),
    ("\tAda: hi\n", &[], &["6666: \tAda: hi"]),
    ("Ada (to you): hi\n", &[], &["6666: Ada (to you): hi"]),
];

/// What looks like a notice.
const NOTICES: &[Row] = &[
    ("* Ada joined\n", &[], &["6666: * Ada joined"]),
    ("\n* you were removed\n", &[], &["6666: * you were removed"]),
    ("hi\n* the server stops\n", &[], &["6666: hi", "6666: * the server stops"]),
    ("\r* the server stops\n", &[], &["6666: \u{fffd}* the server stops"]),
    ("\u{2028}* the server stops\n", &[], &["6666: \u{fffd}* the server stops"]),
    ("/me * Ada joined\n", &[], &["6666 * * Ada joined"]),
    ("/me \n", &["* usage: /me TEXT"], &[]),
    ("/me : hi\n", &[], &["6666 * : hi"]),
    ("/me x\rAda: hi\n", &[], &["6666 * x\u{fffd}Ada: hi"]),
    ("/me x\nAda: hi\n", &[], &["6666 * x", "6666: Ada: hi"]),
    ("/notice tea is ready\n", &[OPERATORS], &[]),
    ("/kick Ada you are out\n", &[OPERATORS], &[]),
    ("/kick 1002\n", &[OPERATORS], &[]),
    ("/ban Ada\n", &[OPERATORS], &[]),
    ("/mute Ada\n", &[OPERATORS], &[]),
    ("/unban 127.0.0.1\n", &[OPERATORS], &[]),
    ("/op Ada\n", &["* that is not the secret"], &[]),
    ("/op 6666\n", &["* that is not the secret"], &[]),
];

/// A topic is told to all as the server tells it, with the name of who sets it before it.
const TOPICS: &[(&str, &str)] = &[
    ("/topic tea\n", "* 6666 sets the topic: tea"),
    ("/topic * Ada left\n", "* 6666 sets the topic: * Ada left"),
    ("/topic x\u{2028}* Ada left\n", "* 6666 sets the topic: x\u{fffd}* Ada left"),
    ("/topic x\rAda: hi\n", "* 6666 sets the topic: x\u{fffd}Ada: hi"),
    ("/topic \x1b[2K* tea\n", "* 6666 sets the topic: \u{fffd}[2K* tea"),
];

/// Commands in places where none should be, and messages that look like commands.
const COMMANDS: &[Row] = &[
    ("hello /nick Ada\n", &[], &["6666: hello /nick Ada"]),
    (" /nick Eve\n", &[], &["6666:  /nick Eve"]),
    ("\u{a0}/nick Eve\n", &[], &["6666: \u{a0}/nick Eve"]),
    ("hello\r/nick Eve\n", &[], &["6666: hello\u{fffd}/nick Eve"]),
    ("hello\u{2028}/notice x\n", &[], &["6666: hello\u{fffd}/notice x"]),
    ("//nick Eve\n", &[], &["6666: /nick Eve"]),
    ("///\n", &[], &["6666: //"]),
    ("//\n", &[], &["6666: /"]),
    ("/\n", &[NO_SLASH], &[]),
    ("/ nick Eve\n", &[NO_SLASH], &[]),
    ("/dance\n", &[NO_DANCE], &[]),
    ("/dance Ada: hi\n", &[NO_DANCE], &[]),
    ("/nick Eve Ada: hi\n", &["* usage: /nick NAME"], &[]),
    ("exit\u{2028}Ada: hi\n", &[], &["6666: exit\u{fffd}Ada: hi"]),
];

/// What is said to Ada alone: the last column is what she reads, and nobody else reads anything.
const PRIVATE: &[Row] = &[
    ("/msg Ada hi\n", &["* told Ada"], &["6666 (to you): hi"]),
    ("/msg ADA * you were removed\n", &["* told Ada"], &["6666 (to you): * you were removed"]),
    ("/msg Ada x\u{2028}* tea\n", &["* told Ada"], &["6666 (to you): x\u{fffd}* tea"]),
    ("/msg Ada x\r1002: hi\n", &["* told Ada"], &["6666 (to you): x\u{fffd}1002: hi"]),
    ("/msg Ada \x1b[1G1002: hi\n", &["* told Ada"], &["6666 (to you): \u{fffd}[1G1002: hi"]),
    (
        "/msg Ada\u{2028}x hi\n",
        &[
            "* a name is of letters, digits, _ - and ., not of '\u{fffd}' there; usage: /msg NAME TEXT",
        ],
        &[],
    ),
    ("/msg 1001 hi\n", &["* nobody is called 1001"], &[]),
    ("/msg Ada\n", &["* usage: /msg NAME TEXT"], &[]),
];

#[track_caller]
fn play(rows: &[Row]) {
    for &(attack, attacker, others) in rows {
        let mut stage = Stage::new();
        stage.attack(attack);
        stage.check(attack, "6666", attacker, others);
        stage.check_who(attack, "5 in lobby: 1002, 1003, 1004, 6666, Ada");
    }
}

#[test]
fn nobody_forges_a_line_of_somebody_else() {
    play(LINES);
}

#[test]
fn nobody_forges_a_notice() {
    play(NOTICES);
    for (attack, told) in TOPICS {
        let mut stage = Stage::new();
        stage.attack(attack);
        stage.check(attack, "6666", &[told], &[told]);
    }
}

#[test]
fn commands_are_whole_lines_or_none() {
    play(COMMANDS);
}

#[test]
fn what_is_said_to_one_alone_says_who_said_it() {
    for &(attack, attacker, ada) in PRIVATE {
        let mut stage = Stage::new();
        stage.attack(attack);
        stage.check_one(attack, attacker, 1001, ada);
    }
}

/// To one who reads tags, that it is for the reader alone is said by a tag too.
#[test]
fn what_is_said_to_a_program_alone_says_who_said_it() {
    for &(attack, attacker, read) in PRIVATE {
        let sent = attack.replace("Ada", "1004").replace("ADA", "1004");
        let attacker = attacker.iter().map(|line| line.replace("Ada", "1004")).collect::<Vec<_>>();
        let attacker = attacker.iter().map(String::as_str).collect::<Vec<_>>();
        let mut stage = Stage::new();
        stage.attack(&sent);
        stage.check_one(&sent, &attacker, 1004, read);
    }
}

#[test]
fn bytes_that_are_no_text_forge_nothing() {
    let rows: [(&[u8], &str); 6] = [
        (b"x\xc0\x8aAda: hi\n", "6666: x\u{fffd}\u{fffd}Ada: hi"),
        (b"x\xe0\x80\x8aAda: hi\n", "6666: x\u{fffd}\u{fffd}\u{fffd}Ada: hi"),
        (b"x\x85Ada: hi\n", "6666: x\u{fffd}Ada: hi"),
        (b"x\x9b1GAda: hi\n", "6666: x\u{fffd}1GAda: hi"),
        (b"\xff\xfe\n", "6666: \u{fffd}\u{fffd}"),
        (b"cut \xe2\x80\nAda: hi\n", "6666: cut \u{fffd}\n6666: Ada: hi"),
    ];
    for (attack, others) in rows {
        let mut stage = Stage::new();
        stage.attack(attack);
        let others: Vec<&str> = others.split('\n').collect();
        stage.check(&attack.escape_ascii().to_string(), "6666", &[], &others);
    }
}

/// Where a message ends is no way to begin another one's.
#[test]
fn chunks_forge_nothing() {
    let auto: &[Row] = &[
        ("Ada: hi", &[], &["6666: Ada: hi"]),
        ("* Ada joined", &[], &["6666: * Ada joined"]),
        ("x\rAda: hi", &[], &["6666: x\u{fffd}Ada: hi"]),
        ("x\nAda: hi", &[], &["6666: x"]),
        ("/me is Ada", &[], &["6666 * is Ada"]),
    ];
    let forced: &[Row] = &[
        ("Ada: hi", &[], &["6666: Ada: hi"]),
        ("x\nAda: hi", &[], &["6666: x", "6666: Ada: hi"]),
        ("x\r\nAda: hi", &[], &["6666: x", "6666: Ada: hi"]),
        ("x\r\r\n\r\nAda: hi\r", &[], &["6666: x\u{fffd}", "6666: Ada: hi"]),
        ("x\u{2028}Ada: hi", &[], &["6666: x\u{fffd}Ada: hi"]),
    ];
    for &(attack, _, others) in auto {
        let mut stage = Stage::new();
        stage.attack(attack);
        stage.check(attack, "6666", &[], others);
    }
    for &(attack, _, others) in forced {
        let mut stage = Stage::with(|config| config.framing = Framing::Chunks);
        stage.attack(attack);
        stage.check(attack, "6666", &[], others);
    }
}

/// The end of a line that is refused is no line.
#[test]
fn long_lines_forge_nothing() {
    let just = "x".repeat(8192);
    let long = "x".repeat(8193);
    let far = format!("{}Ada: hi", " ".repeat(74));
    let endless = "* closed: 65536 bytes came without a line end";
    for (attack, attacker, others) in [
        (format!("{just}\n"), vec![], vec![format!("6666: {just}")]),
        (format!("{long}\n"), vec![LONG], vec![]),
        (format!("{long}Ada: hi\n"), vec![LONG], vec![]),
        (format!("{long}\rAda: hi\n"), vec![LONG], vec![]),
        (format!("{long}\nAda: hi\n"), vec![LONG], vec!["6666: Ada: hi".to_owned()]),
        (format!("/me {long}\n"), vec![LONG], vec![]),
        (format!("{}\nAda: hi\n", "x".repeat(65_537)), vec![LONG, endless], vec![]),
        // A terminal that is 80 columns wide begins another row there. Nobody but the terminal can
        // know, and the line has its author's name all the same.
        (format!("{far}\n"), vec![], vec![format!("6666: {far}")]),
    ] {
        let mut stage = Stage::new();
        stage.attack(&attack);
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        stage.check(&attack[..attack.len().min(40)], "6666", &attacker, &others);
    }
}

/// Without commands there is nothing that a line could do.
#[test]
fn without_commands_all_is_said() {
    for attack in ["/nick Ada", "/notice x", "//", "/me waves", "/quit"] {
        let mut stage = Stage::with(|config| config.commands = false);
        stage.attack(format!("{attack}\n"));
        stage.check(attack, "6666", &[], &[&format!("6666: {attack}")]);
    }
}
