//! Commands that the embedding program adds.

use std::borrow::Cow;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;

use chat_core::testing::{Peer, TestServer};
use chat_core::wire::{COMMANDS, Tags};
use chat_core::{Error, HandleError, Reply, Server, ServerConfig, ServerHandle, Verdict};

fn bind(set: impl FnOnce(&mut ServerConfig)) -> Server {
    let mut config = ServerConfig::default();
    set(&mut config);
    Server::bind("127.0.0.1:0").unwrap().config(config)
}

/// A server with a command for each kind of answer.
fn server() -> TestServer {
    let server = bind(|_| {})
        .on_command("roll", "SIDES", "rolls a die", |asked| match asked.rest.parse() {
            Ok(0_u32) | Err(_) => Reply::error("usage: /roll SIDES"),
            Ok(sides) => Reply::notice(&format!("it shows {sides}")),
        })
        .on_command("shout", "TEXT", "says it louder", |asked| {
            Reply::say(&asked.rest.to_uppercase())
        })
        .on_command("nothing", "", "does nothing", |_| Reply::Nothing)
        // Nothing is printed of it, as a `panic!` would.
        .on_command("fail", "", "fails", |_| panic::resume_unwind(Box::new("failed")))
        .on_message(|message| match message.text {
            "SECRET" => Verdict::refuse("that is secret"),
            _ => Verdict::Pass,
        });
    TestServer::run(server)
}

/// A client that gets tags.
fn join_tagged(server: &TestServer) -> Peer {
    let mut peer = server.join();
    peer.say("/tags");
    assert!(peer.line().contains(" * tags are on"));
    peer
}

/// The next line of a client that gets tags: its kind, its label, and what others read of it.
#[track_caller]
fn tagged(peer: &mut Peer) -> [String; 3] {
    let line = peer.line();
    let (tags, rest) = Tags::split(&line);
    let tag = |key| tags.get(key).map_or_else(String::new, Cow::into_owned);
    [tag("kind"), tag("label"), rest.to_owned()]
}

#[test]
fn a_command_is_answered_to_the_asker_or_said_in_its_room() {
    let server = server();
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    c.say("/join elsewhere");
    c.expect("* you are in elsewhere");
    a.send("/roll 6\n/ROLL  20 \n/roll\n/nothing\n/shout hear, hear\n/shout /who\nthe end\n");
    a.expect_all(["* it shows 6", "* it shows 20", "* usage: /roll SIDES"]);
    b.expect_all(["HEAR, HEAR", "/WHO", "the end"].map(|text| a.says(text)));
    // Whoever is asked, the answers come in the order of the questions.
    a.send("/who\n/roll 6\n/rooms\n");
    assert!(a.line().starts_with("* 2 in lobby: "));
    a.expect_all(["* it shows 6", "* 2 rooms: elsewhere (1), lobby (2)"]);
    // What it says for the asker goes the way of all that is said.
    a.say("/shout secret");
    a.expect("* that is secret");
    let stats = server.wait_for_stats("one rejected", |stats| stats.lines_rejected == 1);
    assert_eq!((stats.lines_in, stats.handler_panics), (12, 0));
    // Nothing of all that went to another room.
    b.say("/join elsewhere");
    b.expect("* you are in elsewhere");
    b.say("anybody?");
    c.expect(&b.says("anybody?"));
}

#[test]
fn who_gets_tags_finds_the_answer_by_its_label() {
    let server = server();
    let (mut a, mut b) = (join_tagged(&server), server.join());
    for (line, kind, answer) in [
        ("/roll 6", "answer", "* it shows 6"),
        ("/roll", "error", "* usage: /roll SIDES"),
        ("/nothing", "answer", "* done"),
        ("/shout hear", "sent", "* sent"),
        ("/shout secret", "error", "* that is secret"),
        ("/fail", "error", "* /fail has failed"),
        ("/help roll", "answer", "* /roll SIDES: rolls a die"),
    ] {
        a.send(format!("@label=7 {line}\n"));
        assert_eq!(tagged(&mut a), [kind, "7", answer], "{line}");
    }
    b.expect(&a.says("HEAR"));
    // Without a label there is no more of an answer than others get.
    a.say("/nothing");
    a.say("/shout there");
    a.say("/roll 6");
    b.expect(&a.says("THERE"));
    assert_eq!(tagged(&mut a), ["answer", "", "* it shows 6"]);
    a.say("/fail");
    assert_eq!(tagged(&mut a), ["error", "", "* /fail has failed"]);
    // In which of its rooms it is said, its tags say.
    a.say("/join tea");
    assert_eq!(tagged(&mut a)[2], "* you are in tea");
    a.send("@room=lobby /shout here\n");
    b.expect(&a.says("HERE"));
}

#[test]
fn a_command_that_panics_has_failed_and_the_chat_goes_on() {
    let server = server();
    let (mut a, mut b) = (server.join(), server.join());
    for panics in 1..=3 {
        a.send("/fail\nstill here\n");
        a.expect("* /fail has failed");
        b.expect(&a.says("still here"));
        let stats = server.handle().stats();
        assert_eq!((stats.handler_panics, stats.clients), (panics, 2));
    }
}

#[test]
fn help_tells_of_them_as_of_all_others() {
    let server = server();
    let mut peer = server.join();
    peer.say("/help");
    let listed = peer.line();
    assert!(
        listed.ends_with(" /op /roll /shout /nothing /fail; /help COMMAND explains one"),
        "{listed}"
    );
    for (line, answer) in [
        ("/help roll", "* /roll SIDES: rolls a die"),
        ("/HELP /Nothing", "* /nothing: does nothing"),
        ("/help nick", "* /nick NAME: takes a name, in place of the port number"),
        (
            "/help rolls",
            "* there is no command /rolls; /help lists them, and // at the start sends a slash",
        ),
    ] {
        peer.say(line);
        peer.expect(answer);
    }
}

#[test]
fn a_name_that_cannot_be_is_refused_at_the_start() {
    let refused = |names: &[&str]| {
        let all = names
            .iter()
            .fold(bind(|_| {}), |server, name| server.on_command(name, "", "", |_| Reply::Nothing));
        match all.spawn() {
            Ok(_) => None,
            Err(Error::Config { field: "on_command", problem }) => Some(problem),
            Err(other) => panic!("{other}"),
        }
    };
    let long = "x".repeat(33);
    for name in ["", "Roll", "/roll", "two words", "naïve", "a_b", &long] {
        let problem = refused(&["good", name]).unwrap();
        assert!(problem.ends_with("a name is 1 to 32 of a-z, 0-9 and -"), "{problem}");
        assert!(problem.contains(&format!("{name:?}")), "{problem}");
    }
    for command in COMMANDS {
        let problem = refused(&[command.name]).unwrap();
        assert!(problem.ends_with("there is a built-in one of that name"), "{problem}");
    }
    assert!(refused(&["a", "b", "a"]).unwrap().ends_with("it was added before"));
    assert_eq!(refused(&["8-ball", "-", &long[1..]]), None);
}

#[test]
fn all_clients_ask_the_same_program() {
    let total = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&total);
    let server = bind(|config| config.io_threads = 2);
    let server = TestServer::run(server.on_command("add", "NUMBER", "adds", move |asked| {
        let Ok(number) = asked.rest.parse::<u64>() else { return Reply::error("a number") };
        let total = counted.fetch_add(number, Ordering::SeqCst) + number;
        Reply::notice(&format!("{} {} {total}", asked.conn, asked.addr))
    }));
    let mut peers: Vec<Peer> = (0..4).map(|_| server.join()).collect();
    let mut expected = 0;
    for number in 1..=20 {
        let peer = &mut peers[number % 4];
        expected += number;
        peer.say(&format!("/add {number}"));
        let conn = server.conn_of(peer);
        peer.expect(&format!("* {conn} {} {expected}", peer.addr()));
    }
    assert_eq!(total.load(Ordering::SeqCst), 210);
}

/// Each of the two waits inside until the other is inside as well.
#[test]
fn commands_run_in_parallel() {
    let table = Barrier::new(2);
    let server = bind(|config| config.io_threads = 2);
    let server = TestServer::run(server.on_command("meet", "", "", move |_| {
        table.wait();
        Reply::notice("met")
    }));
    // Connections are dealt out to the two threads in turns.
    let (mut a, mut b) = (server.join(), server.join());
    a.say("/meet");
    b.say("/meet");
    a.expect("* met");
    b.expect("* met");
}

/// The server would wait for the command, and the command for the server.
#[test]
fn a_command_cannot_wait_for_the_server_but_for_its_numbers() {
    let handle: Arc<OnceLock<ServerHandle>> = Arc::default();
    let inside = Arc::clone(&handle);
    let server = bind(|_| {}).on_command("try", "", "", move |asked| {
        let handle = inside.get().unwrap();
        let errors = [handle.broadcast("listen"), handle.kick(asked.conn, "out")];
        handle.shutdown(Duration::ZERO);
        assert!(errors.iter().all(|error| *error == Err(HandleError::Deciding)));
        Reply::notice(&format!("{} here", handle.stats().clients))
    });
    handle.set(server.handle()).unwrap();
    let server = TestServer::run(server);
    let mut peer = server.join();
    peer.say("/try");
    peer.expect("* 1 here");
    assert_eq!(server.handle().stats().handler_panics, 0);
}

#[test]
fn without_commands_there_are_none_of_these_either() {
    let server = bind(|config| config.commands = false);
    let server = TestServer::run(server.on_command("roll", "", "", |_| Reply::notice("6")));
    let (mut a, mut b) = (server.join(), server.join());
    a.say("/roll");
    b.expect(&a.says("/roll"));
    b.say("done");
    a.expect(&b.says("done"));
}
