//! What outlives the server, and what does not.

use chat_core::ServerConfig;
use chat_core::store::MemoryStore;
use chat_core::testing::Peer;

use super::{server, server_with};
use crate::resuming::program::{ask, in_session, lose, program, resume, session, told};

/// Says something as somebody whose line is stored when this is over.
fn say(peer: &mut Peer, label: &str, room: &str, text: &str) {
    let label = format!("{label}-{room}");
    peer.say(&format!("@label={label};room={room} {text}"));
    while told(peer).tag("label") != Some(&label) {}
}

#[test]
fn what_is_known_outlives_the_server() {
    let store = MemoryStore::default();
    let mut first = server(&store);
    let (mut ada, begun) = in_session(&first);
    ask(&mut ada, "1", "/nick Ada");
    ask(&mut ada, "2", "/join tea");
    ask(&mut ada, "3", "/topic leaves");
    assert_eq!(begun.epoch, 1);
    let mut bob = program(&first);
    ask(&mut bob, "1", "/join tea");
    ask(&mut bob, "2", "/op sesame");
    ask(&mut bob, "3", "/ban 192.0.2.1 10");
    let sent = ask(&mut ada, "4", "mine");
    lose(&first, ada);
    say(&mut bob, "4", "tea", "one");
    say(&mut bob, "4", "lobby", "two");
    first.stop();

    let mut second = server(&store);
    let mut eve = second.join();
    eve.say("/nick Ada");
    eve.expect("* somebody is called Ada, or looks like it");
    eve.say("/rooms");
    eve.expect("* 2 rooms: lobby (1), tea (0)");
    let (mut ada, missed, answer) = resume(&second, &begun);
    let port = bob.port();
    let topic = "Ada sets the topic: leaves".to_owned();
    // What she sets is for her as well.
    assert_eq!(missed, [format!("* {topic}"), format!("{port}: one"), format!("{port}: two")]);
    assert_eq!(
        ["name", "rooms", "epoch", "recovered", "lost"].map(|tag| answer.tag(tag)),
        [Some("Ada"), Some("tea,lobby"), Some("2"), Some("3"), None]
    );
    let again = ask(&mut ada, "4", "mine");
    assert_eq!(again.number("msgid"), sent.number("msgid"));
    assert_eq!(ask(&mut ada, "5", "/topic").tag("topic"), Some("leaves"));
    eve.say("/op sesame");
    eve.expect("* you are an operator");
    eve.say("/unban 192.0.2.1");
    eve.expect("* 192.0.2.1 may come again");
    let next = ask(&mut ada, "6", "next").number("msgid");
    assert!(next > sent.number("msgid"));
    // Who was told is known to have the token: the one before it is good no more, then as later.
    let resumed = session(&answer);
    lose(&second, ada);
    second.stop();
    let third = server(&store);
    let (_, _, answer) = resume(&third, &begun);
    assert_eq!(answer.kind(), "error");
    let (_, missed, answer) = resume(&third, &resumed);
    assert_eq!((missed.len(), answer.tag("epoch")), (0, Some("3")), "{missed:?}");
}

#[test]
fn what_is_kept_no_more_is_counted_after_a_restart_too() {
    let store = MemoryStore::default();
    let few = |config: &mut ServerConfig| config.resume.lines = 3;
    let mut first = server_with(&store, few);
    let mut bob = program(&first);
    say(&mut bob, "0", "lobby", "before all");
    let (mut ada, begun) = in_session(&first);
    ask(&mut ada, "1", "her own line is not lost");
    lose(&first, ada);
    (1..=10).for_each(|number| say(&mut bob, &number.to_string(), "lobby", "hello"));
    first.stop();
    let second = server_with(&store, few);
    let (_, missed, answer) = resume(&second, &begun);
    assert_eq!(missed.len(), 3);
    assert_eq!((answer.tag("recovered"), answer.tag("lost")), (Some("3"), Some("7")));
}

#[test]
fn what_was_said_before_somebody_came_is_not_for_it_after_a_restart_either() {
    let store = MemoryStore::default();
    let mut first = server(&store);
    let (mut ada, begun) = in_session(&first);
    let mut bob = program(&first);
    ask(&mut bob, "1", "/join tea");
    (0..5).for_each(|number| say(&mut bob, &number.to_string(), "tea", "before she came"));
    ask(&mut ada, "1", "/join tea");
    lose(&first, ada);
    say(&mut bob, "5", "tea", "while she is away");
    first.stop();
    let second = server(&store);
    let (_, missed, answer) = resume(&second, &begun);
    assert_eq!(missed, [bob.says("while she is away")]);
    assert_eq!((answer.tag("recovered"), answer.tag("lost")), (Some("1"), None));
}

#[test]
fn numbers_that_were_given_and_not_kept_are_given_again() {
    let store = MemoryStore::default();
    let mut first = server(&store);
    let (ada, mut session) = in_session(&first);
    let mut bob = program(&first);
    say(&mut bob, "1", "lobby", "kept");
    store.set_full(true);
    say(&mut bob, "2", "lobby", "not kept");
    lose(&first, ada);
    first.stop();
    store.set_full(false);
    // She has got both.
    session.msgid = 2;
    let second = server(&store);
    let mut bob = program(&second);
    say(&mut bob, "3", "lobby", "the second with its number");
    let (_, missed, answer) = resume(&second, &session);
    assert_eq!(missed, [bob.says("the second with its number")]);
    assert_eq!(answer.number("msgid"), Some(2));
}
