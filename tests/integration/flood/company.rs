//! The many who are too fast go along with others.

use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer};

use super::{SECOND, TICK, lines, numbered};
use crate::newcomers::newcomers;

/// How many flood.
const MANY: usize = 20;
/// How many lines each of them has to say.
const LINES: usize = 6;
/// From when on they may say one line more each.
const STEP: Duration = Duration::from_millis(100);
/// How long they wait for somebody else.
const PATIENCE: Duration = Duration::from_millis(48);

/// A room in which many flood, and one who listens to them.
struct Crowd {
    server: MemoryServer,
    flooders: Vec<MemoryPeer>,
    listener: MemoryPeer,
    /// How many lines of each of them were heard.
    heard: usize,
}

impl Crowd {
    /// All of them have used up a burst of so many lines, and then said one more.
    fn new(burst: usize) -> Crowd {
        let mut config = ServerConfig::default();
        config.limits.exempt_loopback = false;
        config.limits.flood = Some(lines(10, burst.try_into().unwrap()));
        let mut server = MemoryServer::new(config);
        let flooders: Vec<_> = (0..MANY).map(|_| server.connect()).collect();
        let listener = server.connect();
        for flooder in &flooders {
            flooder.send(numbered(0..LINES));
        }
        server.run();
        assert_eq!(listener.read().lines().count(), burst * MANY);
        let mut crowd = Crowd { server, flooders, listener, heard: burst };
        // The first few did not know that they are many.
        crowd.server.advance(STEP);
        crowd.expect_a_line_of_each();
        crowd
    }

    /// What the listener has got is the next line of each of them, and of nobody else.
    #[track_caller]
    fn expect_a_line_of_each(&mut self) {
        let heard = self.listener.read();
        let mut heard: Vec<_> = heard.lines().collect();
        heard.sort_unstable();
        let said = |flooder: &MemoryPeer| format!("{}: {}", flooder.port(), self.heard);
        let mut said: Vec<_> = self.flooders.iter().map(said).collect();
        said.sort_unstable();
        assert_eq!(heard, said);
        self.heard += 1;
    }

    /// The rest comes a line of each at a time, a step after the last ones and not before.
    #[track_caller]
    fn expect_the_rest_step_by_step(&mut self) {
        for _ in self.heard..LINES {
            self.server.advance(STEP.saturating_sub(TICK));
            self.expect_nothing();
            self.server.advance(TICK);
            self.expect_a_line_of_each();
        }
    }

    #[track_caller]
    fn expect_nothing(&self) {
        assert_eq!(self.listener.read(), "");
    }
}

#[test]
fn they_are_read_when_somebody_else_says_something() {
    let mut crowd = Crowd::new(2);
    let talker = crowd.server.connect();
    for _ in crowd.heard..LINES {
        crowd.server.advance(STEP);
        crowd.expect_nothing();
        talker.send("company\n");
        crowd.server.run();
        let heard = crowd.listener.read();
        let (first, rest) = heard.split_once('\n').expect("a line");
        assert_eq!(first, format!("{}: company", talker.port()));
        assert_eq!(rest.lines().count(), MANY, "{rest}");
        crowd.heard += 1;
    }
    crowd.server.advance(SECOND);
    crowd.expect_nothing();
}

#[test]
fn they_are_read_together_when_nobody_else_says_anything() {
    let mut crowd = Crowd::new(2);
    crowd.server.advance(PATIENCE);
    crowd.expect_the_rest_step_by_step();
    crowd.server.advance(SECOND);
    crowd.expect_nothing();
}

#[test]
fn company_before_their_time_is_none() {
    let mut crowd = Crowd::new(2);
    let talker = crowd.server.connect();
    crowd.server.advance(STEP.saturating_sub(TICK));
    talker.send("company\n");
    crowd.server.run();
    assert_eq!(crowd.listener.read(), format!("{}: company\n", talker.port()));
    crowd.server.advance(TICK);
    crowd.expect_nothing();
    crowd.server.advance(PATIENCE);
    crowd.expect_a_line_of_each();
}

/// Where no more than one line collects, whoever waits would lose what he may say meanwhile.
#[test]
fn whoever_would_lose_by_waiting_does_not_wait() {
    let mut crowd = Crowd::new(1);
    crowd.expect_the_rest_step_by_step();
}

/// However much it is that is said, and whenever the inbox was full.
#[test]
fn a_large_paste_is_company_too() {
    const LENGTH: usize = 1024;
    for count in [63, 64, 65, 128] {
        let mut crowd = Crowd::new(2);
        let talker = crowd.server.connect_from(([192, 0, 2, 1], 1).into());
        let [.., conn] = *newcomers(&mut crowd.server) else { panic!("nobody came") };
        crowd.server.set_flood(conn, None);
        crowd.server.advance(STEP);
        talker.send((String::from("-").repeat(LENGTH - 1) + "\n").repeat(count));
        crowd.server.run();
        let heard = crowd.listener.read();
        let others = heard.lines().filter(|line| line.len() < LENGTH).count();
        assert_eq!((heard.lines().count(), others), (count + MANY, MANY), "of {count}");
    }
}
