//! A plain client at a door that opens and shuts: somebody accepts its connections, and nobody lets
//! it in.

use std::time::Duration;

use chat_core::{ClientConfig, ClientEvent};

use super::Scene;

/// Longer than a stand-in takes to shut the door, and short enough to wait for some of them.
const HOLDS: Duration = Duration::from_secs(1);

fn patiently(config: &mut ClientConfig) {
    let reconnect = config.reconnect.as_mut().unwrap();
    (reconnect.first, reconnect.most) = (HOLDS, HOLDS);
}

/// The numbers of the attempts before each time that it was back, and after the last one.
fn attempts(events: &[ClientEvent]) -> Vec<Vec<u32>> {
    let mut attempts = vec![Vec::new()];
    for event in events {
        match event {
            ClientEvent::Reconnecting { attempt, .. } => {
                attempts.last_mut().unwrap().push(*attempt);
            }
            ClientEvent::Lost { .. } => attempts.push(Vec::new()),
            _ => {}
        }
    }
    attempts
}

#[test]
fn a_plain_client_that_is_not_let_in_is_not_back_and_says_nothing() {
    let (scene, server) = Scene::new(|config| {
        patiently(config);
        config.greeting = vec!["/nick Ada".parse().unwrap()];
    });
    drop(server);
    scene.event(0);
    scene.client.send("still here").unwrap();
    for number in 0..6 {
        let mut door = scene.accept();
        if number % 2 == 0 {
            door.say("* the server is full");
        }
    }
    let mut server = scene.accept();
    server.expect_all(["/nick Ada", "still here"]);
    scene.back(1);
    assert_eq!(attempts(&scene.events.all()), [(1..=7).collect(), Vec::new()]);

    // Its connection has held: the next loss is a new one.
    drop(server);
    let _server = scene.accept();
    scene.back(2);
    assert_eq!(attempts(&scene.events.all())[1..], [vec![1], Vec::new()]);
}

#[test]
fn a_plain_client_is_back_before_it_is_told_what_others_say() {
    let (scene, server) = Scene::new(patiently);
    drop(server);
    let mut server = scene.accept();
    server.say("* welcome");
    server.say("7: hello");
    scene.back(1);
    let events = scene.events.wait("what was said", |events| {
        matches!(events.last(), Some(ClientEvent::Line(line)) if line.to_string() == "7: hello")
            .then(|| events.to_vec())
    });
    assert!(matches!(events[events.len() - 2], ClientEvent::Lost { .. }), "{events:?}");
    // Who talks and shuts the door is not asked more often for that.
    drop(server);
    let again = scene.event(events.len());
    assert!(matches!(again, ClientEvent::Reconnecting { attempt: 2, .. }), "{again:?}");
}
