//! Those who talk, and one who hears all.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use chat_core::testing::{PATIENCE, Random, Recorder};
use chat_core::wire::Who;
use chat_core::{Client, ClientConfig, ClientEvent, Meta, Pending, Reconnect, RequestError};

use super::{END, ROOMS, TALKERS, room, rooms_of};

/// How many lines somebody has on their way.
const AHEAD: usize = 8;

/// A line of a room: its number, and its text, which no other line has.
pub(super) type Line = (u64, String);

/// A client that nothing happens to, in all rooms.
pub(super) struct Witness {
    pub(super) client: Client,
    events: Recorder<ClientEvent>,
}

/// A client to which much happens.
pub(super) struct Talker {
    number: usize,
    pub(super) client: Client,
    events: Recorder<ClientEvent>,
}

/// What somebody knows of its own lines.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What it has said in rooms, with the number that it was told, if it has asked.
    pub(super) said: Vec<(String, Option<u64>)>,
    /// What it has said to one alone, and to whom; the others were not here.
    pub(super) told: Vec<(usize, String)>,
}

/// What somebody has heard, and knows of what it has not.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    pub(super) rooms: BTreeMap<String, Vec<Line>>,
    pub(super) private: Vec<String>,
    pub(super) lost: u64,
}

fn connect(
    addr: SocketAddr,
    name: &str,
    rooms: impl IntoIterator<Item = usize>,
) -> (Client, Recorder<ClientEvent>) {
    let mut config = ClientConfig::default();
    let mut reconnect = Reconnect::default();
    (reconnect.first, reconnect.most) = (Duration::from_millis(5), Duration::from_millis(20));
    config.tags = true;
    config.reconnect = Some(reconnect);
    config.name = Some(name.parse().unwrap());
    config.rooms = rooms.into_iter().map(room).collect();
    let (events, answers) = (Recorder::new(), 1 + config.rooms.len());
    let client = Client::connect_with(addr, config, events.handler()).unwrap();
    // It has a session before it asks for a name and rooms.
    events.wait("its name and its rooms", |events| {
        let is_answer = |event: &&ClientEvent| matches!(event, ClientEvent::Answer { .. });
        (events.iter().filter(is_answer).count() == answers).then_some(())
    });
    (client, events)
}

/// Each room's lines in the order in which they came.
fn lines(events: &[ClientEvent]) -> BTreeMap<String, Vec<Line>> {
    let mut rooms: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for event in events {
        if let ClientEvent::Message { meta, text, .. } = event {
            let room = meta.room.as_ref().unwrap().to_string();
            rooms.entry(room).or_default().push((meta.msgid.unwrap(), text.to_string()));
        }
    }
    rooms
}

impl Witness {
    pub(super) fn connect(addr: SocketAddr) -> Witness {
        let (client, events) = connect(addr, "witness", 1..ROOMS.len());
        Witness { client, events }
    }

    /// All lines of each room, when it has heard so many.
    pub(super) fn log(&self, count: usize) -> BTreeMap<String, Vec<Line>> {
        self.events.wait(&format!("{count} lines"), |events| {
            let log = lines(events);
            (log.values().map(Vec::len).sum::<usize>() >= count).then_some(log)
        })
    }
}

impl Talker {
    pub(super) fn connect(number: usize, addr: SocketAddr) -> Talker {
        let rooms = rooms_of(number);
        let others = rooms.iter().copied().filter(|&room| room != 0);
        let (client, events) = connect(addr, &name(number), others);
        if rooms[0] != 0 {
            client.leave_room(Some(&room(0))).wait(PATIENCE).unwrap();
        }
        Talker { number, client, events }
    }

    /// Says so many lines, some of them at a time, and waits for the answers.
    pub(super) fn talk(self, seed: u64, lines: usize) -> (Talker, Outcome) {
        let mut random = Random::new(seed << 8 | self.number as u64);
        let mut outcome = Outcome::default();
        let mut open: VecDeque<(Option<usize>, String, Pending<Meta>)> = VecDeque::new();
        for line in 1..=lines {
            let text = format!("c{}-{line}", self.number);
            let is_last = line == lines;
            match random.below(10) {
                0 | 1 if !is_last => {
                    self.client.send_blocking(&text).unwrap();
                    outcome.said.push((text, None));
                }
                2 | 3 if !is_last => {
                    let to = random.below(TALKERS);
                    let who: Who = name(to).parse().unwrap();
                    let told = self.client.message_to(&who, &text);
                    open.push_back((Some(to), text, told));
                }
                // The answer to the last one says that those before it were said.
                _ => {
                    let rooms = rooms_of(self.number);
                    let said = self.client.say_in(&room(rooms[random.below(rooms.len())]), &text);
                    open.push_back((None, text, said));
                }
            }
            while open.len() > if is_last { 0 } else { AHEAD } {
                let (to, text, mut pending) = open.pop_front().unwrap();
                match (pending.wait(PATIENCE), to) {
                    (Ok(_), Some(to)) => outcome.told.push((to, text)),
                    (Ok(meta), None) => outcome.said.push((text, meta.msgid)),
                    // Nobody is told anything while it is away.
                    (Err(RequestError::Refused(_)), Some(_)) => {}
                    (Err(error), _) => panic!("seed {seed}, {text}: {error:?}"),
                }
            }
        }
        (self, outcome)
    }

    /// What it has heard, when nothing more comes.
    pub(super) fn transcript(&self) -> Transcript {
        let events = self.events.wait(&format!("all that {} is to hear", self.number), |events| {
            let come_back = events.iter().rev().find(|event| {
                matches!(
                    event,
                    ClientEvent::Reconnecting { .. }
                        | ClientEvent::Recovered { .. }
                        | ClientEvent::Lost { .. }
                )
            });
            let is_away = matches!(come_back, Some(ClientEvent::Reconnecting { .. }));
            let is_end = |event: &&ClientEvent| matches!(event, ClientEvent::Message { text, .. } if text.starts_with(END));
            let ends = events.iter().filter(is_end).count();
            (!is_away && ends >= rooms_of(self.number).len()).then(|| events.to_vec())
        });
        let mut transcript = Transcript { rooms: lines(&events), ..Transcript::default() };
        // So many lines have come since it was lost the last time.
        let mut missed = 0;
        for event in &events {
            match event {
                ClientEvent::Message { .. } => missed += 1,
                ClientEvent::Private { text, .. } => {
                    missed += 1;
                    transcript.private.push(text.to_string());
                }
                ClientEvent::Reconnecting { .. } => missed = 0,
                ClientEvent::Recovered { lines, unanswered, restarted, .. } => {
                    assert_eq!((*lines, *unanswered, *restarted), (missed, 0, false));
                }
                ClientEvent::Lost { lines, unanswered, .. } => {
                    assert_eq!(*unanswered, 0);
                    transcript.lost += lines.expect("the session is still there");
                }
                ClientEvent::Ready { .. } | ClientEvent::Answer { .. } => {}
                event => panic!("{}: {event:?}", self.number),
            }
        }
        transcript
    }
}

fn name(number: usize) -> String {
    format!("talker-{number}")
}
