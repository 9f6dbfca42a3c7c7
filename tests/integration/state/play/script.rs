//! What a run is made of: a server's options, and what happens to it, each made of a few bytes.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use chat_core::wire::Framing;
use chat_core::{Flood, Rate, ServerConfig, WhenBehind};

/// A budget that nobody in here can use up.
const PLENTY: usize = 1 << 30;

/// How the server is set up, and how the run is to end.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(super) config: ServerConfig,
    /// Whether the server is stopped while its clients are there.
    pub(super) stops_early: bool,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Connect { ip: IpAddr },
    Say { who: usize, what: Speech, runs: bool },
    End { who: usize },
    Reset { who: usize },
    Room { who: usize, bytes: usize },
    Sip { who: usize, bytes: usize },
    Advance { by: Duration },
    Broadcast { length: usize },
    SendTo { who: usize, length: usize },
    Kick { who: usize },
    SetFlood { who: usize, flood: Option<Flood> },
    SetWhenBehind { who: usize, what: WhenBehind },
}

/// Bytes that somebody sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Speech {
    /// So many lines with a filler of so many bytes.
    Lines { count: usize, filler: usize },
    /// A line that ends with CRLF.
    Crlf { filler: usize },
    /// A text without an end.
    Part { filler: usize },
    /// The end of a line, and nothing else.
    Newline,
    /// A line of white space.
    Blank,
    /// A line of exactly as many bytes as are allowed, and so many more, that ends with CRLF.
    Longest { more: usize },
    /// More bytes without an end than are allowed.
    Endless { more: usize },
    /// `exit`, with its newline or not.
    Exit { is_ended: bool },
    /// Bytes that are no text.
    Garbage { seed: u8, is_ended: bool },
    /// How a conversation over TLS begins.
    Tls,
}

impl Setup {
    /// How many bytes decide.
    pub(crate) const BYTES: usize = 16;

    /// The setup that these bytes stand for.
    pub(crate) fn of(bytes: [u8; Setup::BYTES]) -> Setup {
        let byte = |at: usize| usize::from(bytes[at]);
        let mut config = ServerConfig::default();
        config.framing = [Framing::Auto, Framing::Lines, Framing::Chunks][byte(0) % 3];
        let limits = &mut config.limits;
        limits.line = 20 + byte(1);
        limits.endless_line = limits.line + 1 + byte(2);
        limits.backlog = pick(byte(3), &[1, 300, 2000, 10_000, 1 << 20]);
        limits.when_behind = pick(byte(4), &[WhenBehind::Close, WhenBehind::Skip]);
        limits.direct = pick(byte(5), &[1, 64, 200, 1000, 64 * 1024]);
        limits.write_timeout =
            pick(byte(6), &[None, Some(1), Some(300), Some(3000)]).map(Duration::from_millis);
        limits.flood = pick(byte(7), &[false, true]).then(|| flood(bytes[8]));
        limits.exempt_loopback = false;
        limits.clients = pick(byte(9), &[2, 4, 8, 100]);
        limits.clients_per_ip = pick(byte(10), &[None, Some(1), Some(3), Some(5)]);
        limits.connects_per_ip = pick(byte(11), &[None, None, Some(Rate::new(1, 2))]);
        limits.idle =
            pick(byte(12), &[None, None, Some(50), Some(2000)]).map(Duration::from_millis);
        limits.budget = pick(byte(13), &[PLENTY, PLENTY, 20_000, 2000]);
        limits.inbox = pick(byte(14), &[512, 1, 2, 20]);
        limits.feed = pick(byte(14) / 16, &[128, 1, 2, 20]);
        Setup { config, stops_early: byte(15) % 2 == 1 }
    }

    /// Whether memory may be short.
    pub(super) fn is_tight(&self) -> bool {
        self.config.limits.budget < PLENTY
    }
}

impl Act {
    /// How many bytes decide.
    pub(crate) const BYTES: usize = 4;

    /// The act that these bytes stand for.
    pub(crate) fn of(bytes: [u8; Act::BYTES]) -> Act {
        let [kind, who, a, b] = bytes;
        let who = usize::from(who);
        let (x, y) = (usize::from(a), usize::from(b));
        match kind {
            0..40 => Act::Connect { ip: ip(a) },
            40..140 => Act::Say { who, what: Speech::of(kind - 40, x, b), runs: y % 4 > 0 },
            140..145 => Act::End { who },
            145..150 => Act::Reset { who },
            150..170 => Act::Room { who, bytes: pick(x, &[0, 1, 7, 50, 300, 5000, 1 << 20]) },
            170..190 => Act::Sip { who, bytes: pick(x, &[1, 10, 100, usize::MAX]) },
            190..215 => {
                let millis = pick(x, &[1, 10, 20, 100, 300, 1000, 2500, 6000]);
                Act::Advance { by: Duration::from_millis(millis) }
            }
            215..225 => Act::Broadcast { length: x },
            225..237 => Act::SendTo { who, length: x },
            237..241 => Act::Kick { who },
            241..248 => Act::SetFlood { who, flood: (x % 2 > 0).then(|| flood(b)) },
            248.. => {
                Act::SetWhenBehind { who, what: pick(x, &[WhenBehind::Close, WhenBehind::Skip]) }
            }
        }
    }
}

impl Speech {
    fn of(kind: u8, x: usize, b: u8) -> Speech {
        let is_ended = b.is_multiple_of(2);
        match kind {
            0..30 => Speech::Lines { count: 1, filler: x % 100 },
            30..50 => Speech::Lines { count: 1 + x % 8, filler: usize::from(b) % 40 },
            // Enough to fill whatever is filled: the hub's turn, a batch, a read.
            50..52 => Speech::Lines { count: x * 8, filler: usize::from(b) },
            52..58 => Speech::Crlf { filler: x % 30 },
            58..72 => Speech::Part { filler: x % 60 },
            72..77 => Speech::Newline,
            77..80 => Speech::Blank,
            80..87 => Speech::Longest { more: x % 3 },
            87..90 => Speech::Endless { more: x },
            90..93 => Speech::Exit { is_ended },
            93..98 => Speech::Garbage { seed: b, is_ended },
            98.. => Speech::Tls,
        }
    }
}

fn pick<T: Copy>(at: usize, from: &[T]) -> T {
    from[at % from.len()]
}

fn flood(seed: u8) -> Flood {
    let at = usize::from(seed);
    let lines = Rate::new(pick(at, &[50, 500]), pick(at / 2, &[1, 3, 20]));
    let bytes = Rate::new(pick(at / 8, &[3000, 90_000]), pick(at / 16, &[50, 2000]));
    Flood::new(lines, bytes)
}

fn ip(seed: u8) -> IpAddr {
    pick(
        seed.into(),
        &[Ipv4Addr::LOCALHOST, Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)],
    )
    .into()
}
