//! A server on a free port whose events are recorded.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use socket2::SockRef;

use super::patience::{eventually, within};
use super::peer::Peer;
use super::recorder::Recorder;
use crate::{
    CloseReason, ConnId, Report, RunningServer, Server, ServerConfig, ServerEvent, ServerHandle,
    Stats,
};

/// A running server on a free port of the IPv4 loopback, with a record of its events. It is stopped
/// when this is dropped.
///
/// What waits here panics after [`PATIENCE`](super::PATIENCE), and says what it waited for and what
/// there was instead. All that starts a server panics if the system or the config does not let it.
#[derive(Debug)]
pub struct TestServer {
    /// Empty once the server was stopped.
    running: Option<RunningServer>,
    handle: ServerHandle,
    addr: SocketAddr,
    events: Recorder<ServerEvent>,
}

impl TestServer {
    /// A server with the default config.
    ///
    /// # Panics
    ///
    /// If the system does not let it start.
    #[track_caller]
    pub fn start() -> TestServer {
        TestServer::with(|_| {})
    }

    /// A server with a config of its own: `set` changes the default one.
    ///
    /// # Panics
    ///
    /// If the system does not let it start, or if a field of the config cannot work.
    #[track_caller]
    pub fn with(set: impl FnOnce(&mut ServerConfig)) -> TestServer {
        TestServer::hooked(set, |_, _| {})
    }

    /// A server that calls `hook` for each event when it is recorded, on the thread of events: here
    /// a program under test puts its own handler.
    ///
    /// # Panics
    ///
    /// As [`TestServer::with`] does.
    #[track_caller]
    pub fn hooked(
        set: impl FnOnce(&mut ServerConfig),
        hook: impl FnMut(&ServerHandle, &ServerEvent) + Send + 'static,
    ) -> TestServer {
        let server = Server::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
        TestServer::spawn(server.config(changed(set)), hook)
    }

    /// A server whose sockets take only about this many bytes before they are full, so that a
    /// reader which stops, or goes slowly, is soon noticed.
    ///
    /// # Panics
    ///
    /// As [`TestServer::with`] does.
    #[track_caller]
    pub fn narrow(send_buffer: usize, set: impl FnOnce(&mut ServerConfig)) -> TestServer {
        TestServer::run(narrow(send_buffer).config(changed(set)))
    }

    /// Runs a server that is bound to the loopback, whatever its config, clock and decisions are.
    /// Its event handler is replaced by the record.
    ///
    /// # Panics
    ///
    /// If it cannot start: [`Server::spawn`] has the reasons.
    #[track_caller]
    pub fn run(server: Server) -> TestServer {
        TestServer::spawn(server, |_, _| {})
    }

    #[track_caller]
    fn spawn(
        server: Server,
        mut hook: impl FnMut(&ServerHandle, &ServerEvent) + Send + 'static,
    ) -> TestServer {
        let (addr, handle, events) = (server.local_addr(), server.handle(), Recorder::new());
        let (inside, record) = (handle.clone(), events.clone());
        let server = server.on_event(move |event: ServerEvent| {
            // Recorded first: whoever waits for an event shall see it even if the hook hangs.
            record.add(event.clone());
            hook(&inside, &event);
        });
        let running = server.spawn().expect("start the server");
        TestServer { running: Some(running), handle, addr, events }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A handle to it.
    pub fn handle(&self) -> &ServerHandle {
        &self.handle
    }

    /// The record of its events.
    pub fn events(&self) -> &Recorder<ServerEvent> {
        &self.events
    }

    /// Connects a peer, and waits until it is in: what others say from now on it will get.
    ///
    /// # Panics
    ///
    /// If it cannot connect, or is not let in.
    #[track_caller]
    pub fn join(&self) -> Peer {
        self.admit(|| Peer::connect(self.addr))
    }

    /// Connects a peer with a small receive buffer, of about so many bytes, and waits until it is
    /// in.
    ///
    /// # Panics
    ///
    /// As [`TestServer::join`] does.
    #[track_caller]
    pub fn join_narrow(&self, receive_buffer: usize) -> Peer {
        self.admit(|| Peer::connect_narrow(self.addr, receive_buffer))
    }

    /// Connects a peer in a way of its own, and waits until it is in.
    ///
    /// # Panics
    ///
    /// As [`TestServer::join`] does.
    #[track_caller]
    pub fn admit(&self, connect: impl FnOnce() -> Peer) -> Peer {
        // An address may have been used before: only what comes from now on tells of this peer.
        let from = self.events.count();
        let peer = connect();
        self.wait_for_since(from, peer.addr());
        peer
    }

    /// Waits until a client with this address has come, as the events tell it, and gives the name
    /// that the server has for it: the last one, if there were several. It may have left again.
    ///
    /// # Panics
    ///
    /// If none comes.
    #[track_caller]
    pub fn wait_for(&self, addr: SocketAddr) -> ConnId {
        self.wait_for_since(0, addr)
    }

    #[track_caller]
    fn wait_for_since(&self, from: usize, addr: SocketAddr) -> ConnId {
        self.events.wait(&format!("Connected of {addr}"), |events| {
            events[from..].iter().rev().find_map(|event| match event {
                ServerEvent::Connected { conn, addr: came } if *came == addr => Some(*conn),
                _ => None,
            })
        })
    }

    /// The name that the server has for a peer which is in, or was.
    ///
    /// # Panics
    ///
    /// If it never was.
    #[track_caller]
    pub fn conn_of(&self, peer: &Peer) -> ConnId {
        self.wait_for(peer.addr())
    }

    /// Waits until a client has left, and tells why.
    ///
    /// # Panics
    ///
    /// If it stays.
    #[track_caller]
    pub fn farewell_of(&self, conn: ConnId) -> CloseReason {
        self.events.wait(&format!("Disconnected of {conn}"), |events| {
            events.iter().rev().find_map(|event| match event {
                ServerEvent::Disconnected { conn: who, reason, .. } if *who == conn => {
                    Some(*reason)
                }
                _ => None,
            })
        })
    }

    /// Waits until somebody has said this, as the events tell it.
    ///
    /// # Panics
    ///
    /// If nobody says it.
    #[track_caller]
    pub fn wait_for_message(&self, said: &str) {
        self.events.wait(&format!("the message {said:?}"), |events| {
            let is_it = |event: &ServerEvent| matches!(event, ServerEvent::Message { text, .. } if &**text == said);
            events.iter().rev().any(is_it).then_some(())
        });
    }

    /// Waits until what the server counts is as it should be, and gives the numbers.
    ///
    /// # Panics
    ///
    /// If it does not become so.
    #[track_caller]
    pub fn wait_for_stats(&self, what: &str, is_right: impl Fn(&Stats) -> bool) -> Stats {
        eventually(&format!("stats: {what}"), || {
            let stats = self.handle.stats();
            if is_right(&stats) { Ok(stats) } else { Err(Box::new(stats)) }
        })
    }

    /// Waits until the server has read so many bytes in all.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn wait_for_bytes_in(&self, bytes: usize) {
        let what = format!("{bytes} bytes in");
        self.wait_for_stats(&what, |stats| stats.bytes_in >= bytes as u64);
    }

    /// Stops the server and gives its report.
    ///
    /// # Panics
    ///
    /// If it was stopped or [taken](TestServer::take) before, or if it does not stop in good order.
    #[track_caller]
    pub fn stop(&mut self) -> Report {
        let running = self.running.take().expect("a server that runs");
        within("stopping the server", move || running.stop()).expect("stop the server")
    }

    /// Gives the running server away, for tests of what it does itself.
    ///
    /// # Panics
    ///
    /// If it was stopped or taken before.
    pub fn take(&mut self) -> RunningServer {
        self.running.take().expect("a server that runs")
    }
}

/// A server on a free port of the loopback whose sockets take only about this many bytes before they
/// are full, for [`TestServer::run`].
///
/// # Panics
///
/// If the system does not let it have such a socket.
#[track_caller]
pub fn narrow(send_buffer: usize) -> Server {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    // The connections inherit it from the socket that accepts them.
    SockRef::from(&listener).set_send_buffer_size(send_buffer).expect("set the send buffer");
    Server::from_listener(listener).expect("take the listener")
}

fn changed(set: impl FnOnce(&mut ServerConfig)) -> ServerConfig {
    let mut config = ServerConfig::default();
    set(&mut config);
    config
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        if thread::panicking() {
            // The test has failed already; if the server hangs too, that must not hide why.
            thread::spawn(move || drop(running));
        } else {
            within("dropping the server", move || drop(running));
        }
    }
}
