//! What has a label is done once, however often it is sent.

use chat_core::testing::{Peer, TestServer};

use super::program::{ask, in_session, lose, program, resume, told};

#[test]
fn the_same_label_is_done_once_and_answered_again() {
    let server = TestServer::start();
    let mut bob = program(&server);
    ask(&mut bob, "1", "/nick Bob");
    let (mut ada, session) = in_session(&server);
    for (label, line, kind) in [
        ("a", "hello", "sent"),
        ("b", "/msg Bob psst", "answer"),
        ("c", "/nick Ada", "answer"),
        ("d", "/nick Bob", "error"),
        ("e", "/join tea", "answer"),
        ("f", "/me waves", "sent"),
    ] {
        let first = ask(&mut ada, label, line);
        assert_eq!(first.kind(), kind, "{line}");
        // It is not looked at what the line says.
        assert_eq!(ask(&mut ada, label, line), first);
        assert_eq!(ask(&mut ada, label, "something else"), first);
    }
    lose(&server, ada);
    let (mut ada, ..) = resume(&server, &session);
    assert_eq!(ask(&mut ada, "a", "hello").kind(), "sent");
    ask(&mut ada, "g", "/leave tea");
    ask(&mut ada, "h", "the end");
    let mut texts = Vec::new();
    while texts.last().is_none_or(|last: &String| !last.ends_with("the end")) {
        texts.push(told(&mut bob).text);
    }
    let port = texts[0].split_once(':').unwrap().0.to_owned();
    let all = [&*format!("{port}: hello"), &*format!("{port} (to you): psst"), "Ada: the end"];
    assert_eq!(texts, all);
}

#[test]
fn labels_are_known_for_as_long_as_is_told() {
    let server = TestServer::start();
    let mut witness = server.join();
    let mut ada = in_session(&server).0;
    let first = ask(&mut ada, "0", "zero");
    for number in 1..64 {
        ask(&mut ada, &number.to_string(), "next");
    }
    assert_eq!(ask(&mut ada, "0", "zero"), first);
    ask(&mut ada, "64", "one too many");
    assert_ne!(ask(&mut ada, "0", "zero"), first);
    let said = |witness: &mut Peer| witness.line().ends_with(": zero");
    assert!(said(&mut witness));
    while !said(&mut witness) {}
}

#[test]
fn without_a_session_a_label_is_no_more_than_that() {
    let server = TestServer::start();
    let mut peer = program(&server);
    let numbers = [0, 1].map(|_| ask(&mut peer, "1", "hello").number("msgid"));
    assert_eq!(numbers, [Some(1), Some(2)]);
}

#[test]
fn what_a_program_answers_is_answered_again() {
    use chat_core::{Reply, Server};
    let server = Server::bind("127.0.0.1:0").unwrap();
    let mut times = 0;
    let count = std::sync::Mutex::new(move || {
        times += 1;
        times
    });
    let server = server.on_command("count", "", "counts", move |_| {
        Reply::notice(&(count.lock().unwrap())().to_string())
    });
    let server = TestServer::run(server);
    let mut ada = in_session(&server).0;
    let first = ask(&mut ada, "1", "/count");
    assert_eq!(ask(&mut ada, "1", "/count"), first);
}
