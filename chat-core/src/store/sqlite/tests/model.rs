//! Whatever a server has it do, a store in a file does what one in memory does.

use std::net::IpAddr;
use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::store::samples::{labelled, room, said};
use crate::store::{Ban, MemoryStore, SavedRoom, SavedSession, Token};
use crate::wire::{Name, Text};

/// What a server may have the store do.
#[derive(Debug, Clone)]
enum Step {
    /// In one of some rooms: some of the words, in so many lines.
    Say {
        room: usize,
        words: Vec<usize>,
        lines: usize,
    },
    Label {
        room: usize,
        session: u32,
        label: u32,
    },
    Topic {
        room: usize,
        word: usize,
    },
    Ban(u8),
    Unban(u8),
    Session {
        id: u32,
        token: u8,
        name: usize,
    },
    SessionOver(u32),
    Commit,
    Tidy,
    Index,
    Search {
        room: usize,
        words: Vec<usize>,
        most: usize,
    },
    Restart,
    Crash,
}

/// Of some rooms there are several spellings.
const ROOMS: [&str; 6] = ["lobby", "tea", "milk", "Tea", "TEA", "Milk"];
const WORDS: [&str; 8] = ["tea", "TÉA", "milk", "\"OR\"", "NEAR(", "茶", "a-b", "ada"];

fn words() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..WORDS.len(), 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..ROOMS.len(), words(), 1..70_usize)
            .prop_map(|(room, words, lines)| Step::Say { room, words, lines }),
        2 => (0..ROOMS.len(), 1..4_u32, 0..5_u32)
            .prop_map(|(room, session, label)| Step::Label { room, session, label }),
        1 => (0..ROOMS.len(), 0..WORDS.len()).prop_map(|(room, word)| Step::Topic { room, word }),
        1 => any::<u8>().prop_map(|ip| Step::Ban(ip % 4)),
        1 => any::<u8>().prop_map(|ip| Step::Unban(ip % 4)),
        2 => (1..4_u32, any::<u8>(), 0..3_usize)
            .prop_map(|(id, token, name)| Step::Session { id, token, name }),
        1 => (1..4_u32).prop_map(Step::SessionOver),
        5 => Just(Step::Commit),
        1 => Just(Step::Tidy),
        2 => Just(Step::Index),
        4 => (0..ROOMS.len(), words(), 1..50_usize)
            .prop_map(|(room, words, most)| Step::Search { room, words, most }),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

/// A store and its model, and what a server knows.
struct Play {
    directory: Directory,
    store: Option<SqliteStore>,
    searcher: Option<Box<dyn Searcher>>,
    model: MemoryStore,
    pending: Vec<Record>,
    next: u64,
    seq: u64,
}

impl Play {
    fn new() -> Play {
        let directory = Directory::new();
        let mut play = Play {
            directory,
            store: None,
            searcher: None,
            model: MemoryStore::default(),
            pending: Vec::new(),
            next: 1,
            seq: 0,
        };
        play.start();
        play
    }

    fn start(&mut self) {
        self.searcher = None;
        self.store = None;
        let mut store = self.directory.open();
        let kept = store.load(&all()).unwrap();
        // Numbers go on after the last that was kept: those that were not are given again.
        (self.next, self.seq) = (kept.last + 1, kept.seq);
        assert_eq!(shown(kept), shown(self.model.clone().load(&all()).unwrap()));
        self.searcher = store.searcher().unwrap();
        self.store = Some(store);
    }

    fn commit(&mut self) {
        let records = std::mem::take(&mut self.pending);
        self.store.as_mut().unwrap().commit(&records).unwrap();
        self.model.commit(&records).unwrap();
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Say { room, words, lines } => {
                let text = |at: usize| {
                    let words = words.iter().filter(|word| at % (*word + 1) != 1);
                    words.map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ") + "!"
                };
                let texts: Vec<String> = (0..lines).map(text).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                self.seq += 1;
                self.pending.push(Record::Lines(said(self.seq, ROOMS[room], self.next, &texts)));
                self.next += lines as u64;
            }
            Step::Label { room, session, label } => {
                self.seq += 1;
                let label = format!("l{label}");
                let lines = labelled(self.seq, ROOMS[room], self.next, session, &label);
                self.pending.push(Record::Lines(lines));
                self.next += 1;
            }
            Step::Topic { room: at, word } => {
                let topic = Text::shown(WORDS[word]);
                self.pending.push(Record::Topic { room: room(ROOMS[at]), topic });
            }
            Step::Ban(ip) => {
                let until = SystemTime::now() + Duration::from_secs(3600 + u64::from(ip));
                let until = crate::store::mark::time(crate::store::mark::millis(until));
                self.pending.push(Record::Ban(Ban::new(IpAddr::from([10, 0, 0, ip]), until)));
            }
            Step::Unban(ip) => self.pending.push(Record::Unban(IpAddr::from([10, 0, 0, ip]))),
            Step::Session { id, token, name } => {
                let mut session = SavedSession::new(id, Token::from_bytes([token; 16]), self.next);
                session.former = (token % 2 == 0).then(|| (Token::from_bytes([token + 1; 16]), 7));
                session.name = ["Ada", "Zoë"].get(name).map(|name| Name::new(name).unwrap());
                session.rooms = ROOMS[..name]
                    .iter()
                    .map(|name| SavedRoom::new(room(name), u64::from(token)))
                    .collect();
                self.pending.push(Record::Session(session));
            }
            Step::SessionOver(id) => self.pending.push(Record::SessionOver(id)),
            Step::Commit => self.commit(),
            Step::Tidy => tidy(self.store.as_mut().unwrap()),
            Step::Index => index(self.store.as_mut().unwrap()),
            Step::Search { room: at, words, most } => {
                let typed = words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ");
                let [found, expected] = [
                    self.searcher.as_mut().unwrap(),
                    &mut (Box::new(self.model.clone()) as Box<dyn Searcher>),
                ]
                .map(|searcher| searcher.search(&room(ROOMS[at]), &typed, most).unwrap());
                assert_eq!(found, expected, "{typed}");
            }
            Step::Restart => {
                self.commit();
                self.start();
            }
            Step::Crash => {
                self.pending.clear();
                self.start();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn it_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let mut play = Play::new();
        for step in steps {
            play.play(step);
        }
        play.play(Step::Restart);
    }
}
