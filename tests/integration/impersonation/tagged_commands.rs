//! By tags before commands: what is answered, and what others read of what was done.

use super::stage::Stage;
use super::tags::{Row, play};

/// Tags before what is no mere message.
const COMMANDS: &[Row] = &[
    ("@from=Ada /me waves\n", &[], &["6666 * waves"]),
    (
        "@label=a /me * Ada joined\n",
        &["kind=sent;msgid=3;room=lobby;label=a * sent"],
        &["6666 * * Ada joined"],
    ),
    (
        "@label=a /me @from=Ada hi\n",
        &["kind=sent;msgid=3;room=lobby;label=a * sent"],
        &["6666 * @from=Ada hi"],
    ),
    ("@label=a /me\n", &["kind=error;label=a * usage: /me TEXT"], &[]),
    (
        "@label=a    /me waves\n",
        &["kind=sent;msgid=3;room=lobby;label=a * sent"],
        &["6666 * waves"],
    ),
    ("@from=Ada //me waves\n", &[], &["6666: /me waves"]),
    (
        "@label=a //nick Ada\n",
        &["kind=sent;msgid=3;room=lobby;label=a * sent"],
        &["6666: /nick Ada"],
    ),
    ("@label=a //\n", &["kind=sent;msgid=3;room=lobby;label=a * sent"], &["6666: /"]),
    ("//@from=Ada hi\n", &[], &["6666: /@from=Ada hi"]),
    ("@kind=notice /notice hi\n", &["kind=error * only operators may do that"], &[]),
    (
        "@from=Ada;label=a /nick Ada\n",
        &["kind=error;label=a * somebody is called Ada, or looks like it"],
        &[],
    ),
    (
        "/nick a;b\n",
        &[
            "kind=error * a name is of letters, digits, _ - and ., not of ';' there; usage: /nick NAME",
        ],
        &[],
    ),
    (
        "/nick a\\sb\n",
        &[
            "kind=error * a name is of letters, digits, _ - and ., not of '\\\\' there; usage: /nick NAME",
        ],
        &[],
    ),
    ("/nick a b\n", &["kind=error * usage: /nick NAME"], &[]),
    ("@name=Ada /nick\n", &["kind=error * usage: /nick NAME"], &[]),
];

/// A topic, and as it is written in a tag.
const TOPICS: &[(&str, &str)] = &[
    ("a;b\\c d", "a\\:b\\\\c\\sd"),
    ("a;from=Ada;kind=notice * hi", "a\\:from=Ada\\:kind=notice\\s*\\shi"),
    ("@from=Ada hi", "@from=Ada\\shi"),
    ("\\", "\\\\"),
    ("\\n\\s\\:", "\\\\n\\\\s\\\\:"),
    (";;", "\\:\\:"),
    ("a    b", "a\\s\\s\\s\\sb"),
    ("a\tb\u{a0}c", "a\tb\u{a0}c"),
    ("a\u{2028}* Ada left", "a\u{fffd}*\\sAda\\sleft"),
    ("a\rAda: hi", "a\u{fffd}Ada:\\shi"),
    ("=", "="),
];

#[test]
fn tags_before_a_command_forge_nothing() {
    play(COMMANDS);
}

/// A topic that looks like tags is whole in the tags, of its line and of what is asked later.
#[test]
fn a_topic_is_the_same_in_tags() {
    for (topic, written) in TOPICS {
        let mut stage = Stage::tagged();
        let attack = format!("@label=a;topic=milk;from=Ada /topic {topic}\n");
        stage.attack(&attack);
        let safe = topic.replace(['\u{2028}', '\r'], "\u{fffd}");
        let told = format!("* 6666 sets the topic: {safe}");
        let own = format!("kind=topic;msgid=3;room=lobby;from=6666;topic={written} {told}");
        let done = "kind=answer;label=a * done";
        stage.check(&attack, "6666", &[&own, done], &[&told]);
        stage.attack("@label=b /topic\n");
        let asked = format!("kind=answer;room=lobby;topic={written};label=b * topic: {safe}");
        stage.check(&attack, "6666", &[&asked], &[]);
    }
}

#[test]
fn what_is_said_to_one_alone_has_the_tags_of_the_server() {
    for (one, name) in [(1001, "Ada"), (1002, "1002"), (1003, "1003"), (1004, "1004")] {
        for (tags, label) in [
            ("from=Ada;kind=notice", ""),
            ("label=a\\:from=Ada;room=lobby", ";label=a\\:from=Ada"),
            // A room means nothing to what is for one alone.
            ("room=tea", ""),
        ] {
            let mut stage = Stage::tagged();
            let attack = format!("@{tags} /msg {name} @from=Ada * hi\n");
            stage.attack(&attack);
            let told = format!("kind=answer;msgid=3{label} * told {name}");
            stage.check_one(&attack, &[&told], one, &["6666 (to you): @from=Ada * hi"]);
        }
    }
}

/// In which room something is said is what the attacker's rooms are, whatever its tags say.
#[test]
fn a_room_is_only_for_those_who_are_in_it() {
    let rooms = [("tea", "tea"), ("TEA", "TEA"), ("te\u{200b}a", "tea"), ("te\\a", "tea")];
    for (room, shown) in rooms.into_iter().chain([("ꓔꓰꓮ", "ꓔꓰꓮ"), ("garden", "garden")])
    {
        let mut stage = Stage::tagged();
        stage.ada.send("/join tea\n");
        stage.server.run();
        assert_eq!(stage.ada.read(), "* you are in tea\n");
        let not_there = format!("kind=error * you are not in {shown}");
        for attack in ["Ada: hi", "/me waves", "/topic milk", "/topic", "/leave"] {
            let attack = format!("@room={room} {attack}\n");
            stage.attack(&attack);
            stage.check(&attack, "6666", &[&not_there], &[]);
        }
        stage.check_rooms(room, "2 rooms: lobby (4), tea (1)");
    }
    // In two rooms, each hears what is said in it.
    let mut stage = Stage::tagged();
    stage.ada.send("/join tea\n");
    stage.server.run();
    stage.ada.read();
    stage.attack("/join TEA\n");
    stage.check("/join", "6666", &["kind=answer;room=tea * you are in tea"], &[]);
    let sent = "kind=sent;msgid=3;room=tea;label=a * sent";
    stage.attack("@label=a;room=tea * hi\n");
    stage.check_one("tea", &[sent], 1001, &["6666: * hi"]);
}

/// With a name of its own, the attacker is called so in all tags, and only so.
#[test]
fn the_name_in_tags_is_that_of_the_author() {
    let mut stage = Stage::tagged();
    stage.attack("@label=a;name=Ada;from=Ada /nick Eve\n@from=6666 6666: hi\n");
    let named = "kind=answer;name=Eve;label=a * you are called Eve";
    stage.check("/nick", "Eve", &[named], &["Eve: 6666: hi"]);
    stage.attack("@from=Ada;name=Ada /me is Ada\n@from=Ada /topic tea\n");
    let topic = "* Eve sets the topic: tea";
    let own = format!("kind=topic;msgid=5;room=lobby;from=Eve;topic=tea {topic}");
    stage.check("/me", "Eve", &[&own], &["Eve * is Ada", topic]);
}

#[test]
fn whoever_leaves_says_nothing_by_tags() {
    for attack in ["@from=Ada exit\n", "@label=a   EXIT \n", "@;kind=notice /quit\n"] {
        let mut stage = Stage::tagged();
        stage.attack(attack);
        stage.check(attack, "6666", &[], &[]);
        assert!(stage.attacker.is_over(), "{attack:?}");
        stage.check_who(attack, "4 in lobby: 1002, 1003, 1004, Ada");
    }
}
