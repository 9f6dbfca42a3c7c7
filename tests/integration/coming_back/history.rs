//! Lines that are given again have old numbers, and say nothing of how far their reader is.

use chat_core::testing::{PATIENCE, Peer, Recorder, TestServer};
use chat_core::{Client, ClientConfig, ClientEvent, ServerEvent};

use super::at_once;
use super::proxy::Proxy;

/// Somebody who is lost again and again, and somebody who talks.
struct Stage {
    server: TestServer,
    proxy: Proxy,
    ada: Client,
    events: Recorder<ClientEvent>,
    bob: Peer,
    /// How often she has come back.
    times: usize,
}

impl Stage {
    fn new() -> Stage {
        let server = TestServer::with(|config| {
            (config.history.lines, config.history.on_join) = (100, 3);
        });
        let proxy = Proxy::start(server.addr(), 0);
        let (mut config, events) = (ClientConfig::default(), Recorder::new());
        (config.tags, config.reconnect) = (true, Some(at_once()));
        config.name = Some("Ada".parse().unwrap());
        let ada = Client::connect_with(proxy.addr(), config, events.handler()).unwrap();
        events.wait("her name", |events| {
            events.iter().any(|event| matches!(event, ClientEvent::Answer { .. })).then_some(())
        });
        let mut bob = server.join();
        bob.say("/tags");
        bob.say("@label=1 /join tea");
        let stage = Stage { server, proxy, ada, events, bob, times: 0 };
        stage.server.events().wait("Bob in the tea room", |events| {
            let is_it = |event: &ServerEvent| {
                matches!(event, ServerEvent::Joined { room, .. } if &**room == "tea")
            };
            events.iter().any(is_it).then_some(())
        });
        stage
    }

    /// Bob says something in a room, and it is said.
    fn say(&mut self, room: &str, text: &str) {
        self.bob.say(&format!("@room={room} {text}"));
        self.server.wait_for_message(text);
    }

    /// Ada has heard a text so often.
    #[track_caller]
    fn has_heard(&self, what: &str, times: usize) {
        self.events.wait(&format!("{what}, {times} times"), |events| {
            let is_it = |event: &&ClientEvent| matches!(event, ClientEvent::Message { text, .. } if &**text == what);
            (events.iter().filter(is_it).count() == times).then_some(())
        });
    }

    /// Ada asks for something that is answered.
    fn ask(&self, line: &str) {
        let answers = |events: &[ClientEvent]| {
            events.iter().filter(|event| matches!(event, ClientEvent::Answer { .. })).count()
        };
        let before = answers(&self.events.all());
        self.ada.send(line).unwrap();
        self.events.wait(line, |events| (answers(events) > before).then_some(()));
    }

    /// Her connection is lost, and she comes back, to so many lines.
    #[track_caller]
    fn comes_back_to(&mut self, missed: u64) {
        self.proxy.break_all();
        self.times += 1;
        let times = self.times;
        let back = self.events.wait("she is back", |events| {
            let back = events.iter().filter_map(|event| match event {
                ClientEvent::Recovered { lines, .. } => Some(*lines),
                ClientEvent::Lost { .. } => panic!("{event:?}"),
                _ => None,
            });
            back.clone().nth(times - 1)
        });
        assert_eq!(back, missed, "{:#?}", self.events.all());
    }
}

#[test]
fn what_a_room_shows_to_who_comes_is_no_progress() {
    let mut stage = Stage::new();
    for text in ["t1", "t2", "t3", "t4"] {
        stage.say("tea", text);
    }
    stage.say("lobby", "l5");
    stage.has_heard("l5", 1);
    stage.ada.join_room(&"tea".parse().unwrap()).wait(PATIENCE).unwrap();
    stage.has_heard("t4", 1);
    stage.comes_back_to(0);
    // Out of it, and in again, to what was said meanwhile.
    stage.say("tea", "t6");
    stage.has_heard("t6", 1);
    stage.ask("/leave tea");
    for (room, text) in [("tea", "t7"), ("lobby", "l8"), ("lobby", "l9")] {
        stage.say(room, text);
    }
    stage.has_heard("l9", 1);
    stage.ask("/join tea");
    stage.has_heard("t7", 1);
    stage.comes_back_to(0);
    stage.has_heard("l9", 1);
}

#[test]
fn what_is_shown_again_is_no_progress_and_what_is_new_is() {
    let mut stage = Stage::new();
    stage.ask("/join tea");
    for (room, text) in [("lobby", "l1"), ("tea", "t2"), ("lobby", "l3")] {
        stage.say(room, text);
        stage.has_heard(text, 1);
    }
    stage.ask("/history 1");
    stage.has_heard("t2", 2);
    stage.comes_back_to(0);
    stage.say("tea", "t4");
    stage.has_heard("t4", 1);
    stage.comes_back_to(0);
    stage.has_heard("l3", 1);
}
