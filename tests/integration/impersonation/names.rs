//! By a name: of a client, or of a room.

use super::stage::Stage;

/// Why a name is not to be had.
#[derive(Debug, Clone, Copy)]
enum Why {
    Number,
    Character(char),
    Scripts,
    Wide,
    Usage,
    /// It reads so, once it is safe, and somebody is called so.
    Taken(&'static str),
    /// Likewise, and nobody may be called so.
    Reserved(&'static str),
}

impl Why {
    fn answer(self, usage: &str) -> String {
        let name = match self {
            Why::Number => "* a name is no number: those are the ports of who has no name".into(),
            Why::Character(c) => {
                format!("* a name is of letters, digits, _ - and ., not of {c:?} there")
            }
            Why::Scripts => "* a name is of one script".into(),
            Why::Wide => "* a name is no wider than 32 columns".into(),
            Why::Usage => return format!("* usage: {usage}"),
            Why::Taken(name) => return format!("* somebody is called {name}, or looks like it"),
            Why::Reserved(name) => return format!("* nobody may be called {name}"),
        };
        format!("{name}; usage: {usage}")
    }
}

/// What would read as the port of somebody who has no name.
const PORTS: &[(&str, Why)] = &[
    ("1002", Why::Number),
    ("01002", Why::Number),
    ("l002", Why::Number),
    ("1OO2", Why::Number),
    ("І002", Why::Number),
    ("١٠٠٢", Why::Number),
    ("१००२", Why::Number),
    ("๑๐๐๒", Why::Number),
    ("１００２", Why::Character('１')),
    ("𝟏𝟎𝟎𝟐", Why::Character('𝟏')),
    ("①⓪⓪②", Why::Character('①')),
    ("¹⁰⁰²", Why::Character('¹')),
    // Letters alone, which look like 11010, 10001 and 36363.
    ("lIOIO", Why::Number),
    ("IOOOI", Why::Number),
    ("ЗбЗбЗ", Why::Number),
    ("1002:", Why::Character(':')),
    ("1002 *", Why::Number),
];

/// What would read as more than a name.
const FORMS: &[(&str, Why)] = &[
    ("", Why::Usage),
    ("Eve Adams", Why::Usage),
    ("Eve\tAdams", Why::Usage),
    ("Eve\u{2003}Adams", Why::Usage),
    ("Ada: hi", Why::Character(':')),
    ("Ada:", Why::Character(':')),
    ("*", Why::Character('*')),
    ("* Ada joined", Why::Character('*')),
    ("Ada*", Why::Character('*')),
    ("/Ada", Why::Character('/')),
    ("Ada/", Why::Character('/')),
    ("@Ada", Why::Character('@')),
    ("Ada@home", Why::Character('@')),
    ("Ada(to", Why::Character('(')),
    ("Ada,1002", Why::Character(',')),
    ("Eve\rAda", Why::Character('\u{fffd}')),
    ("Eve\u{2028}Ada", Why::Character('\u{fffd}')),
    ("Eve\u{85}Ada", Why::Character('\u{fffd}')),
    ("\x1b[1GAda", Why::Character('\u{fffd}')),
    ("Ada\x07", Why::Character('\u{fffd}')),
    ("Ada🚀", Why::Character('🚀')),
    ("_Ada", Why::Character('_')),
    ("-Ada", Why::Character('-')),
    (".Ada", Why::Character('.')),
    ("\u{301}Ada", Why::Character('\u{301}')),
    ("A\u{316}\u{317}\u{316}\u{317}\u{316}da", Why::Character('\u{316}')),
    ("abcdefghijklmnopqrstuvwxyzabcdefg", Why::Wide),
    ("李李李李李李李李李李李李李李李李李", Why::Wide),
    // Letters of other scripts among Latin ones, and such as only stand for them.
    ("Аda", Why::Scripts),
    ("Αda", Why::Scripts),
    ("Adа", Why::Scripts),
    ("sеrver", Why::Scripts),
    ("rооt", Why::Scripts),
    ("аdmіn", Why::Scripts),
    ("Ａｄａ", Why::Character('Ａ')),
    ("𝐀𝐝𝐚", Why::Character('𝐀')),
    ("ⒶⒹⒶ", Why::Character('Ⓐ')),
];

/// What would read as Ada, or as the server.
const LOOKS: &[(&str, Why)] = &[
    ("Ada", Why::Taken("Ada")),
    ("ADA", Why::Taken("ADA")),
    ("aDa", Why::Taken("aDa")),
    ("Аԁа", Why::Taken("Аԁа")),
    ("ᎪᎠᎪ", Why::Taken("ᎪᎠᎪ")),
    ("ꓮꓒꓮ", Why::Taken("ꓮꓒꓮ")),
    ("Ad\u{200b}a", Why::Taken("Ada")),
    ("\u{feff}Ada", Why::Taken("Ada")),
    ("\u{202e}adA", Why::Taken("adA")),
    ("Ada\u{fe0f}", Why::Taken("Ada")),
    ("Ada\u{3164}", Why::Taken("Ada")),
    ("Ada\u{e0041}", Why::Taken("Ada")),
    ("Ada\u{a0}", Why::Taken("Ada")),
    ("server", Why::Reserved("server")),
    ("SERVER", Why::Reserved("SERVER")),
    ("ꜱerver", Why::Reserved("ꜱerver")),
    ("ꓢꓰꓣꓦꓰꓣ", Why::Reserved("ꓢꓰꓣꓦꓰꓣ")),
    ("System", Why::Reserved("System")),
    ("ADMlN", Why::Reserved("ADMlN")),
    ("adrnin", Why::Reserved("adrnin")),
    ("r00t", Why::Reserved("r00t")),
    ("0perator", Why::Reserved("0perator")),
    ("rnoderator", Why::Reserved("rnoderator")),
];

#[test]
fn a_name_that_is_not_to_be_had_changes_nothing() {
    for (name, why) in [PORTS, FORMS, LOOKS].concat() {
        let mut stage = Stage::new();
        stage.attack(format!("/nick {name}\nhello\n"));
        stage.check(name, "6666", &[&why.answer("/nick NAME")], &["6666: hello"]);
        stage.check_who(name, "5 in lobby: 1002, 1003, 1004, 6666, Ada");
    }
}

/// Names that may be had are in all that others read, as they are.
#[test]
fn a_name_that_is_had_is_that_of_its_owner() {
    for (sent, name) in [
        ("Eve", "Eve"),
        ("E\u{200b}v\u{202e}e", "Eve"),
        ("E\u{301}ve", "Éve"),
        ("notice", "notice"),
        ("you", "you"),
        ("joined", "joined"),
        ("Ева", "Ева"),
        ("1002a", "1002a"),
    ] {
        let mut stage = Stage::new();
        stage.attack(format!("/NICK {sent}\n* Ada joined\n/me is Ada\n/topic tea\n"));
        let answers = [format!("* you are called {name}"), format!("* {name} sets the topic: tea")];
        let read = [
            format!("{name}: * Ada joined"),
            format!("{name} * is Ada"),
            format!("* {name} sets the topic: tea"),
        ];
        let [answers, read] =
            [&answers[..], &read].map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
        stage.check(sent, name, &answers, &read);
        // The port that it had is that of nobody now.
        stage.ada.send("/msg 6666 hi\n");
        stage.server.run();
        assert_eq!(stage.ada.read(), "* nobody is called 6666\n");
    }
}

/// A name is free when its owner has another one, or has left; not before.
#[test]
fn a_name_is_that_of_one_at_a_time() {
    let taken = "* somebody is called Ada, or looks like it";
    for release in ["/nick Grace\n", "exit\n"] {
        let mut stage = Stage::new();
        stage.attack("/nick Ada\nI am Ada\n");
        stage.check("Ada is here", "6666", &[taken], &["6666: I am Ada"]);
        stage.ada.send(release);
        stage.server.run();
        stage.ada.read();
        stage.attack("/nick Ada\n");
        assert_eq!(stage.attacker.read(), "* you are called Ada\n", "{release:?}");
    }
}

/// A room with a name that is none is not made, and one that looks like the lobby is the lobby.
#[test]
fn a_room_is_what_it_looks_like() {
    for (name, why) in FORMS {
        let mut stage = Stage::new();
        stage.attack(format!("/join {name}\nhello\n"));
        stage.check(name, "6666", &[&why.answer("/join ROOM")], &["6666: hello"]);
        stage.check_rooms(name, "1 rooms: lobby (5)");
    }
    for (name, shown) in [
        ("lobby", "lobby"),
        ("LOBBY", "LOBBY"),
        ("1obby", "1obby"),
        ("Iobby", "Iobby"),
        ("lo\u{200b}bby", "lobby"),
        ("\u{202e}lobby", "lobby"),
        ("ꓡꓳꓐꓐꓬ", "ꓡꓳꓐꓐꓬ"),
    ] {
        let mut stage = Stage::new();
        stage.attack(format!("/join {name}\nhello\n"));
        let already = format!("* you are in {shown} already");
        stage.check(name, "6666", &[&already], &["6666: hello"]);
        stage.check_rooms(name, "1 rooms: lobby (5)");

        let mut stage = Stage::new();
        stage.attack("/join tea\n");
        stage.attack(format!("/join {name}\nhello\n"));
        stage.check(name, "6666", &["* you are in tea", "* you are in lobby"], &["6666: hello"]);
        stage.check_rooms(name, "1 rooms: lobby (5)");
    }
}
