//! How a client with tags leaves: what it still says, and what it tells of what it could not say.

use std::time::Duration;

use chat_core::testing::within;
use chat_core::{ClientEvent, CloseReason};

use crate::tagged_client::{Pair, READY};

#[test]
fn a_server_that_does_not_answer_is_sent_nothing_but_the_question() {
    let mut pair = Pair::asking(|config| {
        config.close_timeout = Duration::from_millis(100);
        config.name = Some("Ada".parse().unwrap());
    });
    pair.client.send("one").unwrap();
    pair.client.send("two").unwrap();
    pair.server.expect("/tags");
    pair.server.say("* there is no command /tags");
    pair.wait("the notice", |event| matches!(event, ClientEvent::Line(_)));
    pair.client.close();
    let client = pair.client;
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::TimedOut);
    pair.server.expect_rest("");
    let end = pair.events.all().pop();
    // What the client would have sent itself does not count.
    let expected = ClientEvent::Disconnected { reason: CloseReason::TimedOut, unsent: 2 };
    assert_eq!(end, Some(expected));
}

#[test]
fn a_client_that_has_nothing_to_say_leaves_in_good_order_without_an_answer() {
    let mut pair = Pair::asking(|_| {});
    pair.client.close();
    pair.server.expect_bytes("/tags\nexit\n");
    pair.server.expect_end();
    drop(pair.server);
    let client = pair.client;
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::Exit);
    let end = pair.events.all().pop();
    assert_eq!(end, Some(ClientEvent::Disconnected { reason: CloseReason::Exit, unsent: 0 }));
}

#[test]
fn lines_of_the_client_itself_are_no_unsent_ones() {
    let mut pair = Pair::asking(|config| {
        config.close_timeout = Duration::from_millis(100);
        // More than the buffers of the systems hold.
        config.rooms = vec!["r".repeat(32).parse().unwrap(); 400_000];
    });
    pair.client.send("one").unwrap();
    pair.client.send("two").unwrap();
    pair.server.expect("/tags");
    pair.server.say(READY);
    pair.wait("Ready", |event| matches!(event, ClientEvent::Ready { .. }));
    pair.client.close();
    let client = pair.client;
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::TimedOut);
    let expected = ClientEvent::Disconnected { reason: CloseReason::TimedOut, unsent: 2 };
    assert_eq!(pair.events.all().pop(), Some(expected));
}

#[test]
fn what_is_unsent_at_a_server_that_does_not_read_is_counted() {
    let mut pair = Pair::with(|config| {
        config.close_timeout = Duration::from_millis(100);
        config.send_queue = 100_000;
        config.name = Some("Ada".parse().unwrap());
    });
    let (text, sent) = ("u".repeat(999), 20_000);
    for _ in 0..sent {
        pair.client.send(&text).unwrap();
    }
    pair.client.close();
    let client = pair.client;
    assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::TimedOut);
    let end = pair.events.all().pop();
    let Some(ClientEvent::Disconnected { unsent, .. }) = end else { panic!("{end:?}") };
    assert!(unsent > 0);
    let read = pair.server.rest_until_broken();
    let lines = read.split_inclusive(|&byte| byte == b'\n');
    let whole = lines.filter(|line| line.len() == text.len() + 1).count() as u64;
    assert_eq!(whole + unsent, sent);
}

#[test]
fn what_waits_for_the_answer_is_sent_before_leaving() {
    let mut pair = Pair::asking(|_| {});
    pair.client.send("a last word").unwrap();
    pair.client.close();
    pair.server.expect("/tags");
    pair.server.say(READY);
    pair.server.expect_bytes("a last word\nexit\n");
    pair.server.expect_end();
}
