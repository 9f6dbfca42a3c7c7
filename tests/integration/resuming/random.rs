//! Whatever happens to connections and when: everybody has every line of others once and in order, or
//! was told how many it lost; and what had a label was said once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chat_core::testing::{MemoryPeer, MemoryServer};
use chat_core::{ServerConfig, ServerEvent};
use proptest::prelude::*;

use super::talker::{News, Talker, Told};

const ROOMS: [&str; 3] = ["lobby", "tea", "garden"];
const CLIENTS: usize = 4;

/// A line as all read it: its number and its text, which no other line has.
type Line = (u64, String);

/// What one session of a client should have read, and has.
#[derive(Debug, Default)]
struct Stay {
    /// For each room, the parts of its log during which the client was in it; the last may go on.
    due: BTreeMap<usize, Vec<(usize, Option<usize>)>>,
    got: BTreeMap<usize, Vec<Line>>,
    private: Vec<Line>,
    lost: u64,
    /// The server did not know it any more: what came at the end is not known.
    is_broken_off: bool,
}

#[derive(Debug)]
struct Client {
    talker: Talker,
    peer: Option<MemoryPeer>,
    /// What it was called on each of its connections, until it had a name.
    ports: Vec<u16>,
    stays: Vec<Stay>,
    /// How many sessions it has asked for, and what it is called in this one.
    names: usize,
    name: String,
    /// What it has said with each label, and what was answered.
    said: BTreeMap<u64, String>,
    answers: BTreeMap<u64, Told>,
}

struct Play {
    server: MemoryServer,
    /// Reads all rooms, and never loses its connection.
    witness: MemoryPeer,
    log: Vec<Vec<Line>>,
    clients: Vec<Client>,
    texts: usize,
    /// What was said to one client alone, as those who said it know: to which stay of whom.
    told: BTreeMap<String, (usize, usize)>,
}

impl Play {
    fn new(config: ServerConfig) -> Play {
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

    fn run(&mut self) {
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

    fn connect(&mut self, who: usize) {
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
    fn read(&mut self, who: usize, most: usize) {
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

    fn say(&mut self, who: usize, arg: usize, is_labelled: bool) {
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

    fn tell(&mut self, who: usize, other: usize) {
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
    fn move_about(&mut self, who: usize, room: usize) {
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

    fn cut(&mut self, who: usize, how: usize) {
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
    fn settle(&mut self) {
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

    fn check(&self) {
        for (who, client) in self.clients.iter().enumerate() {
            for (index, stay) in client.stays.iter().enumerate() {
                self.check_stay(who, index, stay);
            }
            self.check_said(client);
        }
        let mut all = BTreeSet::new();
        for (_, text) in self.log.iter().flatten().filter(|(_, text)| !text.starts_with("* ")) {
            assert!(all.insert(text), "{text} was said twice");
        }
    }

    fn check_stay(&self, who: usize, index: usize, stay: &Stay) {
        let own = format!(": c{who}-");
        let (mut missing, mut of_itself) = (0, 0);
        for (room, log) in self.log.iter().enumerate() {
            let is_others = |line: &&Line| !line.1.contains(&own);
            let mut got = stay.got.get(&room).map_or(&[][..], Vec::as_slice).iter().peekable();
            for &(from, to) in stay.due.get(&room).into_iter().flatten() {
                let due = &log[from..to.unwrap_or(log.len())];
                for line in due.iter().filter(is_others) {
                    let has_come = got.next_if_eq(&line).is_some();
                    if self.is_about(who, line) {
                        of_itself += u64::from(!has_come);
                        continue;
                    }
                    missing += u64::from(!has_come);
                }
            }
            let rest: Vec<&Line> = got.collect();
            assert!(
                rest.is_empty(),
                "client {who}, stay {index}, {}: {rest:?} is not due, or not here;\n{stay:?}\n{log:?}",
                ROOMS[room]
            );
        }
        let mut private: BTreeSet<&str> = BTreeSet::new();
        for (_, text) in &stay.private {
            let text = text.split_once("(to you): ").unwrap().1;
            assert!(private.insert(text), "{text} came twice");
            assert_eq!(self.told[text].0, who);
        }
        for (text, &to) in &self.told {
            let is_told = |client: &Client| {
                let label = client.said.iter().find(|(_, said)| *said == text).map(|(it, _)| it);
                let answer = label.and_then(|label| client.answers.get(label));
                answer.is_some_and(|told| told.kind() == "answer")
            };
            if to == (who, index) && !private.contains(&**text) && self.clients.iter().any(is_told)
            {
                missing += 1;
            }
        }
        if stay.is_broken_off {
            assert!(
                missing + of_itself >= stay.lost,
                "client {who}, stay {index}: {missing} missing"
            );
        } else {
            let may_be_lost = missing..=missing + of_itself;
            assert!(may_be_lost.contains(&stay.lost), "client {who}, stay {index}: {stay:#?}");
        }
    }

    /// Whether a line tells of a client's own coming and going, which it does not have to be told: it is
    /// told of what was the doing of a connection that it has no more.
    fn is_about(&self, who: usize, (_, text): &Line) -> bool {
        let Some(told) = text.strip_prefix("* ") else { return false };
        let called = told.split(' ').next().unwrap_or_default();
        let is_port = called.parse().is_ok_and(|port| self.clients[who].ports.contains(&port));
        is_port || called.starts_with(&format!("n{who}x"))
    }

    /// What was answered was done, under the number that the answer tells.
    fn check_said(&self, client: &Client) {
        for (label, answer) in &client.answers {
            let text = &client.said[label];
            if answer.kind() == "sent" {
                let msgid = answer.number("msgid").unwrap();
                let is_it =
                    |line: &&Line| line.0 == msgid && line.1.ends_with(&format!(": {text}"));
                assert_eq!(self.log.iter().flatten().filter(is_it).count(), 1, "{text}");
            } else {
                assert_eq!(
                    self.log
                        .iter()
                        .flatten()
                        .filter(|it| it.1.ends_with(&format!(": {text}")))
                        .count(),
                    0
                );
            }
        }
    }

    fn act(&mut self, [who, what, arg]: [u8; 3]) {
        let (who, arg) = (usize::from(who) % CLIENTS, usize::from(arg));
        match what % 20 {
            0 | 1 => self.say(who, arg, false),
            2..=4 => self.say(who, arg, true),
            5 => (0..=arg % 7).for_each(|at| self.say(who, at * arg, at % 3 == 1)),
            6 => self.tell(who, arg % CLIENTS),
            7 | 8 => self.run(),
            9 => self.read(who, arg),
            10 | 11 => {
                self.run();
                self.read(who, usize::MAX);
            }
            12 => {
                if let Some(peer) = &self.clients[who].peer {
                    peer.set_room(arg * arg);
                }
            }
            13 | 14 => self.cut(who, arg),
            15 | 16 => {
                if self.clients[who].peer.is_none() {
                    self.connect(who);
                }
            }
            17 => self.move_about(who, arg % ROOMS.len()),
            18 => {
                self.run();
                self.server.advance(Duration::from_secs([1, 5, 40, 60][arg % 4]));
            }
            _ => {
                for who in 0..CLIENTS {
                    if self.clients[who].peer.is_none() {
                        self.connect(who);
                    }
                    self.run();
                    self.read(who, usize::MAX);
                }
            }
        }
    }
}

fn room_of(name: &str) -> Option<usize> {
    ROOMS.iter().position(|room| *room == name)
}

fn play(lines: u8, bytes: u8, announces: bool, acts: &[[u8; 3]]) {
    let mut config = ServerConfig::default();
    config.announce = announces;
    config.resume.lines = [10_000, 1, 3, 0, 20][usize::from(lines) % 5];
    config.resume.bytes = [1 << 20, 1000, 10_000][usize::from(bytes) % 3];
    let mut play = Play::new(config);
    for &act in acts {
        play.act(act);
    }
    play.settle();
    play.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_in_silence_and_nothing_comes_twice(
        lines: u8,
        bytes: u8,
        announces: bool,
        acts in prop::collection::vec(any::<[u8; 3]>(), 1..150),
    ) {
        play(lines, bytes, announces, &acts);
    }
}
