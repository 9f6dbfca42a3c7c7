//! Whatever happens to connections and when: everybody has every line of others once and in order, or
//! was told how many it lost; and what had a label was said once.

mod play;
mod check;

use std::collections::BTreeMap;
use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer};
use proptest::prelude::*;

use super::talker::{Talker, Told};

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
