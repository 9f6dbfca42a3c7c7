//! The library's client with tags, and the library's server: both sides of the protocol.

use chat_core::testing::{PATIENCE, Recorder, TestServer};
use chat_core::wire::{Name, RoomName, Who};
use chat_core::{Client, ClientConfig, ClientEvent, RequestError, ServerConfig};

/// A client with tags, which knows what it is called and where it is.
struct Program {
    client: Client,
    events: Recorder<ClientEvent>,
}

impl Program {
    fn connect(server: &TestServer, set: impl FnOnce(&mut ClientConfig)) -> Program {
        let mut config = ClientConfig::default();
        config.tags = true;
        set(&mut config);
        let events = Recorder::new();
        let client = Client::connect_with(server.addr(), config, events.handler()).unwrap();
        let program = Program { client, events };
        program.wait("Ready", |event| matches!(event, ClientEvent::Ready { .. }).then_some(()));
        program
    }

    /// Waits for an event of which this is something.
    #[track_caller]
    fn wait<T>(&self, what: &str, is_it: impl Fn(&ClientEvent) -> Option<T>) -> T {
        self.events.wait(what, |events| events.iter().find_map(&is_it))
    }

    fn who(&self) -> Who {
        Who::Port(self.client.local_addr().port())
    }
}

fn room(name: &str) -> RoomName {
    name.parse().unwrap()
}

fn announcing(config: &mut ServerConfig) {
    config.announce = true;
}

#[test]
fn it_is_called_and_stands_where_its_config_says() {
    let server = TestServer::start();
    let program = Program::connect(&server, |config| {
        config.name = Some("Ada".parse().unwrap());
        config.rooms = vec![room("tea"), room("milk")];
    });
    let here = program.client.who(Some(&room("milk"))).wait(PATIENCE).unwrap();
    assert_eq!((here.count, &here.names[..]), (1, &["Ada".parse().unwrap()][..]));
    let listed = server.handle().clients().unwrap();
    let rooms: Vec<&str> = listed[0].rooms.iter().map(|room| &**room).collect();
    assert_eq!(rooms, ["milk", "tea", "lobby"]);
}

#[test]
fn every_request_is_answered_and_every_event_is_told() {
    let server = TestServer::with(announcing);
    let one = Program::connect(&server, |_| {});
    let other = Program::connect(&server, |_| {});
    let (tea, ada): (RoomName, Name) = (room("tea"), "Ada".parse().unwrap());
    assert_eq!(one.client.join_room(&tea).wait(PATIENCE), Ok(tea.clone()));
    assert_eq!(other.client.join_room(&tea).wait(PATIENCE), Ok(tea.clone()));
    one.wait("Joined", |event| match event {
        ClientEvent::Joined { meta, who } if *who == other.who() => {
            (meta.room.as_ref() == Some(&tea)).then_some(())
        }
        _ => None,
    });
    assert_eq!(one.client.take_name(&ada).wait(PATIENCE).as_deref(), Ok("Ada"));
    assert!(matches!(other.client.take_name(&ada).wait(PATIENCE), Err(RequestError::Refused(_))));
    other.wait("Renamed", |event| match event {
        ClientEvent::Renamed { from, name, .. } if *from == one.who() => {
            (*name == ada).then_some(())
        }
        _ => None,
    });

    // The sender learns the number that the readers see.
    let sent = one.client.say_in(&tea, "milk?").wait(PATIENCE).unwrap();
    let msgid = other.wait("Message", |event| match event {
        ClientEvent::Message { meta, text, .. } if &**text == "milk?" => Some(meta.msgid),
        _ => None,
    });
    assert_eq!(msgid, sent.msgid);
    other.client.message_to(&Who::Name(ada.clone()), "psst").wait(PATIENCE).unwrap();
    one.wait("Private", |event| match event {
        ClientEvent::Private { from, text, .. } if *from == other.who() => {
            (&**text == "psst").then_some(())
        }
        _ => None,
    });
    one.client.send("/me waves").unwrap();
    one.client.send("/topic tea; milk").unwrap();
    other.wait("Action", |event| match event {
        ClientEvent::Action { from, text, .. } => {
            (*from == Who::Name(ada.clone()) && &**text == "waves").then_some(())
        }
        _ => None,
    });
    other.wait("Topic", |event| match event {
        ClientEvent::Topic { topic, .. } => (&**topic == "tea; milk").then_some(()),
        _ => None,
    });
    assert_eq!(one.client.leave_room(Some(&tea)).wait(PATIENCE).as_deref(), Ok("lobby"));
    other.wait("Left", |event| match event {
        ClientEvent::Left { meta, .. } => (meta.room.as_ref() == Some(&tea)).then_some(()),
        _ => None,
    });
}

#[test]
fn a_notice_to_all_is_told_once_in_however_many_rooms() {
    let server = TestServer::start();
    let program =
        Program::connect(&server, |config| config.rooms = vec![room("tea"), room("milk")]);
    program.client.who(None).wait(PATIENCE).unwrap();
    server.handle().broadcast("to all").unwrap();
    server.handle().broadcast("to all").unwrap();
    server.handle().broadcast("the end").unwrap();
    program.wait("the end", |event| match event {
        ClientEvent::Notice { text, .. } => (&**text == "the end").then_some(()),
        _ => None,
    });
    let is_to_all = |event: &&ClientEvent| matches!(event, ClientEvent::Notice { text, .. } if &**text == "to all");
    assert_eq!(program.events.all().iter().filter(is_to_all).count(), 2);
    program.client.close();
    program.client.join().unwrap();
    let events = program.events.all();
    assert_eq!(
        events.iter().filter(|event| matches!(event, ClientEvent::Notice { .. })).count(),
        3
    );
}
