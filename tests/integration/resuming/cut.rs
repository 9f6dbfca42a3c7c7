//! Ten programs that talk on a way on which connections get lost all the time: all of them end with
//! the same talk.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use chat_core::store::MemoryStore;
use chat_core::testing::{PATIENCE, Random, TestServer, within};
use chat_core::{Server, ServerConfig};

use super::talker::{News, Talker};
use crate::proxy::{Fates, Proxy};

const TALKERS: usize = 10;
/// How many lines each of them says.
const LINES: usize = 30;
/// How long a connection may say nothing before its client takes it for lost. It only makes the test
/// longer or shorter: who is too impatient comes back once more.
const PATIENT: Duration = Duration::from_millis(150);

/// What one of them has in the end.
#[derive(Debug, Default)]
struct Heard {
    /// What all others have said, by its number.
    lines: Vec<(u64, String)>,
    /// Which number each of its own got.
    own: BTreeMap<u64, String>,
    lost: u64,
    resumed: usize,
}

struct Program {
    who: usize,
    proxy: std::net::SocketAddr,
    talker: Talker,
    stream: Option<TcpStream>,
    heard: Heard,
    said: BTreeMap<u64, String>,
    /// When something came last.
    last: Instant,
}

impl Program {
    fn new(who: usize, proxy: std::net::SocketAddr) -> Program {
        let (talker, heard) = (Talker::new(), Heard::default());
        let said = BTreeMap::new();
        Program { who, proxy, talker, stream: None, heard, said, last: Instant::now() }
    }

    /// Does a little: connects, sends, reads what comes within a moment.
    fn step(&mut self) {
        let Some(stream) = &mut self.stream else {
            self.stream = TcpStream::connect(self.proxy).ok();
            if let Some(stream) = &self.stream {
                stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
                stream.set_nodelay(true).unwrap();
                self.talker.connected();
                self.last = Instant::now();
            }
            return;
        };
        let outgoing = self.talker.outgoing();
        let mut buffer = [0; 4096];
        let is_sent = stream.write_all(&outgoing).is_ok();
        let read = if is_sent { stream.read(&mut buffer) } else { Ok(0) };
        let is_waiting = self.talker.is_here() && self.talker.open.is_empty();
        match read {
            Ok(0) => self.lose(),
            Ok(count) => {
                self.last = Instant::now();
                for news in self.talker.read(&buffer[..count]) {
                    self.hear(news);
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if !is_waiting && self.last.elapsed() > PATIENT {
                    self.lose();
                }
            }
            Err(_) => self.lose(),
        }
    }

    fn lose(&mut self) {
        self.stream = None;
        self.talker.lost();
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Begun(_) => {}
            News::Resumed(told) => {
                self.heard.lost += told.number("lost").unwrap_or(0);
                self.heard.resumed += 1;
            }
            News::Unknown => panic!("{}: the session is lost", self.who),
            // Who comes and goes is told as often as connections get lost.
            News::Heard(told) if matches!(told.kind(), "join" | "joins" | "leave" | "leaves") => {}
            News::Heard(told) => {
                self.heard.lines.push((told.number("msgid").unwrap(), told.text));
            }
            News::Answered(label, told) => {
                assert_eq!(told.kind(), "sent", "{told:?}");
                let text = self.said[&label].clone();
                let before = self.heard.own.insert(told.number("msgid").unwrap(), text.clone());
                assert!(before.is_none_or(|before| before == text));
            }
        }
    }

    /// Says all that it has to say, and goes on until it is told to stop.
    fn run(
        mut self,
        ready: &Sender<()>,
        go: &Receiver<()>,
        done: &Sender<()>,
        end: &Receiver<()>,
    ) -> Heard {
        while !self.talker.is_here() {
            self.step();
        }
        ready.send(()).unwrap();
        while go.try_recv().is_err() {
            self.step();
        }
        let mut said = 0;
        while said < LINES || !self.talker.open.is_empty() {
            if said < LINES && self.talker.open.len() < 20 {
                let text = format!("line {said} of {}", self.who);
                let label = self.talker.say(None, &text);
                self.said.insert(label, text);
                said += 1;
            }
            self.step();
        }
        done.send(()).unwrap();
        while end.try_recv().is_err() {
            self.step();
        }
        // The way is good now, and everybody has said all: what is still to come ends with an answer.
        self.lose();
        let resumed = self.heard.resumed;
        while self.heard.resumed == resumed {
            self.step();
        }
        self.heard
    }
}

/// Plays it with a server that keeps so many lines of what was missed.
fn play(seed: u64, server: Server, kept: usize) -> Vec<Heard> {
    play_with(seed, server, |config| config.resume.lines = kept)
}

fn play_with(seed: u64, server: Server, set: impl FnOnce(&mut ServerConfig)) -> Vec<Heard> {
    let mut config = ServerConfig::default();
    set(&mut config);
    config.limits.clients_per_ip = None;
    let server = TestServer::run(server.config(config));
    let mut random = Random::new(seed);
    // They begin on a good way: until there is a session, there is nothing to come back to.
    let proxy = Proxy::start(server.addr(), move |number| {
        if number < TALKERS {
            Fates { piece: 1000, ..Fates::GOOD }
        } else {
            Fates::random(&mut random)
        }
    });
    let (ready, are_ready) = channel();
    let (done, are_done) = channel();
    let mut threads = Vec::new();
    for who in 0..TALKERS {
        let program = Program::new(who, proxy.addr());
        let ((go, may_go), (end, may_end)) = (channel(), channel());
        let (ready, done) = (ready.clone(), done.clone());
        let work = move || program.run(&ready, &may_go, &done, &may_end);
        threads.push((thread::spawn(work), go, end));
    }
    let wait = |all: &Receiver<()>| {
        (0..TALKERS).for_each(|_| all.recv_timeout(PATIENCE).expect("a talker that goes on"));
    };
    wait(&are_ready);
    proxy.cut_all();
    for (_, go, _) in &threads {
        go.send(()).unwrap();
    }
    wait(&are_done);
    proxy.be_good();
    for (_, _, end) in &threads {
        end.send(()).unwrap();
    }
    let join = |(thread, ..): (thread::JoinHandle<Heard>, _, _)| {
        within("ending a talker", move || thread.join().unwrap())
    };
    let heard = threads.into_iter().map(join).collect();
    assert!(proxy.connections() > 2 * TALKERS, "nothing was lost on the way");
    heard
}

/// Everybody has the same talk, but for what it was told to have lost.
fn check(heard: &[Heard]) {
    let all: BTreeMap<u64, String> = heard.iter().flat_map(|heard| heard.own.clone()).collect();
    assert_eq!(all.len(), TALKERS * LINES, "each line has a number of its own");
    for one in heard {
        assert!(one.lines.is_sorted_by(|one, next| one.0 < next.0), "in order, and once");
        for (msgid, line) in &one.lines {
            assert!(line.ends_with(&format!(": {}", all[msgid])), "{line}");
            assert!(!one.own.contains_key(msgid), "its own: {line}");
        }
        let missing = (TALKERS - 1) * LINES - one.lines.len();
        assert_eq!(missing as u64, one.lost, "{one:?}");
    }
}

fn server() -> Server {
    Server::bind("127.0.0.1:0").unwrap()
}

#[test]
fn all_end_with_the_same_talk_however_often_they_get_lost() {
    let heard = play(1, server(), 10_000);
    check(&heard);
    assert!(heard.iter().all(|one| one.lost == 0));
}

#[test]
fn all_end_with_the_same_talk_where_it_is_told_who_comes_and_goes() {
    let heard = play_with(4, server(), |config| config.announce = true);
    check(&heard);
    assert!(heard.iter().all(|one| one.lost == 0));
}

#[test]
fn all_know_how_much_they_have_lost_where_little_is_kept() {
    check(&play(2, server(), 5));
}

#[test]
fn all_end_with_the_same_talk_where_it_is_stored() {
    let store = MemoryStore::default();
    let heard = play(3, server().store(store.clone()), 10_000);
    check(&heard);
    assert_eq!(store.last(), (TALKERS * LINES) as u64);
}
