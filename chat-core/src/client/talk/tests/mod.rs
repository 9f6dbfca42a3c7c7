//! Random scripts of losing the connection at any point, against a model of a server that remembers
//! labels and what was said.

mod model;

use std::collections::VecDeque;

use crossbeam_channel::{Receiver, Sender, bounded};
use proptest::prelude::*;

use super::*;
use crate::config::Reconnect;
use model::{Model, other};

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The user says something.
    Say,
    /// The user asks for something to be done.
    Do,
    /// Somebody else says something.
    Other,
    /// The system takes so many lines of the client.
    Flush(usize),
    /// So many lines reach the server, which understands them.
    Serve(usize),
    /// So many lines reach the client.
    Deliver(usize),
    /// The connection is lost; so many lines still reach the server, whose answers are lost.
    Lose(usize),
    /// The client connects, if it has no connection.
    Connect,
    /// The server forgets the session.
    Forget,
    /// The server is restarted, with a store.
    Restart,
}

/// A client, a server, and what is between them.
struct World {
    talk: Talk,
    user: Sender<Outgoing>,
    queue: Receiver<Outgoing>,
    server: Model,
    is_up: bool,
    /// Lines that the system has not taken, and those on their way.
    direct: VecDeque<String>,
    on_the_way: VecDeque<String>,
    /// How many lines the user has given.
    given: u64,
    /// The numbers that the client has heard of others.
    heard: Vec<u64>,
    opened: usize,
    /// What was told each time that it was back: whether all is known, and what is not.
    back: Vec<(bool, u64)>,
}

impl World {
    /// A client in a session.
    fn new(memory: usize) -> World {
        let mut config = ClientConfig::default();
        (config.tags, config.reconnect) = (true, Some(Reconnect::default()));
        let (user, queue) = bounded(1000);
        let mut world = World {
            talk: Talk::new(&config, None),
            user,
            queue,
            server: Model::new(memory),
            is_up: true,
            direct: VecDeque::new(),
            on_the_way: VecDeque::new(),
            given: 0,
            heard: Vec::new(),
            opened: 0,
            back: Vec::new(),
        };
        world.talk.open(false);
        world.settle();
        assert!(world.talk.session.is_some());
        world
    }

    fn play(&mut self, steps: Vec<Step>) {
        for step in steps {
            self.step(step);
        }
        self.settle();
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Say => self.give(""),
            Step::Do => self.give("/topic "),
            Step::Other => {
                self.server.msgid += 1;
                self.server.others.push(self.server.msgid);
                if self.is_up && self.server.has_tags {
                    self.server.out.push_back(other(self.server.msgid));
                }
            }
            Step::Flush(count) => self.flush(count),
            Step::Serve(count) => self.serve(count),
            Step::Deliver(count) => self.deliver(count),
            Step::Lose(count) => {
                self.serve(count);
                self.server.out.clear();
                self.on_the_way.clear();
                if self.is_up {
                    self.talk.lose(self.direct.len() as u64);
                }
                self.direct.clear();
                self.server.has_tags = false;
                self.is_up = false;
            }
            Step::Connect if self.is_up => {}
            Step::Connect => {
                self.is_up = true;
                self.opened += 1;
                self.talk.open(true);
            }
            Step::Forget => {
                self.step(Step::Lose(0));
                (self.server.good, self.server.former) = (None, None);
            }
            Step::Restart => {
                self.step(Step::Lose(0));
                self.server.epoch += 1;
                self.server.labels.retain(|(_, _, is_durable)| *is_durable);
            }
        }
    }

    fn give(&mut self, command: &str) {
        self.given += 1;
        let line = format!("{command}{}", self.given).parse().unwrap();
        self.user.send(Outgoing::Line(line)).unwrap();
    }

    fn flush(&mut self, count: usize) {
        if !self.is_up {
            return;
        }
        let refused = &mut |event| panic!("{event:?}");
        while let Some(line) = self.talk.next(&self.queue, refused) {
            self.direct.push_back(line);
        }
        assert!(!self.talk.has_next(&self.queue));
        let count = count.min(self.direct.len());
        self.on_the_way.extend(self.direct.drain(..count));
        self.talk.note_out(self.direct.len() as u64);
    }

    fn serve(&mut self, count: usize) {
        for line in self.on_the_way.drain(..count.min(self.on_the_way.len())) {
            self.server.serve(&line);
        }
    }

    fn deliver(&mut self, count: usize) {
        for _ in 0..count {
            let Some(line) = self.server.out.pop_front() else { return };
            let World { talk, heard, back, .. } = self;
            talk.hear(line.parse().unwrap(), &mut |event| match event {
                ClientEvent::Message { meta, .. } => heard.extend(meta.msgid),
                ClientEvent::Recovered { unanswered, .. } => back.push((true, unanswered)),
                ClientEvent::Lost { unanswered, .. } => back.push((false, unanswered)),
                ClientEvent::Answer { .. } | ClientEvent::Ready { .. } => {}
                event => panic!("{event:?}"),
            });
        }
    }

    /// Lets all happen that is due.
    fn settle(&mut self) {
        self.step(Step::Connect);
        for _ in 0..3 + 2 * self.given {
            self.flush(usize::MAX);
            self.serve(usize::MAX);
            self.deliver(usize::MAX);
        }
        assert_eq!(self.talk.unsent(self.queue.len()), 0);
        assert!(self.back.len() <= self.opened && !self.talk.is_back);
    }

    /// How many lines the client has been told of that may have been lost.
    fn unknown(&self) -> u64 {
        self.back.iter().map(|(_, unanswered)| unanswered).sum()
    }
}

fn steps(rare: &[Step]) -> impl Strategy<Value = Vec<Step>> + use<> {
    let step = prop_oneof![
        3 => Just(Step::Say),
        1 => Just(Step::Do),
        2 => Just(Step::Other),
        3 => (0..4_usize).prop_map(Step::Flush),
        3 => (0..4_usize).prop_map(Step::Serve),
        3 => (0..4_usize).prop_map(Step::Deliver),
        1 => (0..6_usize).prop_map(Step::Lose),
        2 => Just(Step::Connect),
        1 => prop::sample::select([rare, &[Step::Connect]].concat()),
    ];
    prop::collection::vec(step, 0..120)
}

fn rises(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair[0] < pair[1])
}

proptest! {
    #[test]
    fn in_a_session_all_is_said_and_heard_once_and_in_order(
        memory in 1..6_usize,
        steps in steps(&[]),
    ) {
        let mut world = World::new(memory);
        world.play(steps);
        prop_assert_eq!(&world.server.log, &(1..=world.given).collect::<Vec<_>>());
        prop_assert_eq!(&world.heard, &world.server.others);
        prop_assert!(world.back.iter().all(|back| *back == (true, 0)), "{:?}", world.back);
    }

    #[test]
    fn what_may_be_lost_with_the_session_is_counted_and_nothing_is_said_twice(
        memory in 1..6_usize,
        steps in steps(&[Step::Forget]),
    ) {
        let mut world = World::new(memory);
        world.play(steps);
        prop_assert!(rises(&world.server.log), "{:?}", world.server.log);
        prop_assert!(rises(&world.heard), "{:?}", world.heard);
        prop_assert!(world.given - world.server.log.len() as u64 <= world.unknown());
        let is_whole = world.heard == world.server.others;
        prop_assert!(is_whole || world.back.iter().any(|(is_all, _)| !is_all));
    }

    #[test]
    fn after_a_restart_messages_are_said_once_and_commands_are_not_done_twice(
        memory in 1..6_usize,
        steps in steps(&[Step::Restart]),
    ) {
        let mut world = World::new(memory);
        world.play(steps);
        prop_assert!(rises(&world.server.log), "{:?}", world.server.log);
        prop_assert!(world.given - world.server.log.len() as u64 <= world.unknown());
        prop_assert_eq!(&world.heard, &world.server.others);
    }
}
