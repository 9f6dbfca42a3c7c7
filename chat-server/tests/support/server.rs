//! A running `chat-server`, and who has come to it.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

use chat_core::testing::Peer;

use super::process::{Launch, Process};

/// A `chat-server` that has told where it listens.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    addr: SocketAddr,
    /// How many have come so far, as far as somebody has asked.
    arrivals: usize,
}

impl Server {
    /// Starts a server on a free port, with these options.
    #[track_caller]
    pub(crate) fn start(options: &[&str]) -> Server {
        let args = [options, &["127.0.0.1:0"]].concat();
        Server::launch(Launch::server(&args))
    }

    /// Starts a server, and waits until it listens.
    #[track_caller]
    pub(crate) fn launch(launch: Launch) -> Server {
        let process = launch.start();
        let addr = process.out.wait("telling where it listens", |out| {
            let (first, _) = out.split_once('\n')?;
            first.strip_prefix("[LISTENING] Server is listening on ")?.parse().ok()
        });
        Server { process, addr, arrivals: 0 }
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it listens, as an argument of a program.
    pub(crate) fn addr_arg(&self) -> String {
        self.addr.to_string()
    }

    /// The line that it printed first.
    pub(crate) fn greeting(&self) -> String {
        format!("[LISTENING] Server is listening on {}", self.addr)
    }

    /// Waits until the server tells of one more who has come, and gives the port. From then on
    /// this one gets all that the others say.
    #[track_caller]
    pub(crate) fn arrival(&mut self) -> u16 {
        let earlier = self.arrivals;
        self.arrivals += 1;
        self.process.out.wait("telling who has come", |out| {
            let mut arrivals = out.lines().filter(|line| line.starts_with("[NEW CONNECTION] "));
            let (_, port) = arrivals.nth(earlier)?.rsplit_once(", ")?;
            port.strip_suffix(") connected.")?.parse().ok()
        })
    }

    /// Lets a raw socket take part, and waits until it does.
    #[track_caller]
    pub(crate) fn join(&mut self) -> Peer {
        self.admit(Peer::connect(self.addr))
    }

    /// Waits until a peer that has connected takes part.
    #[track_caller]
    pub(crate) fn admit(&mut self, peer: Peer) -> Peer {
        assert_eq!(self.arrival(), peer.port(), "the server names its clients by their ports");
        peer
    }

    /// Gives up the server for the process that it is.
    pub(crate) fn into_process(self) -> Process {
        self.process
    }
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// What the server prints of a client at this port on the IPv4 loopback.
pub(crate) mod says {
    pub(crate) fn came(port: u16) -> String {
        format!("[NEW CONNECTION] ('127.0.0.1', {port}) connected.")
    }

    pub(crate) fn relays(port: u16, text: &str) -> String {
        format!("[('127.0.0.1', {port})] Relaying message: {port}: {text}")
    }

    pub(crate) fn exits(port: u16) -> String {
        format!("[('127.0.0.1', {port})] Sent exit command.")
    }

    pub(crate) fn lost(port: u16) -> String {
        format!("[CONNECTION LOST] ('127.0.0.1', {port}) disconnected unexpectedly.")
    }

    pub(crate) fn gone(port: u16) -> String {
        format!("[DISCONNECTED] ('127.0.0.1', {port}) has been removed.")
    }
}
