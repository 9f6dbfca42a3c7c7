//! What clients can ask for themselves, asked for them by the program: rooms and names.

use std::sync::{Arc, OnceLock};

use chat_core::testing::{Peer, TestServer};
use chat_core::wire::{NameError, Tags, TextError};
use chat_core::{ConnId, HandleError, Reply, Server, ServerEvent, ServerHandle};

/// The kinds of the lines that come, and the text after the tags.
#[track_caller]
fn tagged(peer: &mut Peer) -> (String, String) {
    let line = peer.line();
    let (tags, rest) = Tags::split(&line);
    (tags.get("kind").unwrap_or_default().into_owned(), rest.to_owned())
}

/// The names of all rooms and how many are in each, in order.
fn rooms(handle: &ServerHandle) -> Vec<(String, usize)> {
    let rooms = handle.rooms().unwrap();
    let mut rooms: Vec<_> =
        rooms.into_iter().map(|room| (room.name.to_string(), room.members)).collect();
    rooms.sort_unstable();
    rooms
}

fn who(handle: &ServerHandle, room: &str) -> Vec<ConnId> {
    let mut all: Vec<ConnId> =
        handle.who(room).unwrap().into_iter().map(|client| client.conn).collect();
    all.sort_unstable();
    all
}

#[test]
fn a_client_is_brought_into_a_room_and_out_of_it() {
    let server = TestServer::with(|config| config.io_threads = 2);
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    let (handle, conns) = (server.handle(), [&a, &b].map(|peer| server.conn_of(peer)));
    c.say("before");
    a.expect(&c.says("before"));
    b.expect(&c.says("before"));
    for (conn, peer) in conns.into_iter().zip([&mut a, &mut b]) {
        handle.join(conn, "tea").unwrap();
        peer.expect("* you are in tea");
    }
    assert_eq!(rooms(handle), [("lobby".into(), 1), ("tea".into(), 2)]);
    let mut both = conns.to_vec();
    both.sort_unstable();
    // However it is typed, it is the same room.
    assert_eq!((who(handle, "TEA"), who(handle, "lobby").len()), (both, 1));
    assert_eq!(handle.clients().unwrap().len(), 3);
    a.say("milk?");
    b.expect(&a.says("milk?"));
    let known = &handle.who("tea").unwrap()[0];
    assert_eq!((known.room.as_deref(), known.rooms.len()), (Some("tea"), 1));

    handle.join(conns[0], "tea").unwrap();
    a.expect("* you are in tea already");
    handle.leave(conns[0], "tea").unwrap();
    a.expect("* you are in lobby");
    a.say("back");
    c.expect(&a.says("back"));
    handle.leave(conns[1], "tea").unwrap();
    b.expect("* you are in lobby");
    assert_eq!((rooms(handle), who(handle, "tea")), (vec![("lobby".into(), 3)], vec![]));
    let moves = server.events().wait("four moves", |events| {
        let moves = events.iter().filter_map(|event| match event {
            ServerEvent::Joined { room, .. } => Some(room.to_string()),
            _ => None,
        });
        let moves: Vec<String> = moves.collect();
        (moves.len() == 4).then_some(moves)
    });
    assert_eq!(moves, ["tea", "tea", "lobby", "lobby"]);
}

#[test]
fn what_cannot_be_is_said_and_nobody_is_told() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    let (handle, conn) = (server.handle(), server.conn_of(&a));
    b.say("/nick Bea");
    b.expect("* you are called Bea");
    for (result, error) in [
        (handle.join(conn, "two words"), HandleError::Name(NameError::Character(' '))),
        (handle.leave(conn, ""), HandleError::Name(NameError::Empty)),
        (handle.leave(conn, "tea"), HandleError::NotInRoom),
        (handle.leave(conn, "lobby"), HandleError::InLobby),
        (handle.rename(conn, "42"), HandleError::Name(NameError::Number)),
        (handle.rename(conn, "BEA"), HandleError::NameTaken),
        (handle.rename(conn, "ADMlN"), HandleError::NameReserved),
        (handle.say_in("tea", "hello"), HandleError::NoSuchRoom),
        (handle.say_in("#tea", "hello"), HandleError::Name(NameError::Character('#'))),
        (handle.say_in("lobby", " "), HandleError::Text(TextError::Blank)),
        (handle.who("#tea").map(drop), HandleError::Name(NameError::Character('#'))),
    ] {
        assert_eq!(result, Err(error));
    }
    // None of it has left anything behind, a room least of all.
    assert_eq!(rooms(handle), [("lobby".into(), 2)]);
    handle.broadcast("the end").unwrap();
    a.expect("* the end");
    b.expect("* the end");

    a.say("exit");
    server.farewell_of(conn);
    for result in
        [handle.join(conn, "tea"), handle.leave(conn, "lobby"), handle.rename(conn, "Ada")]
    {
        assert_eq!(result, Err(HandleError::NoSuchClient));
    }
    assert_eq!(rooms(handle), [("lobby".into(), 1)]);
}

#[test]
fn a_client_is_given_a_name() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    let (handle, conn) = (server.handle(), server.conn_of(&a));
    for name in ["Ada", "ada", "Grace"] {
        handle.rename(conn, name).unwrap();
        a.expect(&format!("* you are called {name}"));
        a.say("hello");
        b.expect(&format!("{name}: hello"));
        assert_eq!(handle.who("lobby").unwrap().len(), 2);
    }
    // The former names are free again.
    handle.rename(server.conn_of(&b), "Ada").unwrap();
    b.expect("* you are called Ada");
}

#[test]
fn a_room_is_told_something_and_no_other_one() {
    let server = TestServer::start();
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    let handle = server.handle();
    handle.join(server.conn_of(&a), "tea").unwrap();
    a.expect("* you are in tea");
    a.say("/topic green or black");
    a.expect(&format!("* {} sets the topic: green or black", a.port()));
    c.say("/tags");
    assert_eq!(tagged(&mut c).0, "answer");
    handle.say_in("tea", "it is ready").unwrap();
    handle.say_in("LOBBY", "come to tea").unwrap();
    handle.broadcast("the end").unwrap();
    a.expect_all(["* it is ready", "* the end"]);
    b.expect_all(["* come to tea", "* the end"]);
    let line = c.line();
    assert!(line.contains(";kind=notice;") && line.contains(";room=lobby "), "{line}");
    assert!(line.ends_with(" * come to tea"), "{line}");
    let topics = handle.rooms().unwrap().into_iter().filter_map(|room| room.topic);
    assert_eq!(topics.map(|topic| topic.to_string()).collect::<Vec<_>>(), ["green or black"]);
}

#[test]
fn who_wants_tags_may_be_brought_into_several_rooms() {
    let server = TestServer::start();
    let mut a = server.join();
    let (handle, conn) = (server.handle(), server.conn_of(&a));
    a.say("/tags");
    tagged(&mut a);
    for number in 1..50 {
        handle.join(conn, &number.to_string()).unwrap();
        assert_eq!(tagged(&mut a), ("notice".into(), format!("* you are in {number}")));
    }
    assert_eq!(handle.join(conn, "50"), Err(HandleError::TooManyRooms));
    assert_eq!(handle.who("lobby").unwrap()[0].rooms.len(), 50);
    handle.leave(conn, "lobby").unwrap();
    assert_eq!(tagged(&mut a), ("notice".into(), "* you have left lobby".into()));
    handle.join(conn, "50").unwrap();
    assert_eq!(tagged(&mut a), ("notice".into(), "* you are in 50".into()));
    assert_eq!(rooms(handle).len(), 51, "those, and the lobby");
}

#[test]
fn where_it_cannot_be_asked_it_says_so() {
    let everything = |handle: &ServerHandle, conn: ConnId| {
        [
            handle.join(conn, "tea"),
            handle.leave(conn, "tea"),
            handle.rename(conn, "Ada"),
            handle.say_in("lobby", "hello"),
            handle.who("lobby").map(drop),
            handle.rooms().map(drop),
        ]
    };
    let inside: Arc<OnceLock<ServerHandle>> = Arc::default();
    let handle = Arc::clone(&inside);
    let server = Server::bind("127.0.0.1:0").unwrap();
    let server = server.on_command("try", "", "", move |asked| {
        let results = everything(handle.get().unwrap(), asked.conn);
        Reply::notice(&format!("{}", results == [Err(HandleError::Deciding); 6]))
    });
    inside.set(server.handle()).unwrap();
    let mut server = TestServer::run(server);
    let mut peer = server.join();
    peer.say("/try");
    peer.expect("* true");
    let conn = server.conn_of(&peer);
    server.stop();
    assert_eq!(everything(server.handle(), conn), [Err(HandleError::NotRunning); 6]);
}
