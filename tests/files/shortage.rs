//! A process without a descriptor left, and callers who need none any more.

use std::fs::File;
use std::net::SocketAddr;

use chat_core::testing::{PATIENCE, Peer};
use rlimit::Resource;
use socket2::{Domain, Socket, Type};

/// How many descriptors the process may have in the meantime.
const FEW: u64 = 200;

/// There is no descriptor left for as long as this lives.
#[derive(Debug)]
pub(crate) struct Shortage {
    taken: Vec<File>,
    /// How many it might have before, and how many at most.
    before: (u64, u64),
}

impl Shortage {
    /// Takes all descriptors that there are.
    pub(crate) fn begin() -> Shortage {
        let before = Resource::NOFILE.get().unwrap();
        Resource::NOFILE.set(FEW, before.1).unwrap();
        let mut taken = Vec::new();
        let error = loop {
            match File::open("/dev/null") {
                Ok(file) => taken.push(file),
                Err(error) => break error,
            }
        };
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        Shortage { taken, before }
    }

    /// Gives them back.
    pub(crate) fn end(self) {
        drop(self);
    }
}

impl Drop for Shortage {
    fn drop(&mut self) {
        self.taken.clear();
        let (current, most) = self.before;
        Resource::NOFILE.set(current, most).unwrap();
    }
}

/// Somebody who has the descriptor of his connection already.
#[derive(Debug)]
pub(crate) struct Caller {
    socket: Socket,
}

impl Caller {
    pub(crate) fn new() -> Caller {
        Caller { socket: Socket::new(Domain::IPV4, Type::STREAM, None).unwrap() }
    }

    /// Connects.
    #[track_caller]
    pub(crate) fn connect(self, addr: SocketAddr) -> Peer {
        self.socket.connect_timeout(&addr.into(), PATIENCE).unwrap();
        Peer::new(self.socket.into())
    }
}
