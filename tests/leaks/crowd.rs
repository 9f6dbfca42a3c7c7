//! Many clients that come, talk and go, each at random; and a few that stay and listen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chat_core::testing::{Peer, Random, TestServer};

/// How many come and go in all.
pub(crate) const CLIENTS: usize = 2000;
/// How many threads move them.
const DRIVERS: usize = 4;
/// How many each of those has open at a time, at most.
const OPEN: usize = 120;
/// What each of those who stay says last of all.
const LAST: &str = "that was all";

/// The ways to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Says `exit` and reads to the end.
    Exit,
    /// Ends its own half of the stream and reads to the end.
    HalfClose,
    /// Closes, with whatever it has not read.
    Drop,
    /// Breaks the connection off.
    Reset,
}

/// One who came and went.
#[derive(Debug)]
pub(crate) struct Leaver {
    pub(crate) way: Way,
    pub(crate) port: u16,
    pub(crate) said: Vec<String>,
    /// What it read, if it read to the end.
    pub(crate) read: Vec<String>,
}

/// One who stayed.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) port: u16,
    pub(crate) said: Vec<String>,
    pub(crate) read: Vec<String>,
}

/// What became of all of them.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) leavers: Vec<Leaver>,
    pub(crate) observers: Vec<Observer>,
    /// Their connections, so that they are still here when this is looked at.
    _staying: Vec<Peer>,
}

impl Crowd {
    /// Lets them come and go until only the observers are left, who have read all.
    pub(crate) fn run(server: &TestServer, observers: usize) -> Crowd {
        let running = Arc::new(AtomicUsize::new(DRIVERS));
        let mut staying: Vec<Peer> = (0..observers).map(|_| server.join()).collect();
        let readers: Vec<_> = staying
            .iter()
            .map(|peer| {
                let mut reader = peer.reader();
                thread::spawn(move || read_to_the_last(&mut reader, observers - 1))
            })
            .collect();
        let drivers: Vec<_> = (0..DRIVERS)
            .map(|number| {
                let (addr, running) = (server.addr(), Arc::clone(&running));
                thread::spawn(move || {
                    let leavers = Driver::new(number, addr).run();
                    running.fetch_sub(1, Ordering::SeqCst);
                    leavers
                })
            })
            .collect();

        // The observers talk too, as long as there is somebody to listen.
        let mut said = vec![Vec::new(); observers];
        let mut random = Random::new(1);
        while running.load(Ordering::SeqCst) > 0 {
            let who = random.below(observers);
            let text = format!("observer {who} says {}", said[who].len());
            staying[who].say(&text);
            said[who].push(text);
            thread::yield_now();
            if said[who].len() > 2000 {
                break;
            }
        }
        let leavers = drivers.into_iter().flat_map(|driver| driver.join().unwrap()).collect();
        // By now all that the others said is in the log. What those who stay said themselves need
        // not be: each of them tells when that was all.
        server.wait_for_stats("all have left", |stats| stats.clients == observers);
        for (peer, said) in staying.iter_mut().zip(&mut said) {
            peer.say(LAST);
            said.push(LAST.to_owned());
        }
        let read = readers.into_iter().map(|reader| reader.join().unwrap());
        let observers = staying.iter().zip(said).zip(read);
        let observers = observers
            .map(|((peer, said), read)| Observer { port: peer.port(), said, read })
            .collect();
        Crowd { leavers, observers, _staying: staying }
    }
}

/// Reads until so many others have said their last.
fn read_to_the_last(reader: &mut Peer, mut others: usize) -> Vec<String> {
    let mut read = Vec::new();
    while others > 0 {
        let line = reader.line();
        if line.ends_with(LAST) {
            others -= 1;
        }
        read.push(line);
    }
    read
}

/// Moves a part of the crowd.
struct Driver {
    number: usize,
    addr: SocketAddr,
    random: Random,
    open: Vec<Guest>,
    count: usize,
    left: Vec<Leaver>,
}

/// One who is here.
struct Guest {
    id: usize,
    peer: Peer,
    said: Vec<String>,
}

impl Driver {
    fn new(number: usize, addr: SocketAddr) -> Driver {
        let random = Random::new(100 + number as u64);
        Driver { number, addr, random, open: Vec::new(), count: 0, left: Vec::new() }
    }

    fn run(mut self) -> Vec<Leaver> {
        let all = CLIENTS / DRIVERS;
        while self.count < all || !self.open.is_empty() {
            let has_room = self.open.len() < OPEN && self.count < all;
            match self.random.below(4) {
                0 | 1 if has_room => self.come(),
                2 if !self.open.is_empty() => self.talk(),
                _ if self.open.is_empty() => {}
                _ => self.go(),
            }
        }
        self.left
    }

    fn come(&mut self) {
        let peer = Peer::connect(self.addr);
        self.open.push(Guest { id: self.count, peer, said: Vec::new() });
        self.count += 1;
    }

    fn talk(&mut self) {
        let who = self.random.below(self.open.len());
        let guest = &mut self.open[who];
        for _ in 0..=self.random.below(3) {
            let text = format!("guest {}.{} says {}", self.number, guest.id, guest.said.len());
            guest.peer.say(&text);
            guest.said.push(text);
        }
    }

    fn go(&mut self) {
        let who = self.random.below(self.open.len());
        let Guest { mut peer, said, .. } = self.open.swap_remove(who);
        let port = peer.port();
        let way = [Way::Exit, Way::HalfClose, Way::Drop, Way::Reset][self.random.below(4)];
        let mut read = Vec::new();
        match way {
            Way::Exit | Way::HalfClose => {
                if way == Way::Exit {
                    peer.say("exit");
                } else {
                    peer.end_sending();
                }
                let rest = String::from_utf8(peer.rest()).unwrap();
                read = rest.split_terminator('\n').map(str::to_owned).collect();
                if way == Way::HalfClose && said.is_empty() {
                    // Who says nothing is told what this is.
                    let about = read.iter().position(|line| line.starts_with("* this is "));
                    read.remove(about.unwrap());
                }
            }
            Way::Drop => drop(peer),
            Way::Reset => peer.reset(),
        }
        self.left.push(Leaver { way, port, said, read });
    }
}
