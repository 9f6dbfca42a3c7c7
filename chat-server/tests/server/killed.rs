//! SIGKILL, again and again, under clients that talk: what was acknowledged is never lost, never said
//! twice, and read by all in one order.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chat_core::testing::{Random, eventually, within};
use chat_core::wire::RoomName;
use chat_core::{Client, ClientConfig, ClientEvent, Meta, Pending, Reconnect, RequestError};

use crate::support::process::Launch;
use crate::support::server::Server;

const CLIENTS: usize = 20;
const KILLS: usize = 20;
/// How many lines a client has on their way.
const AHEAD: usize = 4;
/// How long a client may wait for one answer, over all the restarts that come between.
const PATIENCE: Duration = Duration::from_mins(1);

/// A line: who has said it, and which of its lines it is.
type Said = (usize, u64);

/// What a client has read and been told, in order.
#[derive(Debug, Default)]
struct Transcript {
    read: Vec<Said>,
    /// What it was told of lines that it has not.
    lost: Vec<ClientEvent>,
}

/// A client that talks until it is told to stop, and all that it knows then.
struct Talker {
    number: usize,
    client: Client,
    transcript: Arc<Mutex<Transcript>>,
}

/// What became of what a client has said.
#[derive(Debug, Default)]
struct Outcome {
    acknowledged: Vec<Said>,
    unknown: Vec<Said>,
}

#[test]
fn what_was_acknowledged_outlives_the_server_however_often_it_is_killed() {
    let place = Place::new("killed");
    let mut server = start(&place, "127.0.0.1:0");
    let addr = server.addr();
    let (done, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let talkers: Vec<Talker> = (0..CLIENTS).map(|number| Talker::connect(number, addr)).collect();
    let talking: Vec<_> = talkers
        .into_iter()
        .map(|talker| {
            let (done, count) = (Arc::clone(&done), Arc::clone(&count));
            thread::spawn(move || talker.talk(&done, &count))
        })
        .collect();
    let mut random = Random::new(7);
    for _ in 0..KILLS {
        let target = count.load(Ordering::Relaxed) + 1 + random.below(400) as u64;
        eventually("lines that are acknowledged", || match count.load(Ordering::Relaxed) {
            count if count >= target => Ok(()),
            count => Err(count),
        });
        server.into_process().kill();
        server = start(&place, &addr.to_string());
    }
    done.store(true, Ordering::Relaxed);
    let ended: Vec<(Talker, Outcome)> = talking
        .into_iter()
        .map(|talking| within("the end of the talk", move || talking.join().unwrap()))
        .collect();
    let said: HashSet<Said> =
        ended.iter().flat_map(|(_, outcome)| outcome.acknowledged.iter().copied()).collect();
    assert!(said.len() > KILLS, "hardly anything was said");
    for (talker, _) in &ended {
        talker.has_read_all(&said);
    }
    check(&ended, &said);
    for (Talker { client, .. }, _) in ended {
        client.close();
        client.join().unwrap();
    }
}

/// A server that keeps what is said in this place.
fn start(place: &Place, addr: &str) -> Server {
    Server::launch(Launch::server(&["--quiet", "--store", place.file(), addr]))
}

/// Everybody has read everything that was acknowledged, once and in the same order, and nothing twice.
fn check(ended: &[(Talker, Outcome)], said: &HashSet<Said>) {
    let unknown: usize = ended.iter().map(|(_, outcome)| outcome.unknown.len()).sum();
    assert_eq!(unknown, 0, "in a session, every message has an answer in the end");
    let mut places: HashMap<Said, usize> = HashMap::new();
    // The order of those that the first client reads, and of its own as the second one does.
    for (talker, _) in ended {
        let transcript = talker.transcript.lock().unwrap();
        assert!(transcript.lost.is_empty(), "{} was told {:?}", talker.number, transcript.lost);
        let once: HashSet<&Said> = transcript.read.iter().collect();
        assert_eq!(once.len(), transcript.read.len(), "{} read a line twice", talker.number);
        let others = said.iter().filter(|(number, _)| *number != talker.number);
        let missing: Vec<&Said> = others.filter(|line| !once.contains(line)).collect();
        assert!(missing.is_empty(), "{} has not read {missing:?}", talker.number);
    }
    // Two transcripts agree if what they have in common comes in the same order in both.
    let orders: Vec<Vec<Said>> =
        ended.iter().map(|(talker, _)| talker.transcript.lock().unwrap().read.clone()).collect();
    for order in &orders[1..] {
        places.clear();
        places.extend(order.iter().enumerate().map(|(place, line)| (*line, place)));
        let common = orders[0].iter().filter_map(|line| places.get(line));
        assert!(common.is_sorted(), "two clients read in different orders");
    }
}

impl Talker {
    fn connect(number: usize, addr: SocketAddr) -> Talker {
        let mut config = ClientConfig::default();
        config.tags = true;
        config.name = Some(format!("talker-{number}").parse().unwrap());
        let mut reconnect = Reconnect::default();
        reconnect.first = Duration::from_millis(10);
        reconnect.most = Duration::from_millis(50);
        config.reconnect = Some(reconnect);
        let transcript = Arc::new(Mutex::new(Transcript::default()));
        let (hears, ready) = (Arc::clone(&transcript), Arc::new(AtomicU64::new(0)));
        let answers = Arc::clone(&ready);
        let client = Client::connect_with(addr, config, move |event| match event {
            ClientEvent::Message { text, .. } => hears.lock().unwrap().read.push(line(&text)),
            // That it is called as it wants to be is the last that it is told before it talks.
            ClientEvent::Answer { .. } => drop(answers.fetch_add(1, Ordering::Relaxed)),
            event @ ClientEvent::Lost { .. } => hears.lock().unwrap().lost.push(event),
            _ => {}
        });
        let talker = Talker { number, client: client.unwrap(), transcript };
        eventually("a name", || match ready.load(Ordering::Relaxed) {
            0 => Err(()),
            _ => Ok(()),
        });
        talker
    }

    /// Says one line after the other, some of them at a time.
    fn talk(self, done: &AtomicBool, count: &AtomicU64) -> (Talker, Outcome) {
        let lobby: RoomName = "lobby".parse().unwrap();
        let mut outcome = Outcome::default();
        let mut next = 0;
        while !done.load(Ordering::Relaxed) {
            let say = |said: u64| {
                let text = format!("{} {said}", self.number);
                (said, self.client.say_in(&lobby, &text))
            };
            let asked: Vec<(u64, Pending<Meta>)> = (next..next + AHEAD as u64).map(say).collect();
            next += AHEAD as u64;
            for (said, mut pending) in asked {
                let line = (self.number, said);
                match pending.wait(PATIENCE) {
                    Ok(_) => {
                        count.fetch_add(1, Ordering::Relaxed);
                        outcome.acknowledged.push(line);
                    }
                    Err(RequestError::Unknown) => outcome.unknown.push(line),
                    Err(error) => panic!("{line:?}: {error}"),
                }
            }
        }
        (self, outcome)
    }

    /// Waits until it has read all lines of others.
    fn has_read_all(&self, said: &HashSet<Said>) {
        let others = said.iter().filter(|(number, _)| *number != self.number);
        let others: HashSet<Said> = others.copied().collect();
        eventually("all that the others have said", || {
            let transcript = self.transcript.lock().unwrap();
            let read: HashSet<Said> = transcript.read.iter().copied().collect();
            let missing: Vec<&Said> = others.difference(&read).collect();
            let lost = format!("{} was told {:?}", self.number, transcript.lost);
            if missing.is_empty() { Ok(()) } else { Err((missing.len(), lost)) }
        });
    }
}

/// Which line a text is.
fn line(text: &str) -> Said {
    let (number, said) = text.split_once(' ').unwrap();
    (number.parse().unwrap(), said.parse().unwrap())
}

/// A folder that is empty at first, and gone afterwards.
struct Place {
    folder: PathBuf,
    file: String,
}

impl Place {
    fn new(name: &str) -> Place {
        let name = format!("{name}-{}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("chat.db").into_os_string().into_string().unwrap();
        Place { folder, file }
    }

    fn file(&self) -> &str {
        &self.file
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left of a test that has failed is looked at by whoever wants to know why.
        if !thread::panicking() {
            fs::remove_dir_all(&self.folder).unwrap();
        }
    }
}
