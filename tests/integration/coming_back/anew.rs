//! Without a session: the client says again who it is, and tells what nobody can know.

use std::time::Duration;

use chat_core::testing::PATIENCE;
use chat_core::{ClientEvent, CloseReason, RequestError};

use super::{SESSION, Scene};
use crate::tagged_client::READY;

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
    // A part of the line came alone, and its end comes late.
    server.say("* there is no command /resu; /help lists them");
    server
        .say("* there is no command /resume; /help lists them, and // at the start sends a slash");
    server.expect("/tags");
    let event = scene.back(1);
    assert!(matches!(event, ClientEvent::Lost { lines: None, unanswered: 1, .. }), "{event:?}");
    assert_eq!(scene.lines(), Vec::<String>::new());
}
