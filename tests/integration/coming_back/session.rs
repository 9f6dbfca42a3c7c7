//! Within a session: nothing is missed, and nothing is said twice.

use chat_core::testing::PATIENCE;
use chat_core::{ClientEvent, CloseReason, RequestError};

use super::{Scene, welcome};

#[test]
fn in_a_session_what_was_missed_is_told_and_what_was_sent_is_said_once() {
    let (scene, mut server) = Scene::in_session(|config| {
        config.name = Some("Ada".parse().unwrap());
    });
    scene.client.send("one").unwrap();
    server.expect_all(["@label=2 /nick Ada", "@label=3 one"]);
    server.say("@kind=answer;name=Ada;label=2 * you are called Ada");
    server.say("@kind=message;msgid=12;from=8;room=tea 8: hi there");
    server.say("@kind=message;msgid=11;from=7;room=lobby 7: hi");
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
    assert_eq!(scene.lines(), ["8: hi there", "7: hi", "7: missed"]);
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
fn of_a_loss_is_told_what_was_recovered_and_whether_the_server_was_restarted() {
    let (scene, mut server) = Scene::in_session(|_| {});
    for (times, epoch) in [(1, 1), (2, 2), (3, 2)] {
        drop(server);
        server = scene.accept();
        server.line();
        server.say(&welcome(&format!("epoch={epoch};msgid=13;recovered={times};lost=7")));
        let event = scene.back(times);
        let ClientEvent::Lost { lines: Some(7), recovered, unanswered: 0, restarted, .. } = event
        else {
            panic!("{event:?}")
        };
        assert_eq!((recovered, restarted), (times as u64, times == 2));
    }
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
fn a_part_of_a_line_is_not_heard() {
    let (scene, mut server) = Scene::in_session(|_| {});
    server.say("@kind=message;msgid=11;from=7;room=lobby 7: one");
    server.send("@kind=message;msgid=12;from=7;room=lobby 7: tw");
    drop(server);
    let mut server = scene.accept();
    server.expect("/resume 5e55 1 11");
    server.send("@kind=message;msgid=12;from=7;room=lobby 7: two\n@kind=answer;session=5e");
    drop(server);
    let mut server = scene.accept();
    server.expect("/resume 5e55 1 12");
    assert_eq!(scene.lines(), ["7: one", "7: two"]);
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
    // Nor is a part of an answer, with nothing behind its tags.
    let (other, mut server) = Scene::tagged(|_| {});
    server.expect("@label=1 /resume");
    server.send("@kind=answer;label=1;session=5e55;ep");
    drop(server);
    other.accept().expect("/tags");
    let events = [scene.events.all(), other.events.all()];
    let shown = format!("{:?} {events:?}", scene.client);
    assert!(!shown.contains("5e5"), "{shown}");
}
