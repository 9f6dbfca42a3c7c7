//! Sessions: how they begin, how somebody comes back to them, and how they end.

use std::time::Duration;

use chat_core::testing::{ManualClock, Peer, TestServer};
use chat_core::wire::Secret;
use chat_core::{Server, ServerConfig};

use super::program::{ask, begin, in_session, lose, program, resume, session, told};
use super::talker::Session;

fn clocked(clock: &ManualClock, set: impl FnOnce(&mut ServerConfig)) -> TestServer {
    let mut config = ServerConfig::default();
    set(&mut config);
    TestServer::run(Server::bind("127.0.0.1:0").unwrap().config(config).clock(clock))
}

#[track_caller]
fn is_unknown(server: &TestServer, session: &Session) {
    let (_, missed, answer) = resume(server, session);
    assert_eq!((answer.kind(), missed.len()), ("error", 0), "{answer:?}");
    assert_eq!(answer.text, "* there is no such session; begin anew");
}

/// Another one says something, and it has reached the witness.
fn say(speaker: &mut Peer, witness: &mut Peer, text: &str) {
    speaker.say(text);
    while !witness.line().ends_with(&format!(": {text}")) {}
}

#[test]
fn a_session_is_for_those_who_have_tags_and_ask_once() {
    let server = TestServer::start();
    let mut plain = server.join();
    plain.say("/resume");
    plain.expect("* only who has tags can come back; /tags switches them on");
    let (mut peer, session) = in_session(&server);
    assert_eq!((session.token.len(), session.epoch, session.msgid), (40, 1, 0));
    let again = ask(&mut peer, "1", "/resume");
    assert_eq!((again.kind(), &*again.text), ("error", "* you have a session already"));
    let own = format!("/resume {} 1 0", session.token);
    assert_eq!(ask(&mut peer, "2", &own).kind(), "error");
    let wrong = ask(&mut peer, "3", "/resume what is this");
    assert_eq!(wrong.kind(), "error");
}

#[test]
fn where_nobody_may_come_back_nobody_may_begin() {
    let server = TestServer::with(|config| config.resume.within = Duration::ZERO);
    let mut peer = program(&server);
    assert_eq!(ask(&mut peer, "1", "/resume").text, "* nobody can come back here");
}

#[test]
fn who_comes_back_has_its_name_its_rooms_and_what_it_missed() {
    let server = TestServer::start();
    let (mut bob, mut witness) = (program(&server), program(&server));
    for peer in [&mut bob, &mut witness] {
        ask(peer, "b", "/join tea");
        ask(peer, "c", "/join garden");
    }
    ask(&mut bob, "d", "/nick Bob");
    let (mut ada, mut session) = in_session(&server);
    ask(&mut ada, "1", "/nick Ada");
    ask(&mut ada, "2", "/join tea");
    ask(&mut ada, "3", "/msg Bob come");
    let number = told(&mut bob).number("msgid").unwrap();
    ask(&mut ada, "4", "said by herself");
    lose(&server, ada);
    for line in
        ["@room=lobby one", "@room=tea two", "@room=garden not for her", "@room=lobby three"]
    {
        let text = line.split_once(' ').unwrap().1;
        bob.say(line);
        while !witness.line().ends_with(&format!(": {text}")) {}
    }
    assert_eq!(ask(&mut bob, "e", "/msg Ada psst").text, "* Ada is away");
    session.msgid = number;
    let (mut ada, missed, answer) = resume(&server, &session);
    assert_eq!(missed, ["Bob: one", "Bob: two", "Bob: three"]);
    for (tag, value) in [
        ("name", "Ada"),
        ("room", "tea"),
        ("rooms", "tea,lobby"),
        ("recovered", "3"),
        ("within", "120"),
    ] {
        assert_eq!(answer.tag(tag), Some(value), "{tag}");
    }
    assert_eq!((answer.tag("lost"), answer.tag("server")), (None, Some("chat-core")));
    assert_eq!(answer.text, "* you are back; 3 lines recovered");
    // It is all as if she had never been away.
    ask(&mut ada, "5", "here again");
    assert_eq!(told(&mut bob).text, "Ada: here again");
    bob.say("/msg Ada psst");
    assert_eq!(told(&mut ada).text, "Bob (to you): psst");
}

#[test]
fn what_was_said_to_it_alone_is_recovered_in_its_place() {
    let server = TestServer::start();
    let mut bob = program(&server);
    let (mut ada, session) = in_session(&server);
    ask(&mut ada, "1", "/nick Ada");
    bob.say("one");
    ask(&mut bob, "b", "/msg Ada two");
    ask(&mut bob, "c", "three");
    // She has got all that, and then knows nothing of it.
    for text in ["one", "(to you): two", "three"] {
        assert!(told(&mut ada).text.ends_with(text));
    }
    let (_, missed, answer) = resume(&server, &session);
    let port = bob.port();
    let all = [format!("{port}: one"), format!("{port} (to you): two"), format!("{port}: three")];
    assert_eq!((missed, answer.tag("recovered")), (all.to_vec(), Some("3")));
    ada.expect_rest("");
}

#[test]
fn an_old_token_is_good_until_the_new_one_is_known_to_have_come() {
    let server = TestServer::start();
    let (mut bob, mut witness) = (server.join(), server.join());
    let (ada, first) = in_session(&server);
    lose(&server, ada);
    say(&mut bob, &mut witness, "one");
    let (mut old, missed, _) = resume(&server, &first);
    assert_eq!(missed.len(), 1);
    // It says nothing: it may not have got the answer.
    let (mut ada, missed, answer) = resume(&server, &first);
    assert_eq!(missed.len(), 1, "it has told that it has not got it");
    old.expect_end();
    let second = session(&answer);
    ask(&mut ada, "1", "/who");
    is_unknown(&server, &first);
    lose(&server, ada);
    let (_, missed, answer) = resume(&server, &second);
    assert_eq!((missed.len(), answer.tag("recovered")), (0, Some("0")));
}

#[test]
fn a_plain_line_shows_that_the_token_has_come() {
    let server = TestServer::start();
    let (ada, first) = in_session(&server);
    lose(&server, ada);
    let (mut ada, ..) = resume(&server, &first);
    let mut witness = server.join();
    ada.say("hello");
    witness.expect(&ada.says("hello"));
    is_unknown(&server, &first);
}

#[test]
fn what_is_no_ticket_of_a_session_opens_none() {
    let server = TestServer::start();
    let (ada, session) = in_session(&server);
    lose(&server, ada);
    let (number, secret) = session.token.split_at(8);
    let wrong = |token: String| Session { token, ..session.clone() };
    is_unknown(&server, &wrong(format!("{number}{}", secret.replace(|_| true, "0"))));
    is_unknown(&server, &wrong(format!("000000ff{secret}")));
    // Of an epoch that nobody knows, all is read from where the session began.
    let (_, missed, answer) = resume(&server, &Session { epoch: 77, msgid: 9, ..session });
    assert_eq!((missed.len(), answer.tag("recovered")), (0, Some("0")));
}

#[test]
fn whoever_is_ignored_stays_ignored_over_all_connections() {
    let server = TestServer::start();
    let (mut eve, mut bob) = (in_session(&server).0, program(&server));
    ask(&mut eve, "1", "/nick Eve");
    ask(&mut bob, "1", "/nick Bob");
    let (mut ada, session) = in_session(&server);
    ask(&mut ada, "1", "/nick Ada");
    ask(&mut ada, "2", "/ignore Eve");
    ask(&mut ada, "3", "/ignore Bob");
    ask(&mut bob, "2", "/ignore Ada");
    lose(&server, ada);
    ask(&mut eve, "2", "not for Ada");
    // He has a session from now on, which stands for him.
    begin(&mut bob);
    ask(&mut bob, "3", "nor this");
    let (mut ada, missed, answer) = resume(&server, &session);
    assert_eq!((missed, answer.tag("recovered"), answer.tag("lost")), (vec![], Some("0"), None));
    ask(&mut eve, "3", "nor that");
    ask(&mut bob, "4", "nor anything");
    ask(&mut ada, "4", "not for Bob");
    ask(&mut eve, "4", "for Bob");
    assert!(ask(&mut ada, "5", "/msg Bob hello?").text.ends_with("Bob ignores you"));
    assert_eq!(told(&mut bob).text, "Eve: for Bob");
}

#[test]
fn what_is_kept_no_more_is_counted() {
    let server = TestServer::with(|config| config.resume.lines = 3);
    let (mut bob, mut witness) = (server.join(), server.join());
    let (mut ada, session) = in_session(&server);
    ask(&mut ada, "1", "her own line is not lost");
    lose(&server, ada);
    for number in 0..10 {
        say(&mut bob, &mut witness, &number.to_string());
    }
    let (_, missed, answer) = resume(&server, &session);
    assert_eq!(missed.len(), 3);
    assert_eq!((answer.tag("recovered"), answer.tag("lost")), (Some("3"), Some("7")));
    assert_eq!(answer.text, "* you are back; 3 lines recovered, 7 lost");
}

#[test]
fn a_session_ends_with_time_and_its_name_is_free() {
    let clock = ManualClock::new();
    let server = clocked(&clock, |_| {});
    let mut bob = server.join();
    let (mut ada, session) = in_session(&server);
    ask(&mut ada, "1", "/nick Ada");
    ask(&mut ada, "2", "/join tea");
    lose(&server, ada);
    bob.say("/nick Ada");
    bob.expect("* somebody is called Ada, or looks like it");
    clock.advance(Duration::from_secs(119));
    bob.say("/rooms");
    bob.expect("* 2 rooms: lobby (1), tea (0)");
    clock.advance(Duration::from_secs(2));
    is_unknown(&server, &session);
    bob.say("/rooms");
    bob.expect("* 1 rooms: lobby (1)");
    bob.say("/nick Ada");
    bob.expect("* you are called Ada");
}

#[test]
fn whoever_leaves_or_is_removed_does_not_come_back() {
    let server = TestServer::with(|config| config.operator_secret = Some(Secret::new("sesame")));
    let mut boss = server.join();
    boss.say("/op sesame");
    boss.expect("* you are an operator");
    let leave = |act: &mut dyn FnMut(&mut Peer)| {
        let (mut ada, session) = in_session(&server);
        act(&mut ada);
        ada.rest();
        is_unknown(&server, &session);
    };
    leave(&mut |ada| ada.say("exit"));
    leave(&mut |ada| ada.say("/quit"));
    leave(&mut |ada| boss.say(&format!("/kick {}", ada.port())));
    leave(&mut |ada| ada.send(vec![b'x'; 65537]));
}

#[test]
fn no_more_are_waited_for_than_may_be_away() {
    let server = TestServer::with(|config| config.resume.clients = 2);
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let (peer, session) = in_session(&server);
        lose(&server, peer);
        sessions.push(session);
    }
    is_unknown(&server, &sessions[0]);
    // To come back while the old connection is there takes no place of those who are away.
    let (_here, own) = in_session(&server);
    let came = [&own, &sessions[1], &sessions[2]].map(|session| resume(&server, session));
    for (_, _, answer) in came {
        assert_eq!(answer.kind(), "answer", "{answer:?}");
    }
}

#[test]
fn where_nobody_is_waited_for_a_connection_can_still_be_taken_over() {
    let server = TestServer::with(|config| config.resume.clients = 0);
    let (mut old, session) = in_session(&server);
    let (_ada, _, answer) = resume(&server, &session);
    assert_eq!(answer.kind(), "answer", "{answer:?}");
    old.expect_end();
}

#[test]
fn a_notice_to_all_rooms_is_one_line() {
    let server = TestServer::start();
    let (mut ada, mut session) = in_session(&server);
    ask(&mut ada, "1", "/join tea");
    let mut bob = program(&server);
    ask(&mut bob, "1", "/join tea");
    server.handle().broadcast("tea is ready").unwrap();
    let first = told(&mut ada);
    assert_eq!(told(&mut ada).number("msgid"), first.number("msgid"));
    session.msgid = first.number("msgid").unwrap();
    let (_, missed, _) = resume(&server, &session);
    assert_eq!(missed, Vec::<String>::new());
}
