//! Names, rooms and commands, as people meet them.

use std::net::SocketAddr;
use std::time::Duration;

use chat_core::testing::{MemoryPeer, MemoryServer};
use chat_core::wire::Secret;
use chat_core::{CloseReason, ServerConfig, ServerEvent};

/// A server in memory, with clients by the names of the test.
struct Scene {
    server: MemoryServer,
    peers: Vec<(&'static str, MemoryPeer)>,
}

impl Scene {
    fn new(names: &[&'static str]) -> Scene {
        Scene::with(names, |_| {})
    }

    fn with(names: &[&'static str], set: impl FnOnce(&mut ServerConfig)) -> Scene {
        let mut config = ServerConfig::default();
        config.operator_secret = Some(Secret::new("sesame"));
        set(&mut config);
        let mut scene = Scene { server: MemoryServer::new(config), peers: Vec::new() };
        for name in names {
            scene.join(name);
        }
        for (_, peer) in &scene.peers {
            peer.read();
        }
        scene
    }

    /// Lets one more come, from an address of its own.
    fn join(&mut self, name: &'static str) {
        let port = u16::try_from(self.peers.len()).unwrap() + 1;
        let addr = SocketAddr::from(([127, 0, 0, u8::try_from(port).unwrap()], port));
        let peer = self.server.connect_from(addr);
        self.peers.push((name, peer));
    }

    fn peer(&self, name: &str) -> &MemoryPeer {
        &self.peers.iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// One says a line, and then these read these lines, and nobody reads anything else.
    #[track_caller]
    fn play(&mut self, who: &str, line: &str, read: &[(&str, &str)]) {
        self.peer(who).send(format!("{line}\n"));
        self.server.run();
        for (name, peer) in &self.peers {
            let due = read.iter().filter(|(reader, _)| reader == name);
            let due: Vec<&str> = due.map(|&(_, line)| line).collect();
            let read = peer.read();
            assert_eq!(
                read.lines().collect::<Vec<_>>(),
                due,
                "what {name} reads when {who} says {line:?}"
            );
        }
    }
}

#[test]
fn a_name_stands_where_the_port_stood() {
    let mut scene = Scene::new(&["a", "b"]);
    scene.play("a", "/nick Ada", &[("a", "* you are called Ada")]);
    scene.play("a", "hello", &[("b", "Ada: hello")]);
    scene.play("b", "/nick ADA", &[("b", "* somebody is called ADA, or looks like it")]);
    scene.play("b", "/nick Admin", &[("b", "* nobody may be called Admin")]);
    scene.play(
        "b",
        "/nick 51839",
        &[(
            "b",
            "* a name is no number: those are the ports of who has no name; usage: /nick NAME",
        )],
    );
    scene.play("a", "/nick Grace", &[("a", "* you are called Grace")]);
    scene.play("b", "/nick ada", &[("b", "* you are called ada")]);
    scene.play("a", "exit", &[]);
    scene.play("b", "/nick Grace", &[("b", "* you are called Grace")]);
}

#[test]
fn what_is_said_stays_in_the_room() {
    let mut scene = Scene::new(&["a", "b", "c"]);
    scene.play("a", "/join tea", &[("a", "* you are in tea")]);
    scene.play("a", "anybody?", &[]);
    scene.play("b", "/join TEA", &[("b", "* you are in tea")]);
    scene.play("b", "me", &[("a", "2: me")]);
    scene.play("c", "lobby", &[]);
    scene.play("a", "/join tea", &[("a", "* you are in tea already")]);
    scene.play("a", "/who", &[("a", "* 2 in tea: 1, 2")]);
    scene.play("a", "/who lobby", &[("a", "* 1 in lobby: 3")]);
    scene.play("a", "/who nowhere", &[("a", "* there is no such room; /rooms lists them")]);
    scene.play("c", "/rooms", &[("c", "* 2 rooms: lobby (1), tea (2)")]);
    scene.play("a", "/leave", &[("a", "* you are in lobby")]);
    scene.play("a", "/leave", &[("a", "* you are in the lobby; exit leaves the chat")]);
    scene.play("a", "back", &[("c", "1: back")]);
    // A room is no more when the last one has left it, in whatever way.
    scene.play("b", "exit", &[]);
    scene.play("c", "/rooms", &[("c", "* 1 rooms: lobby (2)")]);
    scene.play("c", "/join tea", &[("c", "* you are in tea")]);
    scene.play("c", "alone", &[]);
}

#[test]
fn nothing_of_a_room_is_lost_on_the_way_out_of_it() {
    let mut scene = Scene::new(&["a", "b"]);
    scene.peer("b").set_room(10);
    scene.peer("a").send("one\ntwo\nthree\n");
    scene.server.run();
    scene.peer("b").send("/join tea\n");
    scene.server.run();
    scene.peer("a").send("not for b\n/join tea\nfour\n");
    scene.server.run();
    let mut read = scene.peer("b").read();
    scene.peer("b").set_room(1 << 20);
    scene.server.run();
    read += &scene.peer("b").read();
    assert_eq!(read, "1: one\n1: two\n1: three\n* you are in tea\n1: four\n");
}

#[test]
fn one_can_be_told_something_alone() {
    let mut scene = Scene::new(&["a", "b", "c"]);
    scene.play("a", "/msg 2 psst", &[("a", "* told 2"), ("b", "1 (to you): psst")]);
    scene.play("b", "/nick Bea", &[("b", "* you are called Bea")]);
    scene.play("a", "/msg bea hi  there", &[("a", "* told Bea"), ("b", "1 (to you): hi  there")]);
    scene.play("a", "/msg 2 psst", &[("a", "* nobody is called 2")]);
    scene.play("a", "/msg Nobody psst", &[("a", "* nobody is called Nobody")]);
    scene.play("a", "/me waves", &[("b", "1 * waves"), ("c", "1 * waves")]);
}

#[test]
fn whom_one_ignores_one_does_not_read() {
    let mut scene = Scene::new(&["a", "b", "c"]);
    scene.play("b", "/ignore 1", &[("b", "* you read no more of 1")]);
    scene.play("a", "boring", &[("c", "1: boring")]);
    scene.play("a", "/me yawns", &[("c", "1 * yawns")]);
    scene.play("a", "/msg 2 boring", &[("a", "* 2 ignores you")]);
    scene.play("c", "hear, hear", &[("a", "3: hear, hear"), ("b", "3: hear, hear")]);
    scene.play("b", "/ignore 2", &[("b", "* you do not read yourself")]);
    scene.play("b", "/unignore 1", &[("b", "* you read 1 again")]);
    scene.play("a", "news", &[("b", "1: news"), ("c", "1: news")]);
}

#[test]
fn a_room_has_a_topic() {
    let mut scene = Scene::new(&["a", "b"]);
    scene.play("a", "/topic", &[("a", "* the room has no topic")]);
    let set = "* 1 sets the topic: tea";
    scene.play("a", "/topic tea", &[("a", set), ("b", set)]);
    scene.play("b", "/topic", &[("b", "* topic: tea")]);
    scene.play("a", "/join biscuits", &[("a", "* you are in biscuits")]);
    scene.play("a", "/join lobby", &[("a", "* you are in lobby"), ("a", "* topic: tea")]);
}

#[test]
fn commands_are_explained_and_slashes_can_be_said() {
    let mut scene = Scene::new(&["a", "b"]);
    scene.play(
        "a",
        "/help nick",
        &[("a", "* /nick NAME: takes a name, in place of the port number")],
    );
    scene.play(
        "a",
        "/dance",
        &[(
            "a",
            "* there is no command /dance; /help lists them, and // at the start sends a slash",
        )],
    );
    scene.play("a", "//dance", &[("b", "1: /dance")]);
    scene.play(
        "a",
        "one\n/who\ntwo",
        &[("a", "* 2 in lobby: 1, 2"), ("b", "1: one"), ("b", "1: two")],
    );
    scene.peer("a").send("/help\n");
    scene.server.run();
    let help = scene.peer("a").read();
    assert!(help.contains("/nick") && help.contains("/rooms") && !help.contains("/kick"), "{help}");
    scene.play("a", "/quit", &[]);
    assert!(scene.peer("a").is_over());

    let mut plain = Scene::with(&["a", "b"], |config| config.commands = false);
    plain.play("a", "/nick Ada", &[("b", "1: /nick Ada")]);
    plain.play("a", "//", &[("b", "1: //")]);
}

#[test]
fn operators_keep_order() {
    let mut scene = Scene::new(&["a", "b", "c", "d"]);
    scene.play("a", "/kick 2", &[("a", "* only operators may do that")]);
    scene.play("a", "/op guess", &[("a", "* that is not the secret")]);
    scene.play("a", "/op sesame", &[("a", "* you are an operator")]);
    scene.play(
        "a",
        "/mute 2",
        &[("a", "* nobody reads 2 for 10 minutes"), ("b", "* nobody reads you for 10 minutes")],
    );
    for line in ["hello?", "/me shouts", "/msg 3 hello?", "/topic hello"] {
        scene.play("b", line, &[("b", "* nobody reads you at the moment")]);
    }
    scene.server.advance(Duration::from_mins(10));
    let read = [("a", "2: at last"), ("c", "2: at last"), ("d", "2: at last")];
    scene.play("b", "at last", &read);
    scene.play("a", "/op 3", &[("a", "* 3 is an operator"), ("c", "* you are an operator")]);
    let kicked = [("c", "* 2 was removed"), ("b", "* you were removed: too loud")];
    scene.play("c", "/kick 2 too loud", &kicked);
    assert!(scene.peer("b").is_over());
    let notice = "* tea is ready";
    scene.play("c", "/notice tea is ready", &[("a", notice), ("c", notice), ("d", notice)]);
    scene.play(
        "a",
        "/ban 4 5",
        &[
            ("a", "* 127.0.0.4 is kept away for 5 minutes"),
            ("d", "* you are kept away for 5 minutes"),
        ],
    );
    assert!(scene.peer("d").is_over());
    let again = |scene: &mut Scene| {
        let peer = scene.server.connect_from(([127, 0, 0, 4], 99).into());
        (peer.read(), peer.is_over())
    };
    assert_eq!(again(&mut scene), ("* you are kept away for 5 minutes\n".into(), true));
    scene.play("a", "/unban 127.0.0.4", &[("a", "* 127.0.0.4 may come again")]);
    assert_eq!(again(&mut scene), (String::new(), false));
    let reasons: Vec<CloseReason> = scene
        .server
        .events()
        .into_iter()
        .filter_map(|event| match event {
            ServerEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [CloseReason::Kicked, CloseReason::Banned, CloseReason::Banned]);
}

#[test]
fn who_comes_and_goes_is_told_if_so_wanted() {
    let mut scene = Scene::with(&["a", "b"], |config| config.announce = true);
    scene.join("c");
    for name in ["a", "b"] {
        assert_eq!(scene.peer(name).read(), "* 3 joined\n");
    }
    scene.play(
        "b",
        "/nick Bea",
        &[
            ("a", "* 2 is called Bea now"),
            ("b", "* you are called Bea"),
            ("c", "* 2 is called Bea now"),
        ],
    );
    scene.play(
        "c",
        "/join tea",
        &[("a", "* 3 left"), ("b", "* 3 left"), ("c", "* you are in tea")],
    );
    scene.play("b", "exit", &[("a", "* Bea left")]);
}
