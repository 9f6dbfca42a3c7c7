//! What the embedding program decides: who comes in, and what is said.

mod door;
mod messages;

use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;

use chat_core::testing::{Peer, TestServer};
use chat_core::{Admission, HandleError, Server, ServerConfig, ServerHandle, Verdict};

fn bind(io_threads: usize) -> Server {
    let mut config = ServerConfig::default();
    config.io_threads = io_threads;
    Server::bind("127.0.0.1:0").unwrap().config(config)
}

/// Each of the two waits inside until the other is inside as well.
#[test]
fn decisions_are_made_in_parallel() {
    let (door, table) = (Barrier::new(2), Arc::new(Barrier::new(2)));
    let at_table = Arc::clone(&table);
    let server = TestServer::run(
        bind(2)
            .on_connect(move |_| {
                door.wait();
                Admission::Admit
            })
            .on_message(move |_| {
                at_table.wait();
                Verdict::Pass
            }),
    );
    // Connections are dealt out to the two threads in turns.
    let (mut a, mut b) = (Peer::connect(server.addr()), Peer::connect(server.addr()));
    server.wait_for(a.addr());
    server.wait_for(b.addr());
    a.say("one");
    b.say("two");
    b.expect(&a.says("one"));
    a.expect(&b.says("two"));
}

#[test]
fn a_decision_may_look_at_the_servers_numbers() {
    let handle: Arc<OnceLock<ServerHandle>> = Arc::default();
    let (at_door, at_table) = (Arc::clone(&handle), Arc::clone(&handle));
    let server = bind(1)
        .on_connect(move |_| match at_door.get().unwrap().stats().clients {
            0 | 1 => Admission::Admit,
            _ => Admission::refuse("two are company"),
        })
        .on_message(move |_| {
            Verdict::change(&format!("{} here", at_table.get().unwrap().stats().clients))
        });
    handle.set(server.handle()).unwrap();
    let server = TestServer::run(server);
    let (mut a, mut b) = (server.join(), server.join());
    let mut third = Peer::connect(server.addr());
    third.expect("* two are company");
    third.expect_end();
    a.say("how many are we?");
    b.expect(&a.says("2 here"));
}

/// The server would wait for the decision, and the decision for the server.
#[test]
fn a_decision_cannot_wait_for_the_server() {
    let handle: Arc<OnceLock<ServerHandle>> = Arc::default();
    let inside = Arc::clone(&handle);
    let server = bind(1).on_message(move |message| {
        let (handle, conn) = (inside.get().unwrap(), message.conn);
        let errors = [
            handle.clients().map(drop),
            handle.broadcast("listen"),
            handle.send_to(conn, "listen"),
            handle.kick(conn, "out"),
            handle.set_flood(conn, None),
        ];
        let report = handle.shutdown(Duration::ZERO);
        assert_eq!(report.clients, 0);
        let are_refused = errors.iter().all(|error| *error == Err(HandleError::Deciding));
        Verdict::change(if are_refused { "refused" } else { "done" })
    });
    handle.set(server.handle()).unwrap();
    let server = TestServer::run(server);
    let (mut a, mut b) = (server.join(), server.join());
    a.say("do it all");
    b.expect(&a.says("refused"));
    // Outside of decisions, all is as ever.
    assert_eq!(server.handle().clients().unwrap().len(), 2);
}
