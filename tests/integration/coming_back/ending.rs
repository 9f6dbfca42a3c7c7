//! When a client does not come back any more.

use std::time::Duration;

use chat_core::testing::{Peer, Recorder, TestServer};
use chat_core::wire::Secret;
use chat_core::{
    Client, ClientConfig, ClientEvent, CloseReason, Incoming, Reconnect, Server, ServerConfig,
    Verdict,
};

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

/// What a client with tags and a session reads that is removed in some way, and how it ends.
#[track_caller]
fn removed(remove: impl FnOnce(&TestServer, &mut Peer, &Client)) -> (String, CloseReason) {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let server = server.on_message(|message: &Incoming<'_>| match message.text {
        "spam" => Verdict::close("no spam here"),
        _ => Verdict::Pass,
    });
    let mut config = ServerConfig::default();
    config.operator_secret = Some(Secret::new("sesame"));
    let server = TestServer::run(server.config(config));
    let mut boss = server.join();
    boss.say("/op sesame");
    boss.expect("* you are an operator");
    let (mut config, events) = (ClientConfig::default(), Recorder::new());
    (config.tags, config.reconnect) = (true, Some(super::at_once()));
    config.name = Some("Ada".parse().unwrap());
    let client = Client::connect_with(server.addr(), config, events.handler()).unwrap();
    events.wait("its name", |events| {
        events.iter().any(|event| matches!(event, ClientEvent::Answer { .. })).then_some(())
    });
    remove(&server, &mut boss, &client);
    let end = events.wait("the end", |events| match events.last() {
        Some(ClientEvent::Disconnected { reason, .. }) => Some(*reason),
        Some(ClientEvent::Reconnecting { .. }) => panic!("it comes back: {events:?}"),
        _ => None,
    });
    let told = events.all().into_iter().rev().find_map(|event| match event {
        ClientEvent::Notice { text, .. } => Some(text.to_string()),
        _ => None,
    });
    (told.unwrap(), end)
}

#[test]
fn whoever_is_removed_does_not_come_back() {
    let kicked = |told: &str| (told.to_owned(), CloseReason::Kicked);
    let by_operator = removed(|_, boss, _| boss.say("/kick Ada enough"));
    assert_eq!(by_operator, kicked("you were removed: enough"));
    for (reason, told) in [("", "you were removed"), ("enough", "enough")] {
        let by_program = removed(|server, _, client| {
            let conn = server.wait_for(client.local_addr());
            server.handle().kick(conn, reason).unwrap();
        });
        assert_eq!(by_program, kicked(told));
    }
    let by_guard = removed(|_, _, client| client.send("spam").unwrap());
    assert_eq!(by_guard, kicked("no spam here"));
    let banned = removed(|_, boss, _| boss.say("/ban Ada 5"));
    assert_eq!(banned, kicked("you are kept away for 5 minutes"));
}

#[test]
fn a_server_that_does_not_answer_whoever_comes_back_is_tried_again() {
    let (scene, mut server) = Scene::in_session(|config| {
        config.connect_timeout = Duration::from_millis(50);
        // A connection holds as soon as it is there, but for one that is given up for that.
        config.reconnect.as_mut().unwrap().first = Duration::from_micros(1);
        config.reconnect.as_mut().unwrap().attempts = Some(3);
    });
    scene.client.send("one").unwrap();
    server.expect("@label=2 one");
    drop(server);
    let silent: Vec<Peer> = (0..3)
        .map(|_| {
            let mut server = scene.accept();
            server.expect("/resume 5e55 1 10");
            server.say("9: what is said in the lobby is no answer");
            server
        })
        .collect();
    assert_eq!(scene.end(), (CloseReason::TimedOut, 1));
    drop(silent);
}
