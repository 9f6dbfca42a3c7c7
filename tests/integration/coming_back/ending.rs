//! When a client does not come back any more.

use std::time::Duration;

use chat_core::{ClientEvent, CloseReason, Reconnect};

use super::Scene;

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
    // First of all, so that nobody is let in meanwhile.
    drop(scene.listener);
    drop(server);
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
