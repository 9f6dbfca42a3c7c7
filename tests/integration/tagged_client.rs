//! The library's client with tags: what it asks for and what it is told. The servers are stand-ins
//! that the test plays itself, line by line.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, SystemTime};

use chat_core::testing::{Peer, Recorder, TestServer};
use chat_core::wire::Line;
use chat_core::{Client, ClientConfig, ClientEvent, Error};

/// What a server answers to `/tags`.
pub(crate) const READY: &str = "@time=2026-11-22T10:37:40.000Z;kind=answer;server=chat-core;version=0.1.0;\
    name=51839;room=lobby;line=8192;rate=16;burst=32 * tags are on; this is chat-core 0.1.0";

/// A client with tags, what it was told, and the other end of its connection.
pub(crate) struct Pair {
    // It is the first to go: the client waits for its server to close.
    pub(crate) server: Peer,
    pub(crate) client: Client,
    pub(crate) events: Recorder<ClientEvent>,
}

impl Pair {
    /// A client whose server has switched tags on.
    #[track_caller]
    pub(crate) fn new() -> Pair {
        Pair::with(|_| {})
    }

    #[track_caller]
    pub(crate) fn with(set: impl FnOnce(&mut ClientConfig)) -> Pair {
        let mut pair = Pair::asking(set);
        pair.server.expect("/tags");
        pair.server.say(READY);
        pair.wait("Ready", |event| matches!(event, ClientEvent::Ready { .. }));
        pair
    }

    /// A client to whose `/tags` nobody has listened yet.
    #[track_caller]
    pub(crate) fn asking(set: impl FnOnce(&mut ClientConfig)) -> Pair {
        let events = Recorder::new();
        let (server, client) = connect(set, events.handler());
        Pair { server, client, events }
    }

    /// Waits for an event, and gives it.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is_it: impl Fn(&ClientEvent) -> bool) -> ClientEvent {
        self.events.wait(what, |events| events.iter().find(|event| is_it(event)).cloned())
    }

    /// Sends a line, and gives the event that it makes.
    #[track_caller]
    fn told(&mut self, line: &str) -> ClientEvent {
        let before = self.events.count();
        self.server.say(line);
        self.events.wait(line, |events| events.get(before).cloned())
    }
}

/// A client with tags and this handler, and the other end of its connection.
#[track_caller]
pub(crate) fn connect(
    set: impl FnOnce(&mut ClientConfig),
    handler: impl FnMut(ClientEvent) + Send + 'static,
) -> (Peer, Client) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut config = ClientConfig::default();
    config.tags = true;
    // What happens when a connection comes back is for tests of its own.
    config.reconnect = None;
    set(&mut config);
    let client = Client::connect_with(listener.local_addr().unwrap(), config, handler).unwrap();
    (Peer::new(listener.accept().unwrap().0), client)
}

fn line(event: &ClientEvent) -> Option<String> {
    match event {
        ClientEvent::Line(line) => Some(line.to_string()),
        _ => None,
    }
}

#[test]
fn it_asks_for_tags_then_for_its_name_and_its_rooms_and_then_says_what_it_was_given() {
    let mut pair = Pair::asking(|config| {
        config.name = Some("Ada".parse().unwrap());
        config.rooms = vec!["tea".parse().unwrap(), "rust".parse().unwrap()];
    });
    pair.client.send("hello").unwrap();
    // Somebody says something while the answer is on its way.
    pair.server.expect_bytes("/tags\n");
    pair.server.say("7: hi");
    pair.server.say(READY);
    pair.server.expect_all([
        "@label=1 /nick Ada",
        "@label=2 /join tea",
        "@label=3 /join rust",
        "hello",
    ]);
    pair.server.say("@kind=error;label=1 * somebody is called Ada, or looks like it");
    pair.server.say("@kind=answer;room=tea;label=2 * you are in tea");
    let ClientEvent::Ready { server, version, name, room, line: longest, rate, burst, .. } =
        pair.wait("Ready", |event| matches!(event, ClientEvent::Ready { .. }))
    else {
        panic!()
    };
    assert_eq!((&*server, &*version, &*name.to_string()), ("chat-core", "0.1.0", "51839"));
    assert_eq!((&*room, longest, rate, burst), ("lobby", 8192, Some(16), Some(32)));
    let refused = pair.wait("a refusal", |event| matches!(event, ClientEvent::Refused { .. }));
    let ClientEvent::Refused { text, .. } = refused else { panic!() };
    assert_eq!(&*text, "somebody is called Ada, or looks like it");
    let answer = pair.wait("an answer", |event| matches!(event, ClientEvent::Answer { .. }));
    let ClientEvent::Answer { meta, .. } = answer else { panic!() };
    assert_eq!(meta.room.as_deref(), Some("tea"));
    let first = pair.events.all().swap_remove(0);
    assert_eq!(line(&first).as_deref(), Some("7: hi"));
}

#[test]
fn lines_are_told_as_what_they_are() {
    let mut pair = Pair::new();
    let event = pair
        .told("@msgid=9;time=1970-01-01T00:00:01.500Z;kind=message;room=tea;from=Ada Ada: milk?");
    let ClientEvent::Message { meta, from, text } = event else { panic!("{event:?}") };
    assert_eq!((&*from.to_string(), &*text, meta.msgid), ("Ada", "milk?", Some(9)));
    assert_eq!(meta.time, Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1500)));
    assert_eq!(meta.room.as_deref(), Some("tea"));

    let event = pair.told("@msgid=10;kind=private;from=7 7 (to you): psst");
    let ClientEvent::Private { meta, from, text } = event else { panic!("{event:?}") };
    assert_eq!((&*from.to_string(), &*text, meta.room), ("7", "psst", None));

    let event = pair.told("@kind=action;room=tea;from=Ada Ada * waves");
    assert!(matches!(&event, ClientEvent::Action { text, .. } if &**text == "waves"), "{event:?}");
    let event = pair.told("@kind=notice * dinner");
    assert!(matches!(&event, ClientEvent::Notice { text, .. } if &**text == "dinner"), "{event:?}");
    let event = pair.told("@kind=join;room=tea;from=Ada * Ada joined");
    assert!(matches!(&event, ClientEvent::Joined { .. }), "{event:?}");
    let event = pair.told("@kind=leave;room=tea;from=Ada * Ada left");
    assert!(matches!(&event, ClientEvent::Left { .. }), "{event:?}");
    let event = pair.told("@kind=joins;room=tea;count=200 * 200 joined");
    assert!(matches!(&event, ClientEvent::ManyJoined { count: 200, .. }), "{event:?}");
    let event = pair.told("@kind=name;from=7;name=Bob * 7 is called Bob now");
    assert!(matches!(&event, ClientEvent::Renamed { name, .. } if &**name == "Bob"), "{event:?}");
    let event = pair.told("@kind=topic;room=tea;from=Ada;topic=the\\stea * Ada sets the topic: x");
    assert!(
        matches!(&event, ClientEvent::Topic { topic, .. } if &**topic == "the tea"),
        "{event:?}"
    );
}

#[test]
fn what_is_not_known_is_told_as_a_line() {
    let mut pair = Pair::new();
    for (sent, told) in [
        ("@kind=dance;from=Ada Ada: hi", "Ada: hi"),
        ("@kind=message;from=Ada;msgid=no Ada: hi", "Ada: hi"),
        ("@msgid=7 Ada: hi", "@msgid=7 Ada: hi"),
        ("Ada: hi", "Ada: hi"),
        ("* closed: the server stops", "* closed: the server stops"),
    ] {
        let event = pair.told(sent);
        assert_eq!(line(&event).as_deref(), Some(told), "{sent}: {event:?}");
    }
    // An answer to nobody.
    let event = pair.told("@kind=answer;label=77 * done");
    assert!(matches!(&event, ClientEvent::Answer { text, .. } if &**text == "done"), "{event:?}");
}

#[test]
fn a_line_that_starts_as_tags_do_is_said_as_it_is() {
    let mut pair = Pair::new();
    pair.client.send("@bob hi").unwrap();
    pair.client.send(" @bob hi").unwrap();
    pair.client.send("/me waves").unwrap();
    pair.server.expect_bytes("@ @bob hi\n @bob hi\n/me waves\n");
}

/// A server that knows nothing of tags relays what it is sent: it is to be no more than that.
#[test]
fn a_server_without_commands_shows_the_question_and_nothing_else() {
    let server = TestServer::with(|config| config.commands = false);
    let mut reader = server.join();
    let mut config = ClientConfig::default();
    config.tags = true;
    config.name = Some("Ada".parse().unwrap());
    config.rooms = vec!["tea".parse().unwrap()];
    let client = Client::connect_with(server.addr(), config, |_| ()).unwrap();
    reader.expect(&format!("{}: /tags", client.local_addr().port()));
    drop(client);
    server.wait_for_stats("it has left", |stats| stats.closed.exit == 1);
    server.handle().broadcast("the end").unwrap();
    reader.expect("* the end");
}

/// What the client asks for by itself is nothing that its user has to be told of.
#[test]
fn a_plain_client_sends_nothing_by_itself_and_reads_lines_as_they_come() {
    let mut pair = Pair::asking(|config| config.tags = false);
    pair.client.send("@bob hi").unwrap();
    pair.server.expect_bytes("@bob hi\n");
    let tagged = "@kind=message;from=Ada;msgid=1 Ada: hi";
    let event = pair.told(tagged);
    assert_eq!(line(&event).as_deref(), Some(tagged));
    let event = pair.told("Ada: hi");
    assert!(matches!(event, ClientEvent::Line(Line::Message { .. })));
}

#[test]
fn a_name_and_rooms_are_for_clients_with_tags() {
    let server = TestServer::start();
    let refused = |field: &str, set: fn(&mut ClientConfig)| {
        let mut config = ClientConfig::default();
        set(&mut config);
        let error = Client::connect_with(server.addr(), config, |_| ()).unwrap_err();
        assert!(matches!(&error, Error::Config { field: named, .. } if *named == field), "{error}");
    };
    refused("name", |config| config.name = Some("Ada".parse().unwrap()));
    refused("rooms", |config| config.rooms = vec!["tea".parse().unwrap()]);
}
