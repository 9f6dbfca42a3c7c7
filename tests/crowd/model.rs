//! What must have happened, told by the events, which are in the order of the hub.
//!
//! The rules are written here once more, as simply as they can be: everything is kept, and nothing is
//! ever given up.

use std::collections::HashMap;
use std::net::SocketAddr;

use chat_core::{CloseReason, ConnId, ServerEvent};

use crate::script::{LOBBY, name_class, room_class};

/// Something that a client did, as the events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    Said(String),
    Acted(String),
    Renamed(String),
    /// The name of the room is that which its maker gave it.
    Joined(String),
}

/// A client's time in a room: from this line of the room on, and up to that one.
#[derive(Debug)]
pub(crate) struct Stay {
    room: String,
    from: usize,
    to: usize,
}

/// A client's time on the server. Places are those of the events.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) conn: ConnId,
    pub(crate) addr: SocketAddr,
    pub(crate) came: usize,
    pub(crate) left: Option<(usize, CloseReason)>,
    pub(crate) done: Vec<(usize, Done)>,
    stays: Vec<Stay>,
    name: Option<String>,
}

impl Life {
    fn called(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.addr.port().to_string())
    }
}

/// A line that was said in a room, as the others read it.
#[derive(Debug)]
struct Said {
    at: usize,
    author: ConnId,
    line: String,
}

/// A room, of which all lines are kept, also when nobody is in it and it is made anew.
#[derive(Debug, Default)]
struct Room {
    name: String,
    members: usize,
    lines: Vec<Said>,
}

/// That somebody had a name, from this event to that one.
#[derive(Debug)]
struct Held {
    conn: ConnId,
    from: usize,
    to: usize,
}

/// All that must have happened.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) lives: Vec<Life>,
    /// Where in `lives` a client is found.
    by_conn: HashMap<ConnId, usize>,
    rooms: HashMap<String, Room>,
    names: HashMap<String, Vec<Held>>,
}

impl Model {
    pub(crate) fn of(events: &[ServerEvent]) -> Model {
        let mut model = Model::default();
        for (at, event) in events.iter().enumerate() {
            model.take(at, event);
        }
        model
    }

    fn take(&mut self, at: usize, event: &ServerEvent) {
        match event {
            ServerEvent::Connected { conn, addr } => self.connected(at, *conn, *addr),
            ServerEvent::Message { conn, addr, name, text } => {
                let life = self.life(*conn, *addr);
                assert_eq!(name.as_deref(), life.name.as_deref(), "at {at}, {event:?}");
                let shown = format!("{}: {text}", life.called());
                life.done.push((at, Done::Said(text.to_string())));
                self.say(at, *conn, shown);
            }
            ServerEvent::Action { conn, addr, text } => {
                let life = self.life(*conn, *addr);
                let shown = format!("{} * {text}", life.called());
                life.done.push((at, Done::Acted(text.to_string())));
                self.say(at, *conn, shown);
            }
            ServerEvent::Renamed { conn, addr, name } => self.renamed(at, *conn, *addr, name),
            ServerEvent::Joined { conn, addr, room } => {
                let life = self.life(*conn, *addr);
                life.done.push((at, Done::Joined(room.to_string())));
                // The new one is there before the old one is left: they are never the same.
                let from = self.leave(*conn);
                assert_ne!(from, room_class(room), "at {at}, {event:?}");
                let shown = self.enter(*conn, room);
                assert_eq!(shown, **room, "at {at}, the name of the room");
            }
            ServerEvent::Disconnected { conn, addr, reason } => {
                let life = self.life(*conn, *addr);
                life.left = Some((at, *reason));
                if let Some(name) = life.name.take() {
                    self.release(at, &name);
                }
                self.leave(*conn);
            }
            other => panic!("at {at}, {other:?}"),
        }
    }

    /// The life of a client that is here.
    fn life(&mut self, conn: ConnId, addr: SocketAddr) -> &mut Life {
        let found = self.by_conn.get(&conn).unwrap_or_else(|| panic!("{conn} never came"));
        let life = &mut self.lives[*found];
        assert_eq!((life.addr, life.left), (addr, None), "{conn}");
        life
    }

    fn connected(&mut self, at: usize, conn: ConnId, addr: SocketAddr) {
        let former = self.by_conn.insert(conn, self.lives.len());
        assert_eq!(former, None, "{conn} came twice");
        let (done, stays) = (Vec::new(), Vec::new());
        self.lives.push(Life { conn, addr, came: at, left: None, done, stays, name: None });
        self.enter(conn, LOBBY);
    }

    fn say(&mut self, at: usize, author: ConnId, line: String) {
        let stay = self.lives[self.by_conn[&author]].stays.last().unwrap();
        let room = self.rooms.get_mut(&stay.room).unwrap();
        room.lines.push(Said { at, author, line });
    }

    fn renamed(&mut self, at: usize, conn: ConnId, addr: SocketAddr, name: &str) {
        let life = self.life(conn, addr);
        life.done.push((at, Done::Renamed(name.to_owned())));
        if let Some(former) = life.name.replace(name.to_owned()) {
            self.release(at, &former);
        }
        let all = self.names.entry(name_class(name)).or_default();
        let is_free = all.last().is_none_or(|last| last.to != usize::MAX);
        assert!(is_free, "at {at}, {name} is that of {:?}, not of {conn}", all.last());
        all.push(Held { conn, from: at, to: usize::MAX });
    }

    fn release(&mut self, at: usize, name: &str) {
        let all = self.names.get_mut(&name_class(name)).unwrap();
        all.last_mut().unwrap().to = at;
    }

    /// Whether somebody else had a name that looks like this one at some time between two events.
    pub(crate) fn was_taken(&self, conn: ConnId, name: &str, from: usize, to: usize) -> bool {
        let all = self.names.get(&name_class(name)).map_or(&[][..], Vec::as_slice);
        all.iter().any(|held| held.conn != conn && held.from.max(from) < held.to.min(to))
    }

    /// Lets a client into a room, and tells what the room is called.
    fn enter(&mut self, conn: ConnId, name: &str) -> String {
        let class = room_class(name);
        let room = self.rooms.entry(class.clone()).or_default();
        if room.members == 0 && class != LOBBY {
            name.clone_into(&mut room.name);
        }
        room.members += 1;
        let from = room.lines.len();
        let shown = if class == LOBBY { LOBBY.to_owned() } else { room.name.clone() };
        self.lives[self.by_conn[&conn]].stays.push(Stay { room: class, from, to: from });
        shown
    }

    /// Takes a client out of its room, and tells which it was.
    fn leave(&mut self, conn: ConnId) -> String {
        let stay = self.lives[self.by_conn[&conn]].stays.last_mut().unwrap();
        let room = self.rooms.get_mut(&stay.room).unwrap();
        room.members -= 1;
        stay.to = room.lines.len();
        stay.room.clone()
    }

    /// All that a client must have read but for refusals, each with the place of its event.
    pub(crate) fn due(&self, life: &Life) -> Vec<(usize, String)> {
        let mut due = Vec::new();
        for stay in &life.stays {
            let lines = &self.rooms[&stay.room].lines[stay.from..stay.to];
            let others = lines.iter().filter(|said| said.author != life.conn);
            due.extend(others.map(|said| (said.at, said.line.clone())));
        }
        for (at, done) in &life.done {
            match done {
                Done::Said(_) | Done::Acted(_) => {}
                Done::Renamed(name) => due.push((*at, format!("* you are called {name}"))),
                Done::Joined(room) => due.push((*at, format!("* you are in {room}"))),
            }
        }
        // All that happens has its own event.
        due.sort_by_key(|(at, _)| *at);
        due
    }

    /// Whether nobody is in any room, and nobody has a name.
    pub(crate) fn is_empty(&self) -> bool {
        let are_left = self.lives.iter().all(|life| life.left.is_some());
        let are_free = self.names.values().flatten().all(|held| held.to != usize::MAX);
        are_left && are_free && self.rooms.values().all(|room| room.members == 0)
    }
}
