//! A client whose connection is lost, at stand-ins that the test plays itself, line by line.

mod anew;
mod cut;
#[cfg(target_os = "linux")]
mod dialling;
mod ending;
mod history;
mod outside;
mod proxy;
mod session;
mod shaken;

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use chat_core::testing::{Peer, Recorder, within};
use chat_core::{Client, ClientConfig, ClientEvent, CloseReason, Reconnect};

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
