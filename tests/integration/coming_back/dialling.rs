//! Servers that cannot be reached for a while, or not everywhere.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;
use std::{fmt, io, vec};

use chat_core::testing::{Peer, Recorder, within};
use chat_core::{Client, ClientConfig, ClientEvent, CloseReason};
use socket2::{Domain, Socket, Type};

use super::at_once;

/// A socket at an address of its own, which listens if there may be as many who wait.
fn socket(backlog: Option<i32>) -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    if let Some(backlog) = backlog {
        socket.listen(backlog).unwrap();
    }
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}

fn connect(
    addr: impl ToSocketAddrs + fmt::Debug,
    set: impl FnOnce(&mut ClientConfig),
) -> (Client, Recorder<ClientEvent>) {
    let mut config = ClientConfig::default();
    config.reconnect = Some(at_once());
    set(&mut config);
    let events = Recorder::new();
    (Client::connect_with(addr, config, events.handler()).unwrap(), events)
}

#[test]
fn all_addresses_are_tried_each_time() {
    let (_nobody, deserted) = socket(None);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    let (client, events) = connect(&[deserted, addr][..], |_| {});
    let mut server = listener.accept().unwrap();
    for times in 1..4 {
        drop(server);
        server = listener.accept().unwrap();
        events.wait("it is back", |events| {
            let lost = |event: &&ClientEvent| matches!(event, ClientEvent::Lost { .. });
            (events.iter().filter(lost).count() >= times).then_some(())
        });
    }
    assert_eq!(client.peer_addr(), addr);
    // Nobody is there any more to whom it could say that it leaves.
    drop((server, listener));
}

/// A name of a server, which stands for one address at first, and for what the system says later.
struct Name {
    first: SocketAddr,
    name: String,
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.name, f)
    }
}

impl ToSocketAddrs for Name {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        Ok(vec![self.first].into_iter())
    }
}

#[test]
fn a_server_that_has_moved_is_found_by_its_name() {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (old, new) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let first = old.local_addr().unwrap();
    let name = Name { first, name: format!("localhost:{}", port(&new)) };
    let (client, events) = connect(name, |_| {});
    let server = old.accept().unwrap();
    drop((server, old));
    let server = Peer::new(within("a connection", move || new.accept().unwrap().0));
    events.wait("it is back", |events| {
        matches!(events.last(), Some(ClientEvent::Lost { .. })).then_some(())
    });
    assert_eq!(client.peer_addr().port(), server.addr().port());
}

#[test]
fn a_server_whose_name_is_not_known_any_more_is_looked_for_where_it_was() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let first = listener.local_addr().unwrap();
    let (client, _) = connect(Name { first, name: "no port".into() }, |_| {});
    drop(listener.accept().unwrap());
    let _server = within("a connection", move || listener.accept().unwrap());
    assert_eq!(client.peer_addr(), first);
}

/// Where more wait than may, nobody is answered at all, so that only the client's own deadline ends
/// the attempt.
#[test]
fn an_address_that_does_not_answer_is_given_up_in_time() {
    let (listener, addr) = socket(Some(0));
    let (client, events) = connect(addr, |config| {
        config.connect_timeout = Duration::from_millis(50);
    });
    let server = Peer::new(listener.accept().unwrap().0.into());
    let _waits = Peer::connect(addr);
    drop(server);
    let reason = events.wait("the second attempt", |events| {
        events.iter().find_map(|event| match event {
            ClientEvent::Reconnecting { attempt: 2, reason, .. } => Some(*reason),
            _ => None,
        })
    });
    assert_eq!(reason, CloseReason::TimedOut);
    client.send("hello?").unwrap();
    client.close();
    let reason = within("join", move || client.join()).unwrap();
    let end = events.all().pop();
    assert_eq!(end, Some(ClientEvent::Disconnected { reason, unsent: 1 }));
}
