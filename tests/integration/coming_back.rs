//! A client whose connection is lost, at stand-ins that the test plays itself, line by line.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use chat_core::testing::{PATIENCE, Peer, Recorder, within};
use chat_core::{Client, ClientConfig, ClientEvent, CloseReason, Reconnect, RequestError};

use crate::tagged_client::READY;

/// What a server answers to `/resume`, as it goes on behind the first tag.
const SESSION: &str = "kind=answer;session=5e55;epoch=1;msgid=10;within=120;resend=4";

/// What a server answers to one that has come back.
fn welcome(more: &str) -> String {
    format!(
        "@kind=answer;server=chat-core;version=0.1.0;line=8192;name=51839;room=lobby;\
         session=5e56;within=120;resend=4;{more} * you are back"
    )
}

/// How fast clients come back here: tests wait for nothing.
fn at_once() -> Reconnect {
    let mut reconnect = Reconnect::default();
    (reconnect.first, reconnect.most) = (Duration::from_millis(1), Duration::from_millis(10));
    reconnect
}

/// A client, and the place where it finds its server again and again.
struct Scene {
    listener: TcpListener,
    client: Client,
    events: Recorder<ClientEvent>,
}

impl Scene {
    #[track_caller]
    fn new(set: impl FnOnce(&mut ClientConfig)) -> (Scene, Peer) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut config = ClientConfig::default();
        config.reconnect = Some(at_once());
        set(&mut config);
        let events = Recorder::new();
        let addr = listener.local_addr().unwrap();
        let client = Client::connect_with(addr, config, events.handler()).unwrap();
        let scene = Scene { listener, client, events };
        let server = scene.accept();
        (scene, server)
    }

    /// A client with tags and a session.
    #[track_caller]
    fn in_session(set: impl FnOnce(&mut ClientConfig)) -> (Scene, Peer) {
        let (scene, mut server) = Scene::tagged(set);
        server.expect("@label=1 /resume");
        server.say(&format!("@{SESSION};label=1 * you may come back within 120 seconds"));
        (scene, server)
    }

    /// A client with tags that may ask for a session now.
    #[track_caller]
    fn tagged(set: impl FnOnce(&mut ClientConfig)) -> (Scene, Peer) {
        let (scene, mut server) = Scene::new(|config| {
            config.tags = true;
            set(config);
        });
        server.expect("/tags");
        server.say(READY);
        (scene, server)
    }

    #[track_caller]
    fn accept(&self) -> Peer {
        let listener = self.listener.try_clone().unwrap();
        Peer::new(within("a connection", move || listener.accept().unwrap().0))
    }

    /// Waits for the next event after so many.
    #[track_caller]
    fn event(&self, number: usize) -> ClientEvent {
        self.events.wait(&format!("event {number}"), |events| events.get(number).cloned())
    }

    /// Waits until the client has told, for the so-manieth time, what became of its lines.
    #[track_caller]
    fn back(&self, times: usize) -> ClientEvent {
        let is_back = |event: &&ClientEvent| {
            matches!(event, ClientEvent::Recovered { .. } | ClientEvent::Lost { .. })
        };
        self.events
            .wait("it is back", |events| events.iter().filter(is_back).nth(times - 1).cloned())
    }

    #[track_caller]
    fn end(&self) -> (CloseReason, u64) {
        self.events.wait("Disconnected", |events| match events.last() {
            Some(ClientEvent::Disconnected { reason, unsent }) => Some((*reason, *unsent)),
            _ => None,
        })
    }

    /// What people would read.
    fn lines(&self) -> Vec<String> {
        let events = self.events.all();
        let lines = events.iter().filter_map(|event| match event {
            ClientEvent::Line(line) => Some(line.to_string()),
            ClientEvent::Message { from, text, .. } => Some(format!("{from}: {text}")),
            _ => None,
        });
        lines.collect()
    }
}

#[test]
fn a_plain_client_comes_back_and_says_what_waited() {
    let (scene, mut server) = Scene::new(|config| {
        config.greeting = vec!["/nick Ada".parse().unwrap()];
    });
    server.expect("/nick Ada");
    let first = scene.client.local_addr();
    assert_eq!(first, server.peer_addr());
    drop(server);
    let event = scene.event(0);
    let ClientEvent::Reconnecting { attempt: 1, after, reason, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(reason, CloseReason::EndOfStream);
    assert!((Duration::from_micros(500)..=Duration::from_millis(1)).contains(&after), "{after:?}");
    scene.client.send("one").unwrap();
    let mut server = scene.accept();
    server.expect_all(["/nick Ada", "one"]);
    let event = scene.event(1);
    assert!(matches!(event, ClientEvent::Lost { lines: None, unanswered: 0, .. }), "{event:?}");
    assert_eq!(scene.client.local_addr(), server.peer_addr());
    server.say("7: welcome back");
    scene.client.close();
    server.expect_bytes("exit\n");
    drop(server);
    assert_eq!(scene.end(), (CloseReason::Exit, 0));
    assert_eq!(scene.lines(), ["7: welcome back"]);
}

#[test]
fn in_a_session_what_was_missed_is_told_and_what_was_sent_is_said_once() {
    let (scene, mut server) = Scene::in_session(|config| {
        config.name = Some("Ada".parse().unwrap());
    });
    scene.client.send("one").unwrap();
    server.expect_all(["@label=2 /nick Ada", "@label=3 one"]);
    server.say("@kind=answer;name=Ada;label=2 * you are called Ada");
    server.say("@kind=message;msgid=12;from=7;room=lobby 7: hi");
    server.say("@kind=message;msgid=11;from=8;room=tea 8: hi there");
    scene.event(3);
    let mut who = scene.client.who(None);
    server.expect("@label=4 /who");
    drop(server);
    scene.client.send("two").unwrap();

    let mut server = scene.accept();
    server.expect("/resume 5e55 1 11");
    // Before it is known again, it is somebody in the lobby.
    server.say("9: to whom it may concern");
    server.say("@kind=message;msgid=13;from=7;room=lobby 7: missed");
    server.say(&welcome("epoch=1;msgid=13;recovered=1"));
    server.expect_all(["@label=3 one", "@label=4 /who", "@label=5 two"]);
    server.say("@kind=sent;msgid=12;room=lobby;label=3 * sent");
    server.say("@kind=answer;names=Ada;count=1;room=lobby;label=4 * 1 in lobby: Ada");
    server.say("@kind=error;label=5 * nobody reads you at the moment");
    assert_eq!(who.wait(PATIENCE).unwrap().count, 1);
    let event = scene.back(1);
    assert!(
        matches!(event, ClientEvent::Recovered { lines: 1, unanswered: 0, restarted: false, .. }),
        "{event:?}"
    );
    assert_eq!(scene.lines(), ["7: hi", "8: hi there", "7: missed"]);
    scene.events.wait("the refusal", |events| {
        matches!(events.last(), Some(ClientEvent::Refused { .. })).then_some(())
    });
    // That a message was said is nothing to tell of.
    let answers = |event: &&ClientEvent| matches!(event, ClientEvent::Answer { .. });
    assert_eq!(scene.events.all().iter().filter(answers).count(), 1);

    // The next time it has the new token, and the number of the answer.
    server.reset();
    let mut server = scene.accept();
    server.expect("/resume 5e56 1 13");
    server.say(&welcome("epoch=1;msgid=13;recovered=0;lost=7"));
    let event = scene.back(2);
    assert!(matches!(event, ClientEvent::Lost { lines: Some(7), unanswered: 0, .. }), "{event:?}");
}

#[test]
fn no_more_lines_are_on_their_way_than_the_server_remembers() {
    let (scene, mut server) = Scene::in_session(|_| {});
    for number in 1..=9 {
        scene.client.send(&format!("line {number}")).unwrap();
    }
    // The four labels that the server remembers.
    server.expect_bytes("@label=2 line 1\n@label=3 line 2\n@label=4 line 3\n@label=5 line 4\n");
    // One in the middle makes no room: the server would forget the first.
    server.say("@kind=sent;msgid=12;label=3 * sent");
    server.say("@kind=notice * are you there?");
    scene.event(1);
    server.say("@kind=sent;msgid=11;label=2 * sent");
    server.expect_bytes("@label=6 line 5\n@label=7 line 6\n");
    drop(server);
    let mut server = scene.accept();
    server.expect("/resume 5e55 1 10");
    server.say(&welcome("epoch=1;msgid=12;recovered=0"));
    server.expect_bytes("@label=4 line 3\n@label=5 line 4\n@label=6 line 5\n@label=7 line 6\n");
    scene.client.close();
    for label in 4..=7 {
        server.say(&format!("@kind=sent;msgid={label};label={label} * sent"));
    }
    // Leaving comes after all that was given to be said.
    server.expect_bytes("@label=8 line 7\n@label=9 line 8\n@label=10 line 9\nexit\n");
    for label in 8..=10 {
        server.say(&format!("@kind=sent;msgid={label};label={label} * sent"));
    }
    server.expect_end();
    drop(server);
    assert_eq!(scene.end(), (CloseReason::Exit, 0));
}

#[test]
fn a_session_that_is_unknown_is_begun_anew() {
    let (scene, mut server) = Scene::in_session(|config| {
        config.name = Some("Ada".parse().unwrap());
        config.rooms = vec!["tea".parse().unwrap()];
    });
    server.expect_all(["@label=2 /nick Ada", "@label=3 /join tea"]);
    scene.client.send("one").unwrap();
    server.expect("@label=4 one");
    let mut who = scene.client.who(None);
    server.expect("@label=5 /who");
    drop(server);

    let mut server = scene.accept();
    server.expect("/resume 5e55 1 10");
    server.say("@kind=error * there is no such session; begin anew");
    server.expect("/tags");
    server.say(READY);
    server.expect("@label=6 /resume");
    server.say(&format!("@{};label=6 * you may come back", SESSION.replace("5e55", "5e57")));
    server.expect_all(["@label=7 /nick Ada", "@label=8 /join tea"]);
    assert_eq!(who.wait(PATIENCE), Err(RequestError::Unknown));
    let event = scene.back(1);
    assert!(matches!(event, ClientEvent::Lost { lines: None, unanswered: 2, .. }), "{event:?}");
    scene.client.send("two").unwrap();
    server.expect("@label=9 two");
    drop(server);
    scene.accept().expect("/resume 5e57 1 10");
}

#[test]
fn a_server_that_was_restarted_is_not_asked_twice_to_do_something() {
    let (scene, mut server) = Scene::in_session(|_| {});
    let tea = "tea".parse().unwrap();
    let mut joins = scene.client.join_room(&tea);
    let mut says = scene.client.say_in(&tea, "milk?");
    server.expect_all(["@label=2 /join tea", "@label=3;room=tea milk?"]);
    drop(server);
    let mut server = scene.accept();
    server.expect("/resume 5e55 1 10");
    server.say(&welcome("epoch=2;msgid=3;recovered=0"));
    server.expect("@label=3;room=tea milk?");
    server.say("@kind=sent;msgid=4;room=tea;label=3 * sent");
    assert_eq!(says.wait(PATIENCE).unwrap().msgid, Some(4));
    assert_eq!(joins.wait(PATIENCE), Err(RequestError::Unknown));
    let event = scene.back(1);
    assert!(
        matches!(event, ClientEvent::Recovered { lines: 0, unanswered: 1, restarted: true, .. }),
        "{event:?}"
    );
}

#[test]
fn a_server_without_sessions_is_asked_for_tags_again() {
    let (scene, mut server) = Scene::tagged(|config| {
        config.name = Some("Ada".parse().unwrap());
    });
    server.expect("@label=1 /resume");
    server.say("@kind=error;label=1 * there is no command /resume; /help lists them");
    server.expect("@label=2 /nick Ada");
    scene.client.send("one").unwrap();
    let mut who = scene.client.who(None);
    server.expect_all(["one", "@label=3 /who"]);
    drop(server);
    let mut server = scene.accept();
    server.expect("/tags");
    server.say("9: to whom it may concern");
    server.say("* this is a notice");
    server.say(READY);
    server.expect("@label=4 /resume");
    server.say("@kind=error;label=4 * this server has no sessions");
    server.expect("@label=5 /nick Ada");
    assert_eq!(who.wait(PATIENCE), Err(RequestError::Unknown));
    let event = scene.back(1);
    assert!(matches!(event, ClientEvent::Lost { lines: None, unanswered: 1, .. }), "{event:?}");
    // What the client asks for by itself is nothing that its user has to be told of.
    let refused = |event: &&ClientEvent| matches!(event, ClientEvent::Refused { .. });
    assert_eq!(scene.events.all().iter().filter(refused).count(), 0);
    assert_eq!(scene.lines(), ["* this is a notice"]);
}

#[test]
fn a_server_that_has_become_one_without_the_command_is_asked_for_tags() {
    let (scene, mut server) = Scene::in_session(|_| {});
    scene.client.send("one").unwrap();
    server.expect("@label=2 one");
    drop(server);
    let mut server = scene.accept();
    server.expect("/resume 5e55 1 10");
    server
        .say("* there is no command /resume; /help lists them, and // at the start sends a slash");
    server.expect("/tags");
    let event = scene.back(1);
    assert!(matches!(event, ClientEvent::Lost { lines: None, unanswered: 1, .. }), "{event:?}");
    assert_eq!(scene.lines(), Vec::<String>::new());
}

#[test]
fn a_connection_that_is_lost_before_the_answer_is_an_attempt_in_vain() {
    let (scene, server) = Scene::in_session(|config| {
        config.reconnect.as_mut().unwrap().first = Duration::from_hours(1);
        config.reconnect.as_mut().unwrap().most = Duration::from_hours(1);
    });
    scene.event(0);
    drop(server);
    // Nobody waits that long: to close is to leave at once.
    let event = scene.event(1);
    assert!(matches!(event, ClientEvent::Reconnecting { attempt: 1, .. }), "{event:?}");
    scene.client.send("one").unwrap();
    scene.client.close();
    assert_eq!(scene.end(), (CloseReason::EndOfStream, 1));

    let (scene, server) = Scene::in_session(|config| {
        let mut reconnect = Reconnect::default();
        (reconnect.first, reconnect.attempts) = (Duration::from_micros(1), Some(3));
        reconnect.most = Duration::from_micros(1);
        config.reconnect = Some(reconnect);
    });
    scene.event(0);
    drop(server);
    drop(scene.listener);
    let end = scene.events.wait("the end", |events| {
        matches!(events.last(), Some(ClientEvent::Disconnected { .. })).then(|| events.to_vec())
    });
    let attempts: Vec<u32> = end
        .iter()
        .filter_map(|event| match event {
            ClientEvent::Reconnecting { attempt, .. } => Some(*attempt),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
}

#[test]
fn whoever_leaves_does_not_come_back() {
    for (is_tagged, word) in [(false, "exit"), (false, " EXIT "), (false, "/quit"), (true, "/quit")]
    {
        let (scene, mut server) =
            if is_tagged { Scene::in_session(|_| {}) } else { Scene::new(|_| {}) };
        scene.client.send(word).unwrap();
        server.expect(word);
        drop(server);
        assert_eq!(scene.end(), (CloseReason::EndOfStream, 0), "{word}");
    }
}

#[test]
fn a_line_that_is_too_long_for_its_label_is_told_and_in_nobodys_way() {
    let (scene, mut server) = Scene::in_session(|_| {});
    let fits = "x".repeat(8192 - "@label=2 ".len());
    scene.client.send(&fits).unwrap();
    server.expect(&format!("@label=2 {fits}"));
    scene.client.send(&format!("{fits}y")).unwrap();
    let event = scene.event(1);
    let ClientEvent::Refused { text, .. } = event else { panic!("{event:?}") };
    assert_eq!(&*text, "line refused: with its label it is longer than 8192 bytes");
    let mut said = scene.client.say_in(&"tea".parse().unwrap(), &fits);
    assert_eq!(said.wait(PATIENCE), Err(RequestError::Refused(text)));
    scene.client.send("   /shrug").unwrap();
    server.expect("@label=3 //shrug");
}

#[test]
fn the_token_is_not_shown() {
    let (scene, mut server) = Scene::in_session(|_| {});
    scene.client.send("one").unwrap();
    server.expect("@label=2 one");
    drop(server);
    let mut server = scene.accept();
    server.expect("/resume 5e55 1 10");
    server.say(&welcome("epoch=1;msgid=13;recovered=0"));
    scene.back(1);
    let shown = format!("{:?} {:?}", scene.client, scene.events.all());
    assert!(!shown.contains("5e5"), "{shown}");
}
