//! The many who are too fast go along with others.

use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer};

use super::{SECOND, TICK, lines, numbered};

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
    /// All of them are too fast, and wait for company.
    fn new() -> Crowd {
        let mut config = ServerConfig::default();
        config.limits.exempt_loopback = false;
        config.limits.flood = Some(lines(10, 1));
        let mut server = MemoryServer::new(config);
        let flooders: Vec<_> = (0..MANY).map(|_| server.connect()).collect();
        let listener = server.connect();
        for flooder in &flooders {
            flooder.send(numbered(0..LINES));
        }
        server.run();
        let mut crowd = Crowd { server, flooders, listener, heard: 0 };
        crowd.expect_a_line_of_each();
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

    #[track_caller]
    fn expect_nothing(&self) {
        assert_eq!(self.listener.read(), "");
    }
}

#[test]
fn they_are_read_when_somebody_else_says_something() {
    let mut crowd = Crowd::new();
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
    let mut crowd = Crowd::new();
    for _ in crowd.heard..LINES {
        crowd.server.advance((STEP + PATIENCE).saturating_sub(TICK));
        crowd.expect_nothing();
        crowd.server.advance(TICK);
        crowd.expect_a_line_of_each();
    }
    crowd.server.advance(SECOND);
    crowd.expect_nothing();
}

#[test]
fn company_before_their_time_is_none() {
    let mut crowd = Crowd::new();
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
