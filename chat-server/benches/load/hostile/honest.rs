//! The honest clients: they chat at a steady pace, and listen to each other whatever others do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::hearing::{Hearing, Line};
use super::names::{Names, source};
use super::transcript::{INTERVAL, Talk, Transcript, microseconds};
use crate::Result;
use crate::dial::dial_from;
use crate::greeting::greet;
use crate::joining::join;
use crate::numbered::Numbered;
use crate::peers::{PATIENCE, Peers};

/// Their addresses are in 127.0.1.0/24.
const NETWORK: u8 = 1;
/// The length of a message, with its newline.
const TEXT_BYTES: usize = 66;

/// All honest clients, in one thread.
#[derive(Debug)]
pub(crate) struct Honest {
    peers: Peers,
    names: Arc<Names>,
    hearings: Vec<Hearing>,
    /// The next message. They are numbered through, and the number tells who says it.
    next: Numbered,
}

impl Honest {
    /// Connects so many clients, has them go into a room if they are not to stay in the lobby, and
    /// lets a message of the first one reach all others.
    ///
    /// All but the last one speak, by turns. That one hears every message, and so the order that all
    /// others must have heard.
    ///
    /// They come in small groups, one from each address: a server may well mind who connects too
    /// often.
    pub(crate) fn connect(server: SocketAddr, clients: usize, room: Option<&str>) -> Result<Self> {
        const GROUP: usize = 21;
        const PAUSE: Duration = Duration::from_millis(100);
        let mut peers = Peers::new(server)?;
        let mut names = Names::new();
        let groups = clients.div_ceil(GROUP);
        for group in 0..groups {
            let members: Vec<_> = (group..clients).step_by(groups).collect();
            let first = peers.len();
            peers.add_by(members.len(), |server, token| {
                let fits = |port| names.client(port).is_none();
                let stream =
                    dial_from(server, source(NETWORK, members[token - first]), None, fits)?;
                names.give(stream.local_addr()?.port(), token);
                Ok(stream)
            })?;
            thread::sleep(PAUSE);
        }
        for token in 0..peers.len() {
            peers.set_nodelay(token)?;
        }
        if let Some(room) = room {
            join(&mut peers, |_| room.to_owned())?;
        }
        let mut next = Numbered::new(0, TEXT_BYTES);
        greet(&mut peers, std::slice::from_mut(&mut next))?;
        let hearings = std::iter::repeat_with(Hearing::default).take(clients).collect();
        Ok(Self { peers, names: Arc::new(names), hearings, next })
    }

    /// Whose lines are honest.
    pub(super) fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// Says so many messages at the steady pace, and waits until all clients have heard all of them,
    /// or until no more can be hoped for.
    ///
    /// Times count from when a message is due, not from when it was sent: a generator that cannot
    /// keep up makes them worse, never better, and tells by how much.
    pub(crate) fn chat(&mut self, messages: u32) -> Result<Talk> {
        let first = self.next.number();
        let authors =
            (first..first + u64::from(messages)).map(|number| self.author(number)).collect();
        let mut transcript = Transcript::new(first, authors, self.peers.len());
        let mut lateness = Vec::with_capacity(messages as usize);
        let mut said = 0;
        loop {
            let (now, due) = (Instant::now(), transcript.due(said));
            let timeout = if said < messages {
                if let Some(late) = now.checked_duration_since(due) {
                    lateness.push(microseconds(late));
                    self.say()?;
                    said += 1;
                    continue;
                }
                // The poll rounds up to milliseconds, so that the last one is spent without sleep.
                Duration::from_millis((due - now).subsec_millis().into())
            } else if transcript.is_complete() || now > due + PATIENCE {
                return Ok(transcript.close(lateness));
            } else {
                INTERVAL
            };
            self.hear(timeout, &mut transcript)?;
        }
    }

    /// Listens for so long, or until something comes; false if nothing did. No honest client has
    /// anything to say, so that any honest message is one that came twice.
    pub(crate) fn listen(&mut self, timeout: Duration) -> Result<bool> {
        let mut nothing = Transcript::new(self.next.number(), Vec::new(), self.peers.len());
        self.hear(timeout, &mut nothing)
    }

    /// Has the client whose turn it is say the next message.
    fn say(&mut self) -> Result<()> {
        let speaker = self.author(self.next.number());
        self.peers.outbox(speaker).extend_from_slice(self.next.text());
        self.peers.flush(speaker)?;
        self.next.advance();
        Ok(())
    }

    /// Notes what arrives; false when nothing came in time.
    fn hear(&mut self, timeout: Duration, transcript: &mut Transcript) -> Result<bool> {
        let Self { peers, names, hearings, next } = self;
        let listener = peers.len() - 1;
        peers.turn(timeout, |client, bytes| {
            let now = Instant::now();
            hearings[client].hear(bytes, |line| {
                let Line::Said(port, text) = Line::read(line) else {
                    let said = line.trim_ascii_end().escape_ascii();
                    return Err(format!("an honest client was told `{said}`").into());
                };
                let Some(author) = names.client(port) else {
                    transcript.foreign += u64::from(client == listener);
                    return Ok(());
                };
                let Some(number) = next.number_of(text) else {
                    let said = text.trim_ascii_end().escape_ascii();
                    return Err(format!("a message was changed: `{said}` arrived").into());
                };
                transcript.note(client, author, number, now)
            })
        })
    }

    /// Who says the message with this number.
    fn author(&self, number: u64) -> usize {
        let speakers = self.peers.len() as u64 - 1;
        usize::try_from(number % speakers).unwrap_or(0)
    }
}
