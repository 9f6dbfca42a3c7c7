//! The same from inside the server's own event handler.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use chat_core::testing::{Peer, TestServer, within};
use chat_core::{CloseReason, HandleError, Report, RunningServer, Server, ServerEvent};
use crossbeam_channel::{Sender, bounded, unbounded};

#[test]
fn a_handler_can_do_everything() {
    let (told, answers) = unbounded();
    let server = TestServer::hooked(
        |_| {},
        move |handle, event| {
            let ServerEvent::Message { conn, text, .. } = event else { return };
            match text.as_str() {
                "all" => handle.broadcast("hello, all").unwrap(),
                "me" => handle.send_to(*conn, "hello, you").unwrap(),
                "list" => {
                    let clients = handle.clients().unwrap();
                    assert!(clients.iter().any(|client| client.conn == *conn));
                    handle.send_to(*conn, &format!("{} here", clients.len())).unwrap();
                }
                "count" => {
                    let here = handle.stats().clients;
                    handle.send_to(*conn, &format!("{here} counted")).unwrap();
                }
                "kick" => {
                    handle.kick(*conn, "as you wish").unwrap();
                    told.send(handle.kick(*conn, "once more")).unwrap();
                }
                _ => {}
            }
        },
    );
    let (mut a, mut b) = (server.join(), server.join());
    for (said, answer) in [
        ("all", "* hello, all"),
        ("me", "* hello, you"),
        ("list", "* 2 here"),
        ("count", "* 2 counted"),
        ("kick", "* as you wish"),
    ] {
        a.say(said);
        a.expect(answer);
    }
    a.expect_end();
    assert_eq!(answers.recv().unwrap(), Err(HandleError::NoSuchClient));
    assert_eq!(server.farewell_of(server.conn_of(&a)), CloseReason::Kicked);
    b.expect(&a.says("all"));
    b.expect("* hello, all");
    b.expect_all(["me", "list", "count", "kick"].map(|text| a.says(text)));
}

#[test]
fn a_handler_can_throw_out_whoever_comes() {
    let server = TestServer::hooked(
        |_| {},
        |handle, event| {
            if let ServerEvent::Connected { conn, .. } = event {
                handle.kick(*conn, "closed today").unwrap();
            }
        },
    );
    for _ in 0..50 {
        let mut peer = Peer::connect(server.addr());
        peer.expect("* closed today");
        peer.expect_end();
    }
}

/// A server that stops itself when somebody says so, and tells the report that it got.
fn stopped_from_inside(told: Sender<Report>) -> (SocketAddr, thread::JoinHandle<Report>) {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let (addr, handle) = (server.local_addr(), server.handle());
    let server = server.on_event(move |event| {
        if let ServerEvent::Message { text, .. } = event
            && &*text == "stop"
        {
            told.send(handle.shutdown(Duration::from_secs(5))).unwrap();
        }
    });
    (addr, thread::spawn(move || server.run().unwrap()))
}

#[test]
fn a_handler_can_stop_the_server() {
    let (told, reports) = unbounded();
    let (addr, run) = stopped_from_inside(told);
    let (mut a, mut b) = (Peer::connect(addr), Peer::connect(addr));
    // When a has read b's words, both of them are in.
    a.say("hello?");
    loop {
        b.say("here");
        if let Ok(4..) = u16::try_from(a.line().len()) {
            break;
        }
    }
    a.say("stop");
    while b.line() != a.says("stop") {}
    b.expect_end();
    a.rest();
    let report = within("run() returns", move || run.join().unwrap());
    assert_eq!(reports.recv().unwrap(), report);
    assert_eq!((report.clients, report.dropped), (2, 0));
}

#[test]
fn a_handler_can_stop_a_server_that_was_spawned() {
    let (told, reports) = unbounded();
    // Nobody waits for this server: the one who stops it is the only one to see to its end.
    let server = TestServer::hooked(
        |_| {},
        move |handle, event| {
            if matches!(event, ServerEvent::Message { .. }) {
                told.send(handle.shutdown(Duration::from_secs(5))).unwrap();
            }
        },
    );
    let mut peer = server.join();
    peer.say("stop");
    peer.expect_end();
    let report = within("shutdown in the handler", move || reports.recv().unwrap());
    assert_eq!(report.clients, 1);
    assert_eq!(server.farewell_of(server.conn_of(&peer)), CloseReason::Shutdown);
}

#[test]
fn a_handler_can_drop_the_server() {
    let (give, given) = bounded::<RunningServer>(1);
    let (done, is_done) = bounded(1);
    let mut server = TestServer::hooked(
        |_| {},
        move |_, event| {
            if matches!(event, ServerEvent::Message { .. }) {
                drop(given.recv().unwrap());
                done.send(()).unwrap();
            }
        },
    );
    let mut peer = server.join();
    give.send(server.take()).unwrap();
    peer.say("drop it");
    peer.expect_end();
    within("dropping in the handler", move || is_done.recv().unwrap());
    // The handler is still told of the rest.
    assert_eq!(server.farewell_of(server.conn_of(&peer)), CloseReason::Shutdown);
}

/// More turns of the server than its queue of events has room for.
const MANY_TURNS: usize = 1500;

/// A server whose handler stands still at the first message until it is told to go on, and calls
/// `then` after that; and a peer that has said so much meanwhile that the events are piled up.
fn piled_up(
    then: impl Fn(&chat_core::ServerHandle) + Send + 'static,
) -> (TestServer, Peer, Sender<()>) {
    let (go, gone) = bounded(1);
    let mut is_first = true;
    let server = TestServer::hooked(
        |_| {},
        move |handle, event| {
            if matches!(event, ServerEvent::Message { .. }) && std::mem::take(&mut is_first) {
                gone.recv().unwrap();
                then(handle);
            }
        },
    );
    let (mut a, mut b) = (server.join(), server.join());
    for number in 0..MANY_TURNS {
        a.say(&number.to_string());
        // Each is read before the next is said, so that each has a turn to itself.
        b.expect(&a.says(&number.to_string()));
    }
    (server, b, go)
}

#[test]
fn a_slow_handler_can_ask_while_the_server_stops() {
    let (told, answers) = unbounded();
    let (mut server, mut peer, go) = piled_up(move |handle| {
        told.send(handle.clients().map(|clients| clients.len())).unwrap();
    });
    let running = server.take();
    let stop = thread::spawn(move || running.stop().unwrap());
    // All connections are closed, and so the server is waiting for nothing but the handler.
    peer.expect_end();
    go.send(()).unwrap();
    let answer = within("an answer for the handler", move || answers.recv().unwrap());
    assert!(matches!(answer, Err(HandleError::NotRunning) | Ok(2)), "{answer:?}");
    within("stop", move || stop.join().unwrap());
}

#[test]
fn a_slow_handler_can_drop_the_server() {
    let (give, given) = bounded::<RunningServer>(1);
    let (done, is_done) = bounded(1);
    let (mut server, _peer, go) = piled_up(move |_| {
        drop(given.recv().unwrap());
        done.send(()).unwrap();
    });
    give.send(server.take()).unwrap();
    go.send(()).unwrap();
    within("dropping in the handler", move || is_done.recv().unwrap());
}
