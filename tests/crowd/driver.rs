//! Moves a part of the crowd: one thread with many connections.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chat_core::testing::PATIENCE;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;

use crate::script::{Act, Ending, Script};

/// How many clients of one driver wait for an answer at a time, at most: so what is on its way stays
/// about as much as the server does in a moment.
const WAITING: usize = 64;
/// The most that a client says before a command.
const MOST_WORDS: usize = 3;

/// One who was there.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// Later ones have larger numbers.
    pub(crate) id: u64,
    pub(crate) addr: SocketAddr,
    pub(crate) acts: Vec<Act>,
    pub(crate) read: Vec<u8>,
    pub(crate) ending: Ending,
}

/// One who is there.
struct Client {
    stream: TcpStream,
    visitor: Visitor,
    /// How many answers it is due still.
    due: usize,
    /// It has had an answer.
    is_in: bool,
    /// Where the line begins that it has not read to its end.
    line: usize,
    is_leaving: bool,
}

/// What all drivers have in common.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) server: SocketAddr,
    pub(crate) names: usize,
    /// How long it goes on when all have come.
    pub(crate) time: Duration,
    pub(crate) ids: AtomicU64,
}

pub(crate) struct Driver<'a> {
    common: &'a Common,
    script: Script,
    poll: Poll,
    clients: Vec<Option<Client>>,
    /// How many wait for an answer, or for the end.
    waiting: usize,
    gone: Vec<Visitor>,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(seed: u64, common: &'a Common, clients: usize) -> Driver<'a> {
        let mut driver = Driver {
            common,
            script: Script::new(seed, common.names),
            poll: Poll::new().unwrap(),
            clients: Vec::new(),
            waiting: 0,
            gone: Vec::new(),
        };
        driver.clients.resize_with(clients, || None);
        driver
    }

    /// Lets them come, act and vanish, until the time is over, and all leave then.
    pub(crate) fn run(mut self) -> Vec<Visitor> {
        for slot in 0..self.clients.len() {
            self.make_room();
            self.come(slot);
        }
        let until = Instant::now() + self.common.time;
        while Instant::now() < until {
            self.make_room();
            self.act();
        }
        for slot in 0..self.clients.len() {
            self.make_room();
            // Whoever waits for an answer leaves without waiting for it.
            if self.clients[slot].as_ref().is_some_and(|client| !client.is_leaving) {
                let ending = Ending::ALL[self.script.random.below(2)];
                self.vanish(slot, ending);
            }
        }
        while self.clients.iter().any(Option::is_some) {
            self.look(PATIENCE);
        }
        self.gone
    }

    /// Reads until not too many wait any more.
    fn make_room(&mut self) {
        self.look(Duration::ZERO);
        while self.waiting >= WAITING {
            self.look(PATIENCE);
        }
    }

    /// Reads what has come, and waits for it if need be.
    fn look(&mut self, patience: Duration) {
        let mut events = Events::with_capacity(1024);
        match self.poll.poll(&mut events, Some(patience)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            result => result.unwrap(),
        }
        let came_nothing = events.is_empty() && !patience.is_zero();
        assert!(!came_nothing, "{} clients wait in vain for anything", self.waiting);
        for event in &events {
            self.read(event.token().0);
        }
    }

    /// A newcomer, who is in when it has an answer.
    fn come(&mut self, slot: usize) {
        let stream = std::net::TcpStream::connect(self.common.server).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        let addr = stream.local_addr().unwrap();
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(slot), Interest::READABLE).unwrap();
        let id = self.common.ids.fetch_add(1, Ordering::SeqCst);
        let (acts, read) = (Vec::new(), Vec::new());
        let visitor = Visitor { id, addr, acts, read, ending: Ending::Drop };
        let client = Client { stream, visitor, due: 0, is_in: false, line: 0, is_leaving: false };
        self.clients[slot] = Some(client);
        self.ask(slot);
    }

    /// Somebody does something, or vanishes.
    fn act(&mut self) {
        let slot = self.script.random.below(self.clients.len());
        let Some(client) = &self.clients[slot] else { return self.come(slot) };
        if client.is_leaving {
            return;
        }
        // Before its first answer nobody can say whether it was ever in.
        if client.is_in && self.script.random.once_in(10) {
            let ending = Ending::ALL[self.script.random.below(4)];
            return self.vanish(slot, ending);
        }
        if client.due == 0 {
            self.ask(slot);
        }
    }

    /// Says something and asks for something, at once.
    fn ask(&mut self, slot: usize) {
        let mut acts = self.words(slot);
        acts.push(self.script.command());
        self.send(slot, &acts, "");
    }

    fn words(&mut self, slot: usize) -> Vec<Act> {
        let Some(client) = &self.clients[slot] else { return Vec::new() };
        let (id, said) = (client.visitor.id, client.visitor.acts.len());
        let count = self.script.random.below(MOST_WORDS + 1);
        (0..count).map(|more| self.script.words(id, said + more)).collect()
    }

    /// Does all this, and sends these bytes after it, in one piece.
    fn send(&mut self, slot: usize, acts: &[Act], after: &str) {
        let Some(client) = &mut self.clients[slot] else { return };
        let lines: String = acts.iter().flat_map(|act| [act.line(), "\n".into()]).collect();
        let bytes = lines + after;
        // It is little, and what was sent before is answered: there is room for it.
        let sent = client.stream.write(bytes.as_bytes()).unwrap();
        assert_eq!(sent, bytes.len(), "what one client sends at once");
        let (was_waiting, asked) = (client.is_waiting(), acts.iter().filter(|a| a.is_answered()));
        client.due += asked.count();
        self.waiting += usize::from(client.is_waiting()) - usize::from(was_waiting);
        client.visitor.acts.extend_from_slice(acts);
    }

    /// Goes, with something said before.
    fn vanish(&mut self, slot: usize, ending: Ending) {
        let mut acts = self.words(slot);
        if self.script.random.once_in(2) {
            acts.push(self.script.command());
        }
        match ending {
            Ending::Exit => self.send(slot, &acts, "exit\n/nick nobody\nnot said\n"),
            Ending::Drop | Ending::Reset => self.send(slot, &acts, ""),
            Ending::EndOfStream => {
                // Half of the time what it says last has no newline.
                let last = acts.pop_if(|act| matches!(act, Act::Say(_)));
                self.send(
                    slot,
                    &acts,
                    last.as_ref().map_or("", |act| match act {
                        Act::Say(text) => text,
                        _ => "",
                    }),
                );
                if let Some(client) = &mut self.clients[slot] {
                    client.visitor.acts.extend(last);
                    client.stream.shutdown(Shutdown::Write).unwrap();
                }
            }
        }
        let Some(client) = &mut self.clients[slot] else { return };
        client.visitor.ending = ending;
        if ending.is_orderly() {
            self.waiting += usize::from(!client.is_waiting());
            client.is_leaving = true;
            return;
        }
        if ending == Ending::Reset {
            SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
        self.remove(slot);
    }

    fn remove(&mut self, slot: usize) {
        let Some(client) = self.clients[slot].take() else { return };
        self.waiting -= usize::from(client.is_waiting());
        self.gone.push(client.visitor);
    }

    /// Reads what has come to one.
    fn read(&mut self, slot: usize) {
        let mut buffer = [0; 16 * 1024];
        while let Some(client) = &mut self.clients[slot] {
            match client.stream.read(&mut buffer) {
                Ok(0) => {
                    assert!(client.is_leaving, "{:?} was closed", client.visitor);
                    return self.remove(slot);
                }
                Ok(count) => {
                    let was_waiting = client.is_waiting();
                    client.hear(&buffer[..count]);
                    self.waiting -= usize::from(was_waiting) - usize::from(client.is_waiting());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error} at {:?}", client.visitor),
            }
        }
    }
}

impl Client {
    fn is_waiting(&self) -> bool {
        self.due > 0 || self.is_leaving
    }

    fn hear(&mut self, bytes: &[u8]) {
        let read = &mut self.visitor.read;
        let mut searched = read.len();
        read.extend_from_slice(bytes);
        while let Some(length) = read[searched..].iter().position(|&byte| byte == b'\n') {
            let end = searched + length;
            if read[self.line..end].starts_with(b"* ") {
                self.is_in = true;
                self.due = self.due.checked_sub(1).expect("an answer that was asked for");
            }
            (self.line, searched) = (end + 1, end + 1);
        }
    }
}
