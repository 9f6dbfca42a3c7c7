//! The library's client with the library's server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_core::testing::{Recorder, TestServer, eventually, within};
use chat_core::wire::{Line, TextError};
use chat_core::{Client, ClientConfig, ClientEvent, CloseReason, Error, Reconnect, SendError};
use crossbeam_channel::bounded;
use socket2::{Domain, Socket, Type};

/// Connects a client whose events are recorded, and waits until the server has it.
#[track_caller]
fn join(server: &TestServer) -> (Client, Recorder<ClientEvent>) {
    let events = Recorder::new();
    let mut config = ClientConfig::default();
    // What happens when a connection comes back is for tests of its own.
    config.reconnect = None;
    let client = Client::connect_with(server.addr(), config, events.handler()).expect("connect");
    server.wait_for(client.local_addr());
    (client, events)
}

/// The lines that have come, as they came.
fn lines(events: &[ClientEvent]) -> Vec<String> {
    let line = |event: &ClientEvent| match event {
        ClientEvent::Line(line) => Some(line.to_string()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

/// Waits for the end of a client's connection.
#[track_caller]
fn end_of(events: &Recorder<ClientEvent>) -> (CloseReason, u64) {
    events.wait("Disconnected", |events| match events.last() {
        Some(ClientEvent::Disconnected { reason, unsent }) => Some((*reason, *unsent)),
        _ => None,
    })
}

#[test]
fn two_clients_and_a_server_in_one_process() {
    let server = TestServer::start();
    let (a, read_by_a) = join(&server);
    let (b, read_by_b) = join(&server);
    assert_eq!(a.peer_addr(), server.addr());
    a.send("hello").unwrap();
    let from_a = read_by_b.wait("a line", |events| events.first().cloned());
    let ClientEvent::Line(Line::Message { from, text }) = from_a else { panic!("{from_a:?}") };
    assert_eq!((&*from, &*text), (&*a.local_addr().port().to_string(), "hello"));
    b.send("שלום").unwrap();
    let expected = format!("{}: שלום", b.local_addr().port());
    read_by_a.wait("the answer", |events| (lines(events) == [&*expected]).then_some(()));
    server.handle().broadcast("dinner is ready").unwrap();
    let notice = read_by_a.wait("a notice", |events| events.get(1).cloned());
    assert!(matches!(notice, ClientEvent::Line(Line::Notice(text)) if &*text == "dinner is ready"));
    a.close();
    assert_eq!(within("join", move || a.join()).unwrap(), CloseReason::Exit);
    assert_eq!(end_of(&read_by_a), (CloseReason::Exit, 0));
    drop(b);
    assert_eq!(end_of(&read_by_b), (CloseReason::Exit, 0));
    server.wait_for_stats("both have said exit", |stats| stats.closed.exit == 2);
}

#[test]
fn all_that_was_sent_before_close_arrives() {
    const LINES: usize = 5000;
    let server = TestServer::start();
    let mut reader = server.join();
    let (client, events) = join(&server);
    let port = client.local_addr().port();
    for number in 0..LINES {
        client.send_blocking(&format!("line {number}")).unwrap();
    }
    client.close();
    assert_eq!(client.send("too late"), Err(SendError::Closed));
    assert_eq!(client.send_blocking("too late"), Err(SendError::Closed));
    reader.expect_all((0..LINES).map(|number| format!("{port}: line {number}")));
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::Exit);
    assert_eq!(end_of(&events), (CloseReason::Exit, 0));
}

#[test]
fn what_cannot_be_a_line_is_not_sent() {
    let server = TestServer::start();
    let (client, _events) = join(&server);
    assert_eq!(client.send(""), Err(SendError::Text(TextError::Blank)));
    assert_eq!(client.send("a\nb"), Err(SendError::Text(TextError::LineBreak)));
    assert_eq!(client.send("\x07"), Err(SendError::Text(TextError::Unsafe('\x07'))));
    assert_eq!(client.send_blocking("\x07"), Err(SendError::Text(TextError::Unsafe('\x07'))));
}

#[test]
fn a_server_that_goes_away_is_noticed() {
    let mut server = TestServer::start();
    let (client, events) = join(&server);
    server.handle().broadcast("the last word").unwrap();
    server.stop();
    assert_eq!(end_of(&events), (CloseReason::EndOfStream, 0));
    assert_eq!(lines(&events.all()), ["* the last word"]);
    eventually("closed", || match client.send("hello?") {
        Err(SendError::Closed) => Ok(()),
        other => Err(other),
    });
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::EndOfStream);
}

#[test]
fn a_kicked_client_reads_why() {
    let server = TestServer::start();
    let (_client, events) = join(&server);
    let conn = server.handle().clients().unwrap()[0].conn;
    server.handle().kick(conn, "too loud").unwrap();
    assert_eq!(end_of(&events), (CloseReason::EndOfStream, 0));
    assert_eq!(lines(&events.all()), ["* too loud"]);
}

/// A handler that calls `act` with its own client when it reads "now".
fn acting(
    server: &TestServer,
    act: impl FnOnce(Client) -> Option<Client> + Send + 'static,
) -> (Recorder<ClientEvent>, Arc<Mutex<Option<Client>>>) {
    let (events, slot) = (Recorder::new(), Arc::new(Mutex::new(None)));
    let (record, inside) = (events.clone(), Arc::clone(&slot));
    let mut act = Some(act);
    let mut config = ClientConfig::default();
    config.send_queue = 8;
    let client = Client::connect_with(server.addr(), config, move |event: ClientEvent| {
        let is_now = matches!(&event, ClientEvent::Line(line) if line.to_string() == "* now");
        record.add(event);
        if is_now {
            let client = inside.lock().unwrap().take().unwrap();
            let kept = act.take().unwrap()(client);
            *inside.lock().unwrap() = kept;
        }
    });
    let client = client.unwrap();
    server.wait_for(client.local_addr());
    *slot.lock().unwrap() = Some(client);
    server.handle().broadcast("now").unwrap();
    (events, slot)
}

#[test]
fn a_client_can_be_dropped_in_its_own_handler() {
    let server = TestServer::start();
    let (events, _slot) = acting(&server, |client| {
        client.send("I am off").unwrap();
        drop(client);
        None
    });
    assert_eq!(end_of(&events), (CloseReason::Exit, 0));
    server.wait_for_message("I am off");
    server.wait_for_stats("it has said exit", |stats| stats.closed.exit == 1);
}

#[test]
fn a_client_can_be_joined_in_its_own_handler() {
    let server = TestServer::start();
    let (events, _slot) = acting(&server, |client| {
        client.close();
        assert_eq!(client.join().unwrap(), CloseReason::Exit);
        None
    });
    assert_eq!(end_of(&events), (CloseReason::Exit, 0));
}

#[test]
fn a_client_can_send_and_close_in_its_own_handler() {
    let server = TestServer::start();
    let (events, slot) = acting(&server, |client| {
        client.send("an answer").unwrap();
        client.close();
        Some(client)
    });
    server.wait_for_message("an answer");
    assert_eq!(end_of(&events), (CloseReason::Exit, 0));
    let client = slot.lock().unwrap().take().unwrap();
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::Exit);
}

#[test]
fn a_client_does_not_wait_for_its_queue_in_its_own_handler() {
    let server = TestServer::start();
    let (sends, sent) = bounded(9);
    let (_events, _slot) = acting(&server, move |client| {
        (0..9).for_each(|text| sends.send(client.send_blocking(&text.to_string())).unwrap());
        Some(client)
    });
    let sent: Vec<_> = within("all that was sent", move || sent.iter().collect());
    let expected = [vec![Ok(()); 8], vec![Err(SendError::InHandler)]].concat();
    assert_eq!(sent, expected);
    server.wait_for_message("7");
}

#[test]
fn a_panicking_handler_does_not_end_the_client() {
    let server = TestServer::start();
    let events = Recorder::new();
    let record = events.clone();
    let client = Client::connect(server.addr(), move |event: ClientEvent| {
        record.add(event.clone());
        assert!(!matches!(event, ClientEvent::Line(_)), "a panic on purpose");
    });
    let client = client.unwrap();
    server.wait_for(client.local_addr());
    server.handle().broadcast("one").unwrap();
    server.handle().broadcast("two").unwrap();
    events.wait("both", |events| (lines(events) == ["* one", "* two"]).then_some(()));
    client.send("alive").unwrap();
    server.wait_for_message("alive");
    client.close();
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::Exit);
}

#[test]
fn a_full_channel_of_a_client_is_told_of() {
    let server = TestServer::start();
    let (sender, events) = bounded(2);
    let client = Client::connect(server.addr(), sender).unwrap();
    server.wait_for(client.local_addr());
    for number in 0..10 {
        server.handle().broadcast(&number.to_string()).unwrap();
    }
    let mut told = Vec::new();
    let mut missed = 0;
    // More lines come until one of them is after the gap.
    eventually("the gap is told", || {
        server.handle().broadcast("more").unwrap();
        for event in events.try_iter() {
            match event {
                ClientEvent::Missed { count } => missed += count,
                other => told.push(other),
            }
        }
        if missed > 0 { Ok(()) } else { Err(told.clone()) }
    });
    assert_eq!(lines(&told)[..2], ["* 0", "* 1"]);
    assert!(missed >= 8, "{missed}");
}

#[test]
fn a_line_that_is_too_long_is_skipped_and_told() {
    let server = TestServer::start();
    let events = Recorder::new();
    let mut config = ClientConfig::default();
    config.line = 20;
    let client = Client::connect_with(server.addr(), config, events.handler()).unwrap();
    server.wait_for(client.local_addr());
    server.handle().broadcast(&"x".repeat(18)).unwrap();
    server.handle().broadcast(&"y".repeat(19)).unwrap();
    server.handle().broadcast("short").unwrap();
    let all = events.wait("three", |events| (events.len() == 3).then(|| events.to_vec()));
    assert_eq!(all[1], ClientEvent::Skipped);
    assert_eq!(lines(&all), [format!("* {}", "x".repeat(18)), "* short".to_owned()]);
}

fn coming_back(config: &mut ClientConfig, set: fn(&mut Reconnect)) {
    set(config.reconnect.as_mut().unwrap());
}

#[test]
fn errors_say_what_is_wrong() {
    // Bound and not listening: it is nobody else's port either.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let deaf = socket.local_addr().unwrap().as_socket().unwrap();
    match Client::connect(deaf, |_| {}) {
        Err(Error::Connect { addr, source }) => {
            assert_eq!((addr, source.kind()), (deaf, io::ErrorKind::ConnectionRefused));
        }
        other => panic!("{other:?}"),
    }
    let no_addr = Client::connect("no port", |_| {});
    assert!(matches!(no_addr, Err(Error::Resolve { .. })), "{no_addr:?}");
    let refused = |field: &str, set: fn(&mut ClientConfig)| {
        let mut config = ClientConfig::default();
        set(&mut config);
        match Client::connect_with(deaf, config, |_| {}) {
            Err(Error::Config { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    };
    refused("send_queue", |config| config.send_queue = 0);
    refused("line", |config| config.line = 0);
    refused("connect_timeout", |config| config.connect_timeout = Duration::ZERO);
    refused("greeting", |config| {
        config.tags = true;
        config.greeting = vec!["hello".parse().unwrap()];
    });
    refused("reconnect.first", |config| coming_back(config, |back| back.first = Duration::ZERO));
    refused("reconnect.most", |config| coming_back(config, |back| back.most = Duration::ZERO));
    refused("reconnect.attempts", |config| coming_back(config, |back| back.attempts = Some(0)));
}
