//! Random scripts against a shard and a simple model of it: what each connection is to get, as one text.

use std::collections::HashMap;

use proptest::prelude::*;

use super::stage::Stage;
use crate::config::Limits;
use crate::ids::ConnId;
use crate::net::feed::Order;
use crate::wire::{Framing, newlines};

/// So many can be here at a time, and there are so many rooms.
const CLIENTS: usize = 4;
const ROOMS: usize = 3;

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody, or the server, says a line of so many bytes.
    Say {
        who: usize,
        room: usize,
        size: usize,
    },
    Publish {
        room: usize,
    },
    Attach {
        who: usize,
        room: usize,
    },
    Detach {
        who: usize,
        room: usize,
    },
    /// One client alone gets a line.
    Direct {
        who: usize,
    },
    /// A client is closed, and another one comes.
    Close {
        who: usize,
    },
    /// All go out of a room, and it is no more.
    CloseRoom {
        room: usize,
    },
    /// A socket takes so many bytes more.
    Take {
        who: usize,
        bytes: usize,
    },
    /// A client is too fast, and waits for a moment; or the moment is over.
    Slow {
        who: usize,
    },
    Resume {
        who: usize,
    },
    Turn,
}

fn step() -> impl Strategy<Value = Step> {
    let (who, room) = (0..CLIENTS, 0..ROOMS);
    let size = prop_oneof![20 => 0..60_usize, 1 => Just(150_000_usize)];
    let bytes = prop_oneof![10 => 1..80_usize, 1 => Just(100_000_usize)];
    prop_oneof![
        8 => (0..=CLIENTS, room.clone(), size)
            .prop_map(|(who, room, size)| Step::Say { who, room, size }),
        8 => room.clone().prop_map(|room| Step::Publish { room }),
        6 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Attach { who, room }),
        2 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Detach { who, room }),
        3 => who.clone().prop_map(|who| Step::Direct { who }),
        1 => who.clone().prop_map(|who| Step::Close { who }),
        1 => room.prop_map(|room| Step::CloseRoom { room }),
        6 => (who.clone(), bytes).prop_map(|(who, bytes)| Step::Take { who, bytes }),
        1 => who.clone().prop_map(|who| Step::Slow { who }),
        1 => who.prop_map(|who| Step::Resume { who }),
        8 => Just(Step::Turn),
    ]
}

/// What the model knows of a connection.
#[derive(Debug)]
struct Client {
    id: ConnId,
    /// The rooms that it reads, and from which position on.
    rooms: HashMap<usize, u64>,
    /// All that it is to get, in this order.
    due: String,
}

/// A line that was said and is not published.
#[derive(Debug)]
struct Said {
    author: Option<ConnId>,
    position: u64,
    line: String,
}

struct Play {
    stage: Stage,
    framing: Framing,
    here: Vec<Client>,
    gone: Vec<Client>,
    said: [Vec<Said>; ROOMS],
    lines: usize,
}

impl Play {
    fn new(framing: Framing) -> Play {
        let limits = Limits { direct: usize::MAX / 2, ..Limits::default() };
        let stage = Stage::new(framing, limits);
        let (here, gone, said) = (Vec::new(), Vec::new(), Default::default());
        let mut play = Play { stage, framing, here, gone, said, lines: 0 };
        for _ in 0..CLIENTS {
            let client = play.come();
            play.here.push(client);
        }
        play
    }

    /// Somebody comes, whose socket takes nothing at first.
    fn come(&mut self) -> Client {
        let id = self.stage.come();
        self.stage.give_room(id, 0);
        Client { id, rooms: HashMap::new(), due: String::new() }
    }

    /// A line that is like no other.
    fn line(&mut self, size: usize) -> String {
        self.lines += 1;
        format!("{} {}.", self.lines, "x".repeat(size))
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Say { who, room, size } => {
                let (line, position) = (self.line(size), self.stage.log(room).end());
                let author = self.here.get(who).map(|client| client.id);
                self.stage.log(room).append(author, b"", line.as_bytes());
                self.said[room].push(Said { author, position, line });
            }
            Step::Publish { room } => self.publish(room),
            Step::Attach { who, room } => {
                let end = self.stage.log(room).end();
                let client = &mut self.here[who];
                if client.rooms.contains_key(&room) {
                    return;
                }
                client.rooms.insert(room, end);
                self.stage.attach(client.id, room);
            }
            Step::Detach { who, room } => {
                let client = &mut self.here[who];
                client.rooms.remove(&room);
                self.stage.detach(client.id, room);
            }
            Step::Direct { who } => {
                let line = self.line(0);
                let client = &mut self.here[who];
                self.stage.direct(client.id, &line);
                client.due += &(line + "\n");
            }
            Step::Close { who } => {
                let conn = self.here[who].id;
                self.stage.order(Order::Close { conn });
                let next = self.come();
                self.gone.push(std::mem::replace(&mut self.here[who], next));
            }
            Step::CloseRoom { room } => {
                for who in 0..CLIENTS {
                    self.take(Step::Detach { who, room });
                }
                self.publish(room);
                self.stage.close_room(room);
            }
            Step::Take { who, bytes } => self.stage.give_room(self.here[who].id, bytes),
            Step::Slow { who } => {
                if let Some(conn) = self.stage.shard.conns.get(self.here[who].id) {
                    (conn.is_slowed, conn.is_paused, conn.is_served) = (true, true, true);
                }
            }
            Step::Resume { who } => self.stage.shard.resume(self.here[who].id),
            Step::Turn => self.turn(),
        }
    }

    fn publish(&mut self, room: usize) {
        self.stage.seal(room);
        for Said { author, position, line } in self.said[room].drain(..) {
            for client in &mut self.here {
                let is_there = client.rooms.get(&room).is_some_and(|&from| from <= position);
                if is_there && author != Some(client.id) {
                    client.due.push_str(&line);
                    client.due.push('\n');
                }
            }
        }
    }

    fn turn(&mut self) {
        self.stage.turn();
        for client in self.here.iter().chain(&self.gone) {
            let (got, due) = self.got_and_due(client);
            let is_right = due.starts_with(&got);
            assert!(is_right, "{:?} got {}\nand is due {}", client.id, brief(&got), brief(&due));
        }
    }

    /// What a client has got, and what it is due. Chunks have newlines between them or not, as it happens.
    fn got_and_due(&self, client: &Client) -> (String, String) {
        let got = self.stage.got(client.id);
        match self.framing {
            Framing::Chunks => (got.replace('\n', ""), client.due.replace('\n', "")),
            Framing::Auto | Framing::Lines => (got, client.due.clone()),
        }
    }

    /// All sockets take everything: all get what they are due, and nothing is kept any more.
    fn end(&mut self) {
        for room in 0..ROOMS {
            self.publish(room);
        }
        for client in self.here.iter().chain(&self.gone) {
            self.stage.give_room(client.id, usize::MAX);
            self.stage.shard.resume(client.id);
        }
        let mut turns = 0;
        while self.stage.shard.has_work() {
            self.turn();
            turns += 1;
            assert!(turns < 1000, "there is always something to do");
        }
        let mut lines = 0;
        for client in self.here.iter().chain(&self.gone) {
            let (got, due) = self.got_and_due(client);
            assert_eq!(brief(&got), brief(&due), "{:?}", client.id);
            let has_end = self.stage.got(client.id).ends_with('\n');
            assert!(!has_end || self.framing != Framing::Chunks, "a newline was not left off");
            lines += newlines(client.due.as_bytes());
        }
        assert!(self.gone.iter().all(|client| self.stage.has_ended(client.id)));
        assert!(self.stage.is_at_rest(), "something is kept for nobody");
        let tally = self.stage.tally();
        assert_eq!((tally.lines_out, tally.lines_dropped), (lines, 0));
    }
}

/// A text for people: the filling of long lines is left out.
fn brief(text: &str) -> String {
    text.replace("xxxxxxxxxx", "")
}

proptest! {
    /// Whatever happens in whatever order, each connection gets what was published in its rooms while it
    /// was there, but for its own lines, and the lines for it alone, whole and in one order.
    #[test]
    fn a_connection_gets_all_of_its_rooms_in_one_order(
        framing in prop_oneof![Just(Framing::Lines), Just(Framing::Chunks)],
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let mut play = Play::new(framing);
        for step in steps {
            play.take(step);
        }
        play.end();
    }
}
