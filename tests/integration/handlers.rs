//! Handlers that misbehave: that panic, that are slow, that are full.

use chat_core::testing::{Peer, TestServer, check_pairs, eventually, within};
use chat_core::{CloseReason, Server, ServerEvent};
use crossbeam_channel::{Receiver, bounded, unbounded};

#[test]
fn a_panicking_handler_ends_neither_the_chat_nor_the_events() {
    let mut server = TestServer::hooked(
        |_| {},
        |_, event| match event {
            ServerEvent::Message { text, .. } if text.starts_with("panic") => panic!("{text}"),
            ServerEvent::Disconnected { .. } => panic!("at the end"),
            _ => {}
        },
    );
    let (mut a, mut b) = (server.join(), server.join());
    for text in ["panic 1", "calm", "panic 2"] {
        a.say(text);
        b.expect(&a.says(text));
    }
    server.wait_for_message("panic 2");
    server.wait_for_stats("two panics", |stats| stats.handler_panics == 2);
    server.stop();
    assert_eq!(server.handle().stats().handler_panics, 4);
    let stays = check_pairs(&server.events().all());
    assert!(stays.values().all(|stay| stay.reason == Some(CloseReason::Shutdown)));
}

#[test]
fn a_handler_that_stands_still_does_not_hold_the_chat_up() {
    const LINES: u64 = 2000;
    const COMERS: usize = 40;
    const MANY: usize = 300;
    let (go, gone) = bounded::<()>(0);
    let mut server = TestServer::hooked(
        // Room for a few dozen events, and no more.
        |config| config.limits.events = 5000,
        move |_, _| {
            // An error says that the gate is open for good.
            let _: Result<(), _> = gone.recv();
        },
    );
    // Nobody can be waited for by events here.
    let mut a = Peer::connect(server.addr());
    let mut b = Peer::connect(server.addr());
    server.wait_for_stats("two clients", |stats| stats.clients == 2);
    for number in 0..LINES {
        a.say(&number.to_string());
        b.expect(&a.says(&number.to_string()));
    }
    // What comes in one piece is told, or missed, as the messages that it is.
    a.send("many\n".repeat(MANY));
    b.expect_all(vec![a.says("many"); MANY]);
    let mut comers: Vec<Peer> = (0..COMERS).map(|_| Peer::connect(server.addr())).collect();
    server.wait_for_stats("all in", |stats| stats.clients == 2 + COMERS);
    for comer in &mut comers {
        comer.say("passing by");
        b.expect(&comer.says("passing by"));
    }
    let goers = comers.split_off(COMERS / 2);
    drop(goers);
    server.wait_for_stats("half of them out", |stats| stats.clients == 2 + COMERS / 2);
    let missed = server.handle().stats().events_missed;
    assert!(missed > LINES / 2, "{missed} missed");

    drop(go);
    // What happens from now on is told again, of those whose coming was told.
    a.say("awake?");
    b.expect(&a.says("awake?"));
    server.stop();
    let events = server.events().all();
    let (told, missed) = tally(&events);
    let (lines, comers) = (LINES + MANY as u64 + 1, COMERS as u64);
    assert_eq!(told + missed, 2 * 2 + lines + comers * 3, "{told} told, {missed} missed");
    assert_eq!(server.handle().stats().events_missed, missed);
    // Of whose coming was told, the leaving was told too.
    let stays = check_pairs(&events);
    assert!(stays.len() >= 2 && stays.len() < 2 + COMERS);
    assert!(stays.values().all(|stay| stay.reason.is_some()), "{stays:#?}");
}

/// How many events came, and how many were left out as they tell.
fn tally(events: &[ServerEvent]) -> (u64, u64) {
    let missed = |event: &ServerEvent| match event {
        ServerEvent::Missed { count } => *count,
        _ => 0,
    };
    let told = events.iter().filter(|event| missed(event) == 0).count() as u64;
    (told, events.iter().map(missed).sum())
}

/// A server whose handler is the sending end of a channel.
fn with_sender(sender: crossbeam_channel::Sender<ServerEvent>) -> chat_core::RunningServer {
    Server::bind("127.0.0.1:0").unwrap().on_event(sender).spawn().unwrap()
}

#[test]
fn a_channel_can_be_the_handler() {
    let (sender, events) = unbounded();
    let server = with_sender(sender);
    let mut peer = Peer::connect(server.local_addr());
    peer.send("hello\nexit\n");
    peer.expect_end();
    let report = within("stop", move || server.stop()).unwrap();
    assert_eq!(report.clients, 0);
    // The server has let go of its end, so that the events come to theirs.
    let events: Vec<ServerEvent> = within("the events", move || events.iter().collect());
    let stays = check_pairs(&events);
    let stay = stays.values().next().unwrap();
    assert_eq!((events.len(), stay.said.len(), stay.reason), (3, 1, Some(CloseReason::Exit)));
}

#[test]
fn a_channel_that_nobody_reads_any_more_ends_nothing() {
    let (sender, events) = unbounded();
    let server = with_sender(sender);
    drop(events);
    let handle = server.handle();
    let (mut a, mut b) = (Peer::connect(server.local_addr()), Peer::connect(server.local_addr()));
    eventually("two clients", || match handle.stats().clients {
        2 => Ok(()),
        other => Err(other),
    });
    a.say("hello");
    b.expect(&a.says("hello"));
    within("stop", move || server.stop()).unwrap();
    assert_eq!(handle.stats().events_missed, 5);
}

/// Takes all that is in a channel now.
fn drain(events: &Receiver<ServerEvent>) -> Vec<ServerEvent> {
    events.try_iter().collect()
}

#[test]
fn what_does_not_fit_into_a_channel_is_counted_and_told() {
    let (sender, events) = bounded(4);
    let server = with_sender(sender);
    let handle = server.handle();
    let (mut a, mut b) = (Peer::connect(server.local_addr()), Peer::connect(server.local_addr()));
    eventually("two clients", || match handle.stats().clients {
        2 => Ok(()),
        other => Err(other),
    });
    for number in 0..10 {
        a.say(&number.to_string());
        b.expect(&a.says(&number.to_string()));
    }
    // Two came and ten lines: four fitted in.
    eventually("eight missed", || match handle.stats().events_missed {
        8 => Ok(()),
        other => Err(other),
    });
    let first = drain(&events);
    assert!(matches!(first[0], ServerEvent::Connected { .. }));
    assert_eq!(tally(&first), (4, 0));
    a.say("room again");
    b.expect(&a.says("room again"));
    let missed = events.recv_timeout(chat_core::testing::PATIENCE).unwrap();
    assert_eq!(missed, ServerEvent::Missed { count: 8 });
    let next = events.recv_timeout(chat_core::testing::PATIENCE).unwrap();
    assert!(matches!(next, ServerEvent::Message { text, .. } if &*text == "room again"));
    within("stop", move || server.stop()).unwrap();
    assert_eq!(tally(&drain(&events)), (2, 0));
    assert_eq!(handle.stats().events_missed, 8);
}

#[test]
fn a_full_channel_keeps_the_pairs_together() {
    let (sender, events) = bounded(8);
    let server = with_sender(sender);
    let (addr, handle) = (server.local_addr(), server.handle());
    let mut told = Vec::new();
    // Read from time to time only, so that it is full at some of the comings and goings.
    for round in 1..=30 {
        let mut peer = Peer::connect(addr);
        peer.send("one\ntwo\nexit\n");
        peer.expect_end();
        eventually("it has left", || match handle.stats().closed.total() {
            count if count == round => Ok(()),
            other => Err(other),
        });
        if round % 5 == 0 {
            told.extend(drain(&events));
        }
    }
    let reader = std::thread::spawn(move || events.iter().collect::<Vec<_>>());
    within("stop", move || server.stop()).unwrap();
    told.extend(within("the events", move || reader.join().unwrap()));
    // Of whose coming was left out nothing is told; of whose coming was told, the leaving is.
    let stays = check_pairs(&told);
    assert!(stays.values().all(|stay| stay.reason.is_some()), "{stays:#?}");
}

/// What was left out is told when the handler is at rest, not only with the next event.
#[test]
fn missed_events_are_told_without_waiting_for_another_one() {
    let (go, gone) = bounded::<()>(0);
    let server = TestServer::hooked(
        |config| config.limits.events = 2000,
        move |_, _| {
            let _: Result<(), _> = gone.recv();
        },
    );
    let (mut a, mut b) = (Peer::connect(server.addr()), Peer::connect(server.addr()));
    server.wait_for_stats("two clients", |stats| stats.clients == 2);
    for number in 0..100 {
        a.say(&number.to_string());
        b.expect(&a.says(&number.to_string()));
    }
    let missed = server.handle().stats().events_missed;
    assert!(missed > 0);
    drop(go);
    server.events().wait("being told of what was missed", |events| {
        let told = events.iter().filter_map(|event| match event {
            ServerEvent::Missed { count } => Some(*count),
            _ => None,
        });
        (told.sum::<u64>() == missed).then_some(())
    });
}
