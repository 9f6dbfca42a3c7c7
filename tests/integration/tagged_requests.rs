//! Requests of the library's client, and what comes of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_core::testing::{PATIENCE, Recorder, TestServer, eventually, within};
use chat_core::wire::TextError;
use chat_core::{Client, ClientEvent, Pending, Present, RequestError};

use crate::tagged_client::{Pair, READY, connect};

/// Waits for an answer that has to come.
#[track_caller]
fn answer<T>(pending: &mut Pending<T>) -> Result<T, RequestError> {
    match pending.wait(PATIENCE) {
        Err(RequestError::TimedOut) => panic!("waited {PATIENCE:?} in vain for an answer"),
        other => other,
    }
}

#[test]
fn each_request_is_a_line_with_a_label_and_gives_what_the_server_answers() {
    let mut pair = Pair::new();
    let tea = "tea".parse().unwrap();
    let mut joins = pair.client.join_room(&tea);
    pair.server.expect("@label=1 /join tea");
    pair.server.say("@kind=answer;room=tea;label=1 * you are in tea");
    assert_eq!(answer(&mut joins), Ok(tea.clone()));

    let mut named = pair.client.take_name(&"Ada".parse().unwrap());
    pair.server.expect("@label=2 /nick Ada");
    pair.server.say("@kind=answer;name=Ada;label=2 * you are called Ada");
    assert_eq!(answer(&mut named).as_deref(), Ok("Ada"));

    let (mut here, mut there) = (pair.client.who(None), pair.client.who(Some(&tea)));
    pair.server.expect_all(["@label=3 /who", "@label=4 /who tea"]);
    pair.server.say("@kind=answer;names=7;count=1;room=lobby;label=3 * 1 in lobby: 7");
    pair.server.say("@kind=answer;names=Ada,8;count=300;room=tea;label=4 * 300 in tea: 8, Ada");
    let (here, there) = (answer(&mut here).unwrap(), answer(&mut there).unwrap());
    assert_eq!(
        (&*here.room, here.count, &here.names[..]),
        ("lobby", 1, &["7".parse().unwrap()][..])
    );
    let both = ["Ada", "8"].map(|name| name.parse().unwrap());
    assert_eq!((&*there.room, there.count, &there.names[..]), ("tea", 300, &both[..]));

    let mut told = pair.client.message_to(&"Bob".parse().unwrap(), "psst: a b");
    pair.server.expect("@label=5 /msg Bob psst: a b");
    pair.server.say("@kind=answer;msgid=17;label=5 * told Bob");
    assert_eq!(answer(&mut told).unwrap().msgid, Some(17));

    let mut said = pair.client.say_in(&tea, "milk?");
    pair.server.expect("@label=6;room=tea milk?");
    pair.server.say("@kind=sent;msgid=18;room=tea;label=6 * sent");
    let said = answer(&mut said).unwrap();
    assert_eq!((said.msgid, said.room), (Some(18), Some(tea.clone())));

    let mut leaves = pair.client.leave_room(Some(&tea));
    let mut leaves_again = pair.client.leave_room(None);
    pair.server.expect_all(["@label=7 /leave tea", "@label=8 /leave"]);
    pair.server.say("@kind=answer;room=lobby;label=7 * you are in lobby");
    pair.server.say("@kind=error;label=8 * you are in the lobby; exit leaves the chat");
    assert_eq!(answer(&mut leaves).as_deref(), Ok("lobby"));
    let why = "you are in the lobby; exit leaves the chat".parse().unwrap();
    assert_eq!(answer(&mut leaves_again), Err(RequestError::Refused(why)));
    // Whoever asked has the answers; nobody else is told.
    assert_eq!(pair.events.count(), 1, "{:?}", pair.events.all());
}

#[test]
fn a_text_that_is_no_command_is_not_sent_as_one() {
    let mut pair = Pair::new();
    let tea = "tea".parse().unwrap();
    drop(pair.client.say_in(&tea, "/shrug"));
    drop(pair.client.say_in(&tea, "  //shrug"));
    drop(pair.client.say_in(&tea, "@bob hi"));
    drop(pair.client.message_to(&"7".parse().unwrap(), "/shrug"));
    pair.server.expect_all([
        "@label=1;room=tea //shrug",
        "@label=2;room=tea ///shrug",
        "@label=3;room=tea @bob hi",
        "@label=4 /msg 7 /shrug",
    ]);
}

#[test]
fn answers_find_their_requests_in_any_order() {
    let mut pair = Pair::new();
    let room = |name: &str| name.parse().unwrap();
    let mut first = pair.client.join_room(&room("one"));
    let forgotten = pair.client.join_room(&room("two"));
    let mut third = pair.client.join_room(&room("three"));
    drop(forgotten);
    pair.server.expect_all(["@label=1 /join one", "@label=2 /join two", "@label=3 /join three"]);
    pair.server.say("@kind=answer;room=three;label=3 * you are in three");
    assert_eq!(answer(&mut third).as_deref(), Ok("three"));
    assert!(first.try_get().is_none());
    assert_eq!(first.wait(Duration::ZERO), Err(RequestError::TimedOut));
    // An answer to which nobody listens any more is no event, and in nobody's way.
    pair.server.say("@kind=answer;room=two;label=2 * you are in two");
    pair.server.say("@kind=answer;room=one;label=1 * you are in one");
    assert_eq!(answer(&mut first).as_deref(), Ok("one"));
    assert_eq!(pair.events.count(), 1, "{:?}", pair.events.all());
    // It is there for as long as anybody wants it.
    assert_eq!(first.try_get().unwrap().as_deref(), Ok("one"));
    assert_eq!(answer(&mut first).as_deref(), Ok("one"));
}

#[test]
fn an_answer_that_lacks_what_was_asked_for_is_told_so() {
    let mut pair = Pair::new();
    for (number, said) in ["kind=answer", "kind=answer;names=Ada", "kind=answer;count=x;names=Ada"]
        .into_iter()
        .enumerate()
    {
        let mut who = pair.client.who(None);
        pair.server.expect(&format!("@label={} /who", number + 1));
        pair.server.say(&format!("@{said};room=tea;label={} * who knows", number + 1));
        let error = answer(&mut who).unwrap_err();
        assert!(matches!(&error, RequestError::CommandError(_)), "{said}: {error:?}");
    }
}

#[test]
fn requests_wait_until_there_are_tags() {
    let mut pair = Pair::asking(|_| {});
    let mut who = pair.client.who(None);
    pair.client.send("hello").unwrap();
    pair.server.expect_bytes("/tags\n");
    pair.server.say(READY);
    pair.server.expect_all(["@label=1 /who", "hello"]);
    pair.server.say("@kind=answer;names=7;count=1;room=lobby;label=1 * 1 in lobby: 7");
    assert_eq!(answer(&mut who).unwrap().count, 1);
}

#[test]
fn a_client_without_tags_has_no_requests() {
    let server = TestServer::start();
    let mut reader = server.join();
    let client = Client::connect(server.addr(), |_| ()).unwrap();
    server.wait_for(client.local_addr());
    assert_eq!(answer(&mut client.who(None)), Err(RequestError::Untagged));
    let said = client.say_in(&"lobby".parse().unwrap(), "hi").try_get();
    assert_eq!(said, Some(Err(RequestError::Untagged)));
    client.send("hello").unwrap();
    reader.expect(&format!("{}: hello", client.local_addr().port()));
}

#[test]
fn what_cannot_be_a_line_is_not_asked() {
    let mut pair = Pair::new();
    let mut told = pair.client.message_to(&"7".parse().unwrap(), "a\nb");
    assert_eq!(answer(&mut told), Err(RequestError::Text(TextError::LineBreak)));
    let mut said = pair.client.say_in(&"tea".parse().unwrap(), " ");
    assert_eq!(answer(&mut said), Err(RequestError::Text(TextError::Blank)));
    pair.client.close();
    pair.server.expect_bytes("exit\n");
}

#[test]
fn the_end_of_the_connection_ends_all_that_wait() {
    // One is on its way to a server that never answers; the other waits for tags in the queue.
    for is_ready in [true, false] {
        let mut pair = if is_ready { Pair::new() } else { Pair::asking(|_| {}) };
        let mut waits = pair.client.who(None);
        if is_ready {
            pair.server.expect("@label=1 /who");
        }
        let mut polls = pair.client.who(None);
        let waiter = std::thread::spawn(move || answer(&mut waits));
        pair.server.end_sending();
        assert_eq!(within("the wait", move || waiter.join().unwrap()), Err(RequestError::Closed));
        pair.wait("the end", |event| matches!(event, ClientEvent::Disconnected { .. }));
        assert_eq!(polls.try_get(), Some(Err(RequestError::Closed)));
        eventually("no more requests", || match answer(&mut pair.client.who(None)) {
            Err(RequestError::Closed) => Ok(()),
            other => Err(other),
        });
        let mut outlives = pair.client.who(None);
        drop(pair.client);
        assert_eq!(answer(&mut outlives), Err(RequestError::Closed));
    }
}

/// Whoever is told of the end need not wait for what has become of requests.
#[test]
fn when_the_end_is_told_all_requests_have_theirs() {
    let slot: Arc<Mutex<Option<Pending<Present>>>> = Arc::default();
    let seen = Recorder::new();
    let (inside, record) = (Arc::clone(&slot), seen.clone());
    let (mut server, client) = connect(
        |_| {},
        move |event: ClientEvent| {
            if let ClientEvent::Disconnected { .. } = event {
                let pending = inside.lock().unwrap().take();
                record.add(pending.unwrap().wait(PATIENCE).map(|here| here.count));
            }
        },
    );
    server.expect("/tags");
    server.say(READY);
    *slot.lock().unwrap() = Some(client.who(None));
    server.expect("@label=1 /who");
    drop(server);
    let seen = seen.wait("the end", |seen| seen.first().cloned());
    assert_eq!(seen, Err(RequestError::Closed));
}

#[test]
fn an_answer_that_came_before_the_end_counts() {
    let mut pair = Pair::new();
    let mut joins = pair.client.join_room(&"tea".parse().unwrap());
    pair.server.expect("@label=1 /join tea");
    pair.server.say("@kind=answer;room=tea;label=1 * you are in tea");
    drop(pair.server);
    pair.events.wait("the end", |events| {
        matches!(events.last(), Some(ClientEvent::Disconnected { .. })).then_some(())
    });
    assert_eq!(answer(&mut joins).as_deref(), Ok("tea"));
}

#[test]
fn a_client_that_closes_asks_no_more() {
    let pair = Pair::new();
    pair.client.close();
    assert_eq!(answer(&mut pair.client.who(None)), Err(RequestError::Closed));
}

#[test]
fn no_more_requests_may_wait_than_lines() {
    let mut pair = Pair::with(|config| config.send_queue = 3);
    for number in 1..=3 {
        // That nobody wants the answer does not make the place free: it will come.
        drop(pair.client.who(None));
        pair.server.expect(&format!("@label={number} /who"));
    }
    assert_eq!(answer(&mut pair.client.who(None)), Err(RequestError::Full { limit: 3 }));
    // Lines without an answer are not concerned.
    pair.client.send("hello").unwrap();
    pair.server.expect("hello");
    pair.server.say("@kind=answer;names=;count=0;room=tea;label=2 * nobody");
    let mut who = eventually("room for one", || {
        let mut who = pair.client.who(None);
        match who.try_get() {
            None => Ok(who),
            Some(other) => Err(other),
        }
    });
    pair.server.expect("@label=4 /who");
    pair.server.say("@kind=answer;names=;count=0;room=tea;label=4 * nobody");
    assert_eq!(answer(&mut who).unwrap().count, 0);
}

#[test]
fn a_full_queue_takes_no_request() {
    let pair = Pair::asking(|config| config.send_queue = 2);
    // Nothing leaves the queue before the answer to `/tags`.
    pair.client.send("one").unwrap();
    let mut who = pair.client.who(None);
    assert_eq!(answer(&mut pair.client.who(None)), Err(RequestError::Full { limit: 2 }));
    assert_eq!(who.try_get(), None);
}

/// The thread of the handler is the one that hears the answer.
#[test]
fn the_handler_cannot_wait_but_it_can_ask_and_look() {
    let slot: Arc<Mutex<Option<Client>>> = Arc::default();
    let seen = Recorder::new();
    let (inside, record) = (Arc::clone(&slot), seen.clone());
    let mut asked = None;
    let (mut server, client) = connect(
        |_| {},
        move |event: ClientEvent| {
            let ClientEvent::Notice { .. } = event else { return };
            let slot = inside.lock().unwrap();
            let Some(client) = &*slot else { return };
            let pending = asked.get_or_insert_with(|| client.who(None));
            record.add(pending.wait(PATIENCE).map(|here| here.count));
        },
    );
    *slot.lock().unwrap() = Some(client);
    server.expect("/tags");
    server.say(READY);
    server.say("@kind=notice * now");
    server.expect("@label=1 /who");
    server.say("@kind=answer;names=7;count=1;room=tea;label=1 * 1 in tea: 7");
    server.say("@kind=notice * again");
    let seen = seen.wait("both", |seen| (seen.len() == 2).then(|| seen.to_vec()));
    assert_eq!(seen, [Err(RequestError::InHandler), Ok(1)]);
    drop(server);
    let client = slot.lock().unwrap().take();
    drop(client);
}
