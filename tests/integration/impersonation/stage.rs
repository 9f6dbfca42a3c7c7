//! The stage: who is there, and what each of them is to read.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer};
use chat_core::wire::Framing;

use super::reader::{Due, Reader};

/// Long enough for a chunk to be a message, in milliseconds.
const MOMENT: u32 = 100;

/// Ada, 1002, 1003 and 1004, and the attacker.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) server: MemoryServer,
    pub(super) attacker: MemoryPeer,
    pub(super) ada: MemoryPeer,
    /// How the attacker reads.
    back: Reader,
    /// All but the attacker, Ada first.
    others: Vec<(Reader, MemoryPeer)>,
    /// When the last attack was, in milliseconds of its minute.
    when: RangeInclusive<u32>,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage::with(|_| {})
    }

    pub(super) fn with(set: impl FnOnce(&mut ServerConfig)) -> Stage {
        let mut config = ServerConfig::default();
        set(&mut config);
        let (framing, has_commands) = (config.framing, config.commands);
        let mut server = MemoryServer::new(config);
        let [ada, plain, chunky, program, attacker] =
            [1001, 1002, 1003, 1004, 6666].map(|port| server.connect_from(at(port)));
        // Where there are no commands, this is said: she has no name, and nobody reads tags.
        ada.send("/nick Ada\n");
        program.send("/tags\n");
        plain.send("I speak lines\n");
        chunky.send("I speak chunks");
        server.run();
        server.advance(Duration::from_millis(MOMENT.into()));
        for peer in [&ada, &plain, &chunky, &program, &attacker] {
            peer.read();
        }
        let back = Reader { speaks_chunks: framing == Framing::Chunks, reads_tags: false };
        let others = vec![
            (back, ada.clone()),
            (back, plain),
            (Reader { speaks_chunks: true, ..back }, chunky),
            (Reader { reads_tags: has_commands, ..back }, program),
        ];
        // The clock of a server in memory begins at forty seconds of a minute.
        let when = 40_000 + MOMENT..=40_000 + MOMENT;
        Stage { server, attacker, ada, back, others, when }
    }

    /// The same, and the attacker reads tags too.
    pub(super) fn tagged() -> Stage {
        Stage::tagged_with(|_| {})
    }

    pub(super) fn tagged_with(set: impl FnOnce(&mut ServerConfig)) -> Stage {
        let mut stage = Stage::with(set);
        stage.back.reads_tags = true;
        stage.attack("/tags\n");
        let answer = stage.attacker.read();
        assert!(answer.contains(" * tags are on; "), "{answer:?}");
        stage
    }

    /// The attacker sends these bytes, at once.
    pub(super) fn attack(&mut self, sent: impl AsRef<[u8]>) {
        self.attacker.send(sent);
        self.server.run();
        self.server.advance(Duration::from_millis(MOMENT.into()));
        self.when = *self.when.end()..=*self.when.end() + MOMENT;
    }

    /// Checks what everybody reads, to the byte, and that nothing of it can be taken for a line of
    /// somebody else but of the attacker, who is called so now.
    #[track_caller]
    pub(super) fn check(&self, attack: &str, called: &str, attacker: &[&str], others: &[&str]) {
        let due = Due { attack, called, when: &self.when };
        self.back.check_attacker(&self.attacker, due, attacker);
        for (reader, peer) in &self.others {
            reader.check(peer, due, others);
        }
    }

    /// The same, where one of the others alone reads something.
    #[track_caller]
    pub(super) fn check_one(&self, attack: &str, attacker: &[&str], one: u16, lines: &[&str]) {
        let due = Due { attack, called: "6666", when: &self.when };
        self.back.check_attacker(&self.attacker, due, attacker);
        for (reader, peer) in &self.others {
            reader.check(peer, due, if peer.port() == one { lines } else { &[] });
        }
    }

    /// One of the others.
    pub(super) fn other(&self, port: u16) -> &MemoryPeer {
        let found = self.others.iter().find(|(_, peer)| peer.port() == port);
        &found.expect("somebody with this port").1
    }

    /// Checks who is here, as Ada is told.
    #[track_caller]
    pub(super) fn check_who(&mut self, attack: &str, who: &str) {
        self.ask_ada("/who", attack, who);
    }

    /// Checks which rooms there are, as Ada is told.
    #[track_caller]
    pub(super) fn check_rooms(&mut self, attack: &str, rooms: &str) {
        self.ask_ada("/rooms", attack, rooms);
    }

    #[track_caller]
    fn ask_ada(&mut self, question: &str, attack: &str, answer: &str) {
        self.ada.send(format!("{question}\n"));
        self.server.run();
        assert_eq!(self.ada.read(), format!("* {answer}\n"), "after {attack:?}");
    }
}

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
