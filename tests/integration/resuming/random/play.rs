//! What the server and its clients do, one thing after another.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::testing::MemoryServer;
use chat_core::{ServerConfig, ServerEvent};

use super::{CLIENTS, Client, Play, ROOMS, Stay, room_of};
use crate::resuming::talker::{News, Talker, Told};

impl Play {
    pub(super) fn new(config: ServerConfig) -> Play {
        let mut server = MemoryServer::new(config);
        let witness = server.connect();
        witness.set_room(usize::MAX / 2);
        witness.send("/tags\n");
        for room in &ROOMS[1..] {
            witness.send(format!("/join {room}\n"));
        }
        server.run();
        witness.read();
        let client = || Client {
            talker: Talker::new(),
            peer: None,
            ports: Vec::new(),
            stays: Vec::new(),
            names: 0,
            name: String::new(),
            said: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        let clients = (0..CLIENTS).map(|_| client()).collect();
        let log = vec![Vec::new(); ROOMS.len()];
        Play { server, witness, log, clients, texts: 0, told: BTreeMap::new() }
    }

    pub(super) fn run(&mut self) {
        self.server.run();
        for line in self.witness.read().lines() {
            let told = Told::of(line);
            let Some(room) = told.tag("room").and_then(room_of) else { continue };
            let line = (told.number("msgid").unwrap(), told.text.clone());
            self.log[room].push(line);
        }
    }

    fn text(&mut self, who: usize) -> String {
        self.texts += 1;
        format!("c{who}-{}", self.texts)
    }

    /// Sends what a client wants to.
    fn send(&mut self, who: usize) {
        let client = &mut self.clients[who];
        let bytes = client.talker.outgoing();
        if let Some(peer) = &client.peer {
            peer.send(bytes);
        }
    }

    pub(super) fn connect(&mut self, who: usize) {
        self.run();
        let peer = self.server.connect();
        self.clients[who].ports.push(peer.port());
        self.clients[who].peer = Some(peer);
        self.clients[who].talker.connected();
        self.send(who);
        if self.clients[who].talker.session.is_none() {
            self.begin(who);
        } else {
            self.run();
        }
    }

    /// Goes on with a session that has just been asked for, and what is said then is due.
    fn begin(&mut self, who: usize) {
        self.server.run();
        self.run();
        let client = &mut self.clients[who];
        client.names += 1;
        client.name = format!("n{who}x{}", client.names);
        client.peer.as_ref().unwrap().send(format!("/nick {}\n", client.name));
        // One of which the token has never come cannot be taken up.
        if let Some(former) = client.stays.last_mut() {
            former.is_broken_off = true;
        }
        let mut stay = Stay::default();
        stay.due.insert(0, vec![(self.log[0].len(), None)]);
        client.stays.push(stay);
        self.run();
    }

    /// Has a client read so many bytes.
    pub(super) fn read(&mut self, who: usize, most: usize) {
        let client = &mut self.clients[who];
        let Some(peer) = client.peer.clone() else { return };
        let bytes = peer.sip(most);
        for news in client.talker.read(&bytes) {
            self.hear(who, news);
        }
        self.send(who);
        if peer.is_over() && peer.waiting() == 0 {
            self.clients[who].talker.lost();
            self.clients[who].peer = None;
        }
    }

    fn hear(&mut self, who: usize, news: News) {
        let client = &mut self.clients[who];
        let stay = client.stays.last_mut().unwrap();
        match news {
            News::Begun(_) => {}
            News::Resumed(told) => {
                assert_eq!(told.tag("name"), Some(&*client.name), "{told:?}");
                stay.lost += told.number("lost").unwrap_or(0);
                let rooms: BTreeSet<&str> = told.tag("rooms").unwrap().split(',').collect();
                let is_in = |(room, parts): (&usize, &Vec<(usize, Option<usize>)>)| {
                    parts.last().is_some_and(|part| part.1.is_none()).then_some(ROOMS[*room])
                };
                let own: BTreeSet<&str> = stay.due.iter().filter_map(is_in).collect();
                assert_eq!(rooms, own, "{told:?}");
            }
            News::Unknown => {
                self.run();
                self.clients[who].talker.begin();
                self.send(who);
                self.begin(who);
            }
            News::Heard(told) => {
                let line = (told.number("msgid").unwrap(), told.text.clone());
                match told.tag("room").and_then(room_of) {
                    Some(room) => stay.got.entry(room).or_default().push(line),
                    None => stay.private.push(line),
                }
            }
            News::Answered(label, told) => {
                let before = client.answers.insert(label, told.clone());
                if let Some(before) = before {
                    assert_eq!(before.tag("msgid"), told.tag("msgid"), "{before:?} {told:?}");
                }
            }
        }
    }

    fn is_here(&self, who: usize) -> bool {
        self.clients[who].talker.is_here()
    }

    /// The rooms in which a client is.
    fn rooms_of(&self, who: usize) -> Vec<usize> {
        let Some(stay) = self.clients[who].stays.last() else { return vec![0] };
        let is_in = |parts: &Vec<(usize, Option<usize>)>| parts.last().unwrap().1.is_none();
        stay.due.iter().filter(|(_, parts)| is_in(parts)).map(|(room, _)| *room).collect()
    }

    pub(super) fn say(&mut self, who: usize, arg: usize, is_labelled: bool) {
        let rooms = self.rooms_of(who);
        let room = ROOMS[rooms[arg % rooms.len()]];
        let text = self.text(who);
        let client = &mut self.clients[who];
        if !is_labelled {
            client.talker.say_plainly(Some(room), &text);
        } else if client.talker.session.is_some() && client.talker.open.len() < 60 {
            let label = client.talker.say(Some(room), &text);
            client.said.insert(label, text);
        }
        self.send(who);
    }

    pub(super) fn tell(&mut self, who: usize, other: usize) {
        let (Some(stay), true) = (self.clients[other].stays.len().checked_sub(1), who != other)
        else {
            return;
        };
        let text = self.text(who);
        let name = self.clients[other].name.clone();
        let client = &mut self.clients[who];
        if client.talker.is_here() && client.talker.open.len() < 60 {
            let label = client.talker.say(None, &format!("/msg {name} {text}"));
            client.said.insert(label, text.clone());
            self.told.insert(text, (other, stay));
            self.send(who);
        }
    }

    /// Has a client go into a room, or out of it, while nothing else happens.
    pub(super) fn move_about(&mut self, who: usize, room: usize) {
        let Some(peer) = self.clients[who].peer.clone().filter(|_| self.is_here(who)) else {
            return;
        };
        self.run();
        let rooms = self.rooms_of(who);
        let is_leaving = rooms.contains(&room);
        if is_leaving && rooms.len() == 1 {
            return;
        }
        self.server.events();
        let verb = if is_leaving { "leave" } else { "join" };
        peer.send(format!("/{verb} {}\n", ROOMS[room]));
        self.run();
        let happened = self.server.events().into_iter().any(|event| match event {
            ServerEvent::Joined { addr, room: it, .. }
            | ServerEvent::Parted { addr, room: it, .. } => {
                addr == peer.addr() && &*it == ROOMS[room]
            }
            _ => false,
        });
        if !happened {
            return;
        }
        let at = self.log[room].len();
        let stay = self.clients[who].stays.last_mut().unwrap();
        let parts = stay.due.entry(room).or_default();
        match parts.last_mut().filter(|_| is_leaving) {
            Some(part) => part.1 = Some(at),
            None => parts.push((at, None)),
        }
    }

    pub(super) fn cut(&mut self, who: usize, how: usize) {
        if let Some(peer) = self.clients[who].peer.take() {
            match how % 3 {
                0 => peer.reset(),
                1 => peer.end(),
                // The server does not know: it is still there when the client comes back.
                _ => {}
            }
        }
        self.clients[who].talker.lost();
    }

    /// Everybody gets all that it can get.
    pub(super) fn settle(&mut self) {
        for who in 0..CLIENTS {
            for _ in 0..4 {
                if self.clients[who].stays.is_empty() {
                    break;
                }
                if self.clients[who].peer.is_none() {
                    self.connect(who);
                }
                if let Some(peer) = &self.clients[who].peer {
                    peer.set_room(usize::MAX / 2);
                }
                self.run();
                self.read(who, usize::MAX);
                self.run();
                self.read(who, usize::MAX);
            }
            let client = &self.clients[who];
            assert!(client.stays.is_empty() || client.talker.open.is_empty(), "{client:#?}");
        }
        for _ in 0..2 {
            self.run();
            (0..CLIENTS).for_each(|who| self.read(who, usize::MAX));
        }
    }
}
