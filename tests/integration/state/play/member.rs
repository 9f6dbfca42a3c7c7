//! One peer, and what the model knows of it.

use std::time::Duration;

use chat_core::testing::MemoryPeer;
use chat_core::{CloseReason, ConnId, Flood, ServerConfig};

use super::hearer::{Due, Hearer};
use super::script::Setup;
use super::speaker::{QUIET, Speaker};

/// How long the server may keep a connection that has left.
const FAREWELL: Duration = Duration::from_secs(6);
/// How many bytes fit on the way to a peer at first.
const ROOM: usize = 1 << 20;

/// A line of the room's log: who said it, by its index, and what the others read.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) author: Option<usize>,
    pub(super) line: String,
}

/// How a client's time ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Farewell {
    pub(super) reason: CloseReason,
    /// The length of the log when it was gone, and when it was still there.
    pub(super) most: usize,
    pub(super) least: usize,
    pub(super) at: Duration,
}

/// One peer, and what the model knows of it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Member {
    pub(super) peer: MemoryPeer,
    pub(super) speaker: Speaker,
    pub(super) hearer: Hearer,
    /// Its name and the length of the log when it came; `None` if it was refused.
    pub(super) came: Option<(ConnId, usize)>,
    pub(super) left: Option<Farewell>,
    pub(super) has_ended: bool,
    pub(super) is_reset: bool,
    pub(super) is_kicked: bool,
    pub(super) is_flooding: bool,
    /// How fast it may talk, and how many bytes and lines it has sent since that was said.
    flood: Option<Flood>,
    sent: (u64, u64),
    /// Lines that it missed, as the events tell.
    pub(super) skipped: u64,
    /// When it last sent something.
    pub(super) spoke_at: Duration,
    /// When it last took something, or could have.
    pub(super) took_at: Duration,
    /// How many bytes had come to it by then.
    taken: usize,
    room: usize,
    /// It was out of room when it had left.
    is_squeezed: bool,
}

impl Member {
    pub(super) fn new(peer: MemoryPeer, setup: &Setup, now: Duration) -> Member {
        Member {
            peer,
            speaker: Speaker::new(setup),
            hearer: Hearer::default(),
            came: None,
            left: None,
            has_ended: false,
            is_reset: false,
            is_kicked: false,
            is_flooding: false,
            flood: setup.config.limits.flood,
            sent: (0, 0),
            skipped: 0,
            spoke_at: now,
            took_at: now,
            taken: 0,
            room: ROOM,
            is_squeezed: false,
        }
    }

    /// Its name, if it is here.
    pub(super) fn conn(&self) -> Option<ConnId> {
        self.came.filter(|_| self.left.is_none()).map(|(conn, _)| conn)
    }

    /// Whether the server may still have its connection.
    pub(super) fn may_be_kept(&self, now: Duration) -> bool {
        let is_kept = |left: Farewell| now.saturating_sub(left.at) <= FAREWELL;
        self.came.is_some() && self.left.is_none_or(is_kept)
    }

    /// It has sent these bytes.
    pub(super) fn has_sent(&mut self, bytes: &[u8]) {
        let ends = ends(bytes);
        let lines = ends + usize::from(!bytes.ends_with(b"\n"));
        self.sent = (self.sent.0 + bytes.len() as u64, self.sent.1 + lines as u64);
    }

    /// How fast it may talk changes. It may still have to say what it has sent.
    pub(super) fn limit(&mut self, flood: Option<Flood>) {
        self.speaker.limit(flood.is_some());
        self.flood = flood;
        let unread = self.peer.unread() as u64;
        self.sent = (unread, unread + 1);
    }

    /// Whether it has sent more than it may at once, or nearly so: for a few bytes it is not read.
    pub(super) fn is_fast(&self) -> bool {
        self.flood.is_some_and(|Flood { lines, bytes, .. }| {
            let few = bytes.burst.div_ceil(2).min(1024);
            self.sent.0 > (bytes.burst - few).into() || self.sent.1 > lines.burst.into()
        })
    }

    pub(super) fn read(&mut self, most: usize) {
        self.hearer.bytes.extend(self.peer.sip(most));
    }

    pub(super) fn set_room(&mut self, bytes: usize) {
        self.room = bytes;
        self.peer.set_room(bytes);
    }

    pub(super) fn is_full(&self) -> bool {
        self.peer.waiting() >= self.room
    }

    /// All is at rest, as it was some time ago.
    pub(super) fn rest(&mut self, before: Duration, now: Duration, idle: Option<Duration>) {
        let taken = self.hearer.bytes.len() + self.peer.waiting();
        if !self.is_full() {
            self.took_at = now;
        } else if taken > self.taken {
            // It may have been as early as that.
            self.took_at = before;
        }
        self.taken = taken;
        if let Some(limit) =
            idle.filter(|_| self.conn().is_some() && self.speaker.is_read_at_once())
        {
            // A chunk is heard when nothing has followed it for a moment.
            let heard_at = self.spoke_at + QUIET;
            assert!(now.saturating_sub(heard_at) < limit, "it is idle: {self:#?}");
        }
        self.is_squeezed |= self.left.is_some() && self.is_full();
    }

    /// Checks that it may have left for this reason, now.
    pub(super) fn may_leave(&self, reason: CloseReason, now: Duration, config: &ServerConfig) {
        let limits = &config.limits;
        let has_waited = |limit: Option<Duration>, since| {
            limit.is_some_and(|limit| now.saturating_sub(since) >= limit)
        };
        let may = match reason {
            CloseReason::Exit
            | CloseReason::EndlessLine
            | CloseReason::OtherProtocol
            | CloseReason::Shutdown => !self.speaker.is_exact || self.speaker.end == Some(reason),
            CloseReason::EndOfStream => {
                let is_it = self.speaker.end == Some(reason);
                self.has_ended && (!self.speaker.is_exact || is_it)
            }
            CloseReason::Reset => self.is_reset,
            CloseReason::Kicked => self.is_kicked,
            CloseReason::TooSlow => self.is_full(),
            CloseReason::Stalled => {
                self.is_full() && has_waited(limits.write_timeout, self.took_at)
            }
            CloseReason::Idle => has_waited(limits.idle, self.spoke_at),
            _ => false,
        };
        assert!(may, "{reason:?} at {now:?}: {self:#?}");
        if self.speaker.end == Some(reason) {
            self.speaker.is_done();
        }
    }

    /// Checks what it has read.
    pub(super) fn check(&self, index: usize, log: &[Entry], config: &ServerConfig) {
        let Some((_, joined)) = self.came else { return };
        let until = self.left.map_or(log.len(), |left| left.most);
        let places = joined..until;
        let others = places.filter(|&at| log[at].author != Some(index));
        let lines: Vec<(&str, usize)> = others.map(|at| (&*log[at].line, at)).collect();
        // Whoever is closed by force gets no more than there was room for.
        let is_forced = self.is_reset || self.is_squeezed || self.left.is_some_and(is_forced);
        let surely = self.left.map_or(log.len(), |left| left.least);
        let least = lines.iter().filter(|(_, at)| *at < surely).count();
        let due = Due {
            least: if is_forced { 0 } else { least },
            lines,
            is_all: self.left.is_none(),
            may_be_cut: is_forced,
            may_join: self.speaker.may_speak_chunks(),
            has_skipped: self.skipped > 0,
        };
        let heard = self.hearer.check(config, &due);
        assert!(heard.skipped <= self.skipped);
        if !is_forced {
            assert_eq!(heard.skipped, self.skipped, "lines skipped");
        }
        let is_all_read = self.left.is_none_or(|left| self.speaker.end == Some(left.reason));
        if self.speaker.is_exact && is_all_read && !is_forced {
            assert_eq!(heard.refused, self.speaker.refused, "lines refused");
        }
    }
}

/// How many lines end in these bytes.
pub(super) fn ends(bytes: &[u8]) -> usize {
    bytes.split(|&byte| byte == b'\n').count() - 1
}

fn is_forced(left: Farewell) -> bool {
    matches!(left.reason, CloseReason::Reset | CloseReason::TooSlow | CloseReason::Stalled)
}
