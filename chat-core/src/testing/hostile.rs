//! Peers that are up to no good.

use std::net::SocketAddr;

use super::peer::Peer;
use super::random::Random;

/// A way in which a peer can hurt a server, or try to.
///
/// Each goes against any address, in one bounded step and without a thread of its own, so that a
/// test can take them in turns:
///
/// ```
/// use chat_core::testing::{Hostile, TestServer};
///
/// let server = TestServer::start();
/// let (mut a, mut b) = (server.join(), server.join());
/// for kind in Hostile::ALL {
///     let attack = kind.attack(server.addr());
///     server.wait_for(attack.addr);
///     let said = format!("do you still hear me, with {kind:?}?");
///     a.say(&said);
///     while b.line() != a.says(&said) {}
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hostile {
    /// Comes with the smallest receive buffer, says one line and reads nothing. Whoever goes on
    /// talking finds it further and further behind.
    NeverReads,
    /// Ends its half of the stream in the middle of a line, and leaves the other half open.
    HalfOpen,
    /// Says one line of 20 bytes, and gives each byte to the system by itself.
    OneByteAtATime,
    /// Breaks the connection off in the middle of a line.
    Resets,
    /// Sends 128 KiB without a line end, or less if it is cut off before: twice what a server
    /// takes by default.
    EndlessLine,
    /// Sends the first record of a TLS handshake, in which there are newlines and an `exit`.
    TlsHello,
    /// Sends 16 KiB of bytes that are mostly no UTF-8, the same in every run; one in about 256
    /// is a newline.
    Garbage,
    /// Says 5,000 lines at once, and reads nothing.
    Floods,
    /// Connects and closes without a word.
    ConnectsAndDrops,
}

/// What is left of a [`Hostile`] step.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attack {
    /// The address that it came from, by which the server's events name it.
    pub addr: SocketAddr,
    /// Its connection, as far as it has one still. It has read nothing from it.
    pub peer: Option<Peer>,
}

impl Hostile {
    /// All kinds.
    pub const ALL: [Hostile; 9] = [
        Hostile::NeverReads,
        Hostile::HalfOpen,
        Hostile::OneByteAtATime,
        Hostile::Resets,
        Hostile::EndlessLine,
        Hostile::TlsHello,
        Hostile::Garbage,
        Hostile::Floods,
        Hostile::ConnectsAndDrops,
    ];

    /// Connects to this address and does it once. That the server cuts it off in the middle is no
    /// failure.
    ///
    /// # Panics
    ///
    /// If it cannot connect.
    #[track_caller]
    pub fn attack(self, addr: SocketAddr) -> Attack {
        let mut peer = match self {
            Hostile::NeverReads => Peer::connect_narrow(addr, 1),
            _ => Peer::connect(addr),
        };
        let from = peer.addr();
        let bytes = self.bytes();
        let piece = if self == Hostile::OneByteAtATime { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(piece) {
            // A server is free to close in the middle of it.
            if peer.try_send(piece).is_err() {
                break;
            }
        }
        let left = match self {
            Hostile::HalfOpen => {
                peer.end_sending();
                Some(peer)
            }
            Hostile::Resets => {
                peer.reset();
                None
            }
            Hostile::ConnectsAndDrops => None,
            _ => Some(peer),
        };
        Attack { addr: from, peer: left }
    }

    /// What it sends.
    fn bytes(self) -> Vec<u8> {
        match self {
            Hostile::NeverReads => b"I am all ears\n".to_vec(),
            Hostile::HalfOpen | Hostile::Resets => b"half a li".to_vec(),
            Hostile::OneByteAtATime => b"one-byte-at-a-time.\n".to_vec(),
            Hostile::EndlessLine => vec![b'x'; 128 * 1024],
            Hostile::TlsHello => {
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc\nexit\nhello\n\xff\n".to_vec()
            }
            Hostile::Garbage => garbage(16 * 1024),
            Hostile::Floods => {
                (0..5000).flat_map(|n| format!("flood {n}\n").into_bytes()).collect()
            }
            Hostile::ConnectsAndDrops => Vec::new(),
        }
    }
}

fn garbage(length: usize) -> Vec<u8> {
    let mut random = Random::new(7);
    // The first byte is none that another protocol begins with.
    let rest = (1..length).map(|_| u8::try_from(random.below(256)).expect("it is below 256"));
    [0xff].into_iter().chain(rest).collect()
}
