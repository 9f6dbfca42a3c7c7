//! The stage: who is there, what their screens show, and what is honest to show.

use std::net::SocketAddr;
use std::time::Duration;

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer};
use chat_core::wire::Framing;

/// Long enough for a chunk to be a message.
const MOMENT: Duration = Duration::from_millis(100);
/// All that ends a line, or moves to another place, on some screen or in some program.
const BREAKS: [char; 10] =
    ['\n', '\r', '\u{b}', '\u{c}', '\u{1b}', '\u{85}', '\u{9b}', '\u{2028}', '\u{2029}', '\u{8}'];

/// How what a client is due looks in its bytes. A row is the same for all of them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    Lines,
    Chunks,
}

impl Reader {
    /// The bytes of lines that go out together.
    fn shown(self, lines: &[&str]) -> String {
        match self {
            Reader::Lines => lines.iter().flat_map(|line| [*line, "\n"]).collect(),
            Reader::Chunks => lines.join("\n"),
        }
    }

    /// Checks what one who reads so has got.
    #[track_caller]
    fn check(self, peer: &MemoryPeer, attack: &str, called: &str, due: &[&str]) {
        let (port, read) = (peer.port(), peer.read());
        assert_eq!(read, self.shown(due), "what {port} reads of {attack:?}");
        for shown in read.split(BREAKS).filter(|shown| !shown.is_empty()) {
            assert!(is_honest(shown, called), "{port} is shown {shown:?} by {attack:?}");
        }
    }
}

/// Ada, 1002 and 1003, and the attacker.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) server: MemoryServer,
    pub(super) attacker: MemoryPeer,
    pub(super) ada: MemoryPeer,
    /// All but the attacker, Ada among them.
    others: Vec<(Reader, MemoryPeer)>,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage::with(|_| {})
    }

    pub(super) fn with(set: impl FnOnce(&mut ServerConfig)) -> Stage {
        let mut config = ServerConfig::default();
        set(&mut config);
        let framing = config.framing;
        let mut server = MemoryServer::new(config);
        let [ada, plain, chunky, attacker] =
            [1001, 1002, 1003, 6666].map(|port| server.connect_from(at(port)));
        // Where there are no commands, this is said, and she has no name.
        ada.send("/nick Ada\n");
        plain.send("I speak lines\n");
        chunky.send("I speak chunks");
        server.run();
        server.advance(MOMENT);
        for peer in [&ada, &plain, &chunky, &attacker] {
            peer.read();
        }
        let usual = if framing == Framing::Chunks { Reader::Chunks } else { Reader::Lines };
        let others = vec![(usual, ada.clone()), (usual, plain), (Reader::Chunks, chunky)];
        Stage { server, attacker, ada, others }
    }

    /// The attacker sends these bytes, at once.
    pub(super) fn attack(&mut self, sent: impl AsRef<[u8]>) {
        self.attacker.send(sent);
        self.server.run();
        self.server.advance(MOMENT);
    }

    /// Checks what everybody reads, to the byte, and that nothing of it can be taken for a line of
    /// somebody else but of the attacker, who is called so now.
    #[track_caller]
    pub(super) fn check(&self, attack: &str, called: &str, attacker: &[&str], others: &[&str]) {
        assert_eq!(self.attacker.read(), Reader::Lines.shown(attacker), "back from {attack:?}");
        for (reader, peer) in &self.others {
            reader.check(peer, attack, called, others);
        }
    }

    /// The same, where Ada alone reads something.
    #[track_caller]
    pub(super) fn check_ada(&self, attack: &str, attacker: &[&str], ada: &[&str]) {
        assert_eq!(self.attacker.read(), Reader::Lines.shown(attacker), "back from {attack:?}");
        for (at, (reader, peer)) in self.others.iter().enumerate() {
            let due = if at == 0 { ada } else { &[] };
            reader.check(peer, attack, "6666", due);
        }
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

/// Whether a line begins with the name of who said it, or is a notice that names who caused it.
fn is_honest(line: &str, called: &str) -> bool {
    let of_author = [": ", " * ", " (to you): "].map(|mark| format!("{called}{mark}"));
    let of_server = format!("* {called} sets the topic: ");
    line.starts_with(&of_server) || of_author.iter().any(|start| line.starts_with(start))
}

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
