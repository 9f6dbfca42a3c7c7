//! A process without a descriptor left, and callers who need none any more.

use std::fs::File;
use std::net::SocketAddr;

use chat_core::testing::{PATIENCE, Peer};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

/// How many descriptors the process may have in the meantime.
const FEW: u64 = 200;

/// There is no descriptor left for as long as this lives.
#[derive(Debug)]
pub(crate) struct Shortage {
    taken: Vec<File>,
    before: Rlimit,
}

impl Shortage {
    /// Takes all descriptors that there are.
    pub(crate) fn begin() -> Shortage {
        let before = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(FEW), ..before }).unwrap();
        let mut taken = Vec::new();
        let error = loop {
            match File::open("/dev/null") {
                Ok(file) => taken.push(file),
                Err(error) => break error,
            }
        };
        assert_eq!(Errno::from_io_error(&error), Some(Errno::MFILE));
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
        setrlimit(Resource::Nofile, self.before).unwrap();
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
