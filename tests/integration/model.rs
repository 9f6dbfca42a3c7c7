//! Random scripts of a few peers against a simple model of what each of them is to receive.

use chat_core::testing::{Peer, TestServer};
use chat_core::wire::Text;
use proptest::prelude::*;

/// Something that a peer does.
#[derive(Debug, Clone)]
enum Act {
    /// Sends a text with its newline in one piece.
    Line(String),
    /// Sends a text and then its newline, or a part of both, where lines are spoken.
    Split(String, usize),
    /// Sends several lines at once.
    Lines(Vec<String>),
    /// Sends a text without a newline.
    Chunk(String),
}

/// How the server takes what a peer sends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Unknown,
    Lines,
    Chunks,
}

/// A peer, and what the model knows of it.
struct Actor {
    peer: Peer,
    mode: Mode,
    /// What was sent and is no message yet.
    pending: String,
    /// Whether it has sent anything: who has not is told what the server is.
    has_spoken: bool,
}

impl Actor {
    /// Sends what the act says, and gives the messages that follow from it.
    fn act(&mut self, act: &Act, server: &TestServer, sent: &mut usize) -> Vec<String> {
        match act {
            Act::Chunk(text) => {
                self.pending.push_str(text);
                self.send(text, sent);
                if self.mode == Mode::Lines {
                    // Nobody is to get it yet, so that nobody can be waited for.
                    server.wait_for_bytes_in(*sent);
                    return Vec::new();
                }
                self.mode = Mode::Chunks;
                vec![std::mem::take(&mut self.pending)]
            }
            Act::Line(text) => self.lines(&[text], None, server, sent),
            Act::Lines(texts) => self.lines(&texts.iter().collect::<Vec<_>>(), None, server, sent),
            // Where it is not known yet what is spoken, the first part could be taken for a chunk.
            Act::Split(text, at) => {
                let at = (self.mode == Mode::Lines).then_some(*at);
                self.lines(&[text], at, server, sent)
            }
        }
    }

    fn lines(
        &mut self,
        texts: &[&String],
        split: Option<usize>,
        server: &TestServer,
        sent: &mut usize,
    ) -> Vec<String> {
        self.mode = Mode::Lines;
        let bytes: String = texts.iter().flat_map(|text| [text, "\n"]).collect();
        let (first, second) = bytes.as_bytes().split_at(split.map_or(0, |at| at % bytes.len()));
        if !first.is_empty() {
            self.send(first, sent);
            server.wait_for_bytes_in(*sent);
        }
        self.send(second, sent);
        let mut messages: Vec<String> = texts.iter().map(|text| (*text).clone()).collect();
        messages[0].insert_str(0, &std::mem::take(&mut self.pending));
        messages
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>, sent: &mut usize) {
        *sent += bytes.as_ref().len();
        self.has_spoken |= !bytes.as_ref().is_empty();
        self.peer.send(bytes);
    }

    /// Reads what it is to get when somebody says these lines, all of them at once.
    fn expect(&mut self, lines: &[String]) {
        if self.mode == Mode::Chunks {
            self.peer.expect_bytes(lines.join("\n"));
        } else {
            self.peer.expect_all(lines);
        }
    }
}

/// What the others read of messages of this peer: only what can be seen.
fn read_by_others(peer: &Peer, messages: &[String]) -> Vec<String> {
    let safe = messages.iter().filter_map(|message| Text::lossy(message.as_bytes()));
    safe.map(|text| peer.says(&text)).collect()
}

/// Plays a script, and checks after each act that everybody gets what the model says, and at the
/// end that nobody gets anything else.
fn play(count: usize, script: &[(usize, Act)]) {
    let server = TestServer::with(|config| config.io_threads = 2);
    let new = || Actor {
        peer: server.join(),
        mode: Mode::Unknown,
        pending: String::new(),
        has_spoken: false,
    };
    let mut actors: Vec<Actor> = (0..count).map(|_| new()).collect();
    let mut sent = 0;
    for (who, act) in script {
        let who = who % count;
        let messages = actors[who].act(act, &server, &mut sent);
        let lines = read_by_others(&actors[who].peer, &messages);
        deliver(&mut actors, who, &lines);
    }
    while let Some(mut leaver) = actors.pop() {
        leaver.peer.end_sending();
        if leaver.has_spoken {
            leaver.peer.expect_end();
        } else {
            let about = String::from_utf8(leaver.peer.rest()).unwrap();
            assert!(about.starts_with("* this is chat-core "), "{about}");
        }
        let last = [std::mem::take(&mut leaver.pending)];
        let lines = read_by_others(&leaver.peer, &last);
        deliver(&mut actors, usize::MAX, &lines);
    }
}

fn deliver(actors: &mut [Actor], author: usize, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    for (index, actor) in actors.iter_mut().enumerate() {
        if index != author {
            actor.expect(lines);
        }
    }
}

/// Texts of all sorts that are neither a word with a meaning nor broken over lines.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,12}( [a-z]{1,12}){0,5}",
        1 => "[ \t]{0,4}",
        2 => "[ -~]{0,80}",
        2 => "\\PC{1,20}",
        1 => prop::collection::vec(any::<char>(), 1..20).prop_map(|chars| chars.into_iter().collect()),
    ]
    .prop_map(|text: String| text.replace(['\r', '\n', '\x16'], "~"))
    .prop_filter("a word with a meaning", |text| !text.to_lowercase().contains("exit"))
    .prop_filter("a command", |text| !text.starts_with('/'))
}

/// A text of which something can be seen, in whatever way it is joined to others.
fn visible() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("={text}="))
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => text().prop_map(Act::Line),
        2 => (text(), any::<usize>()).prop_map(|(text, at)| Act::Split(text, at)),
        2 => prop::collection::vec(text(), 1..6).prop_map(Act::Lines),
        2 => visible().prop_map(Act::Chunk),
    ]
}

proptest! {
    // Each chunk takes the time after which it counts as one; so the cases are few and long.
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_gets_what_the_model_says(
        count in 2..5usize,
        script in prop::collection::vec((any::<usize>(), act()), 1..30),
    ) {
        play(count, &script);
    }
}
