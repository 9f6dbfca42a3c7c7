//! The rules, played with inputs and watched through a recorder.

mod recorder;

pub(super) use recorder::Recorder;

use std::sync::{Arc, Mutex};

use super::*;
use crate::change::Change;
use crate::config::WhenBehind;
use crate::give::Give;
use crate::ids::ConnId;
use crate::store::Token;
use crate::wire::{Decoder, Framing, Reading, Request, Rules, Ticket, Who};

/// A hub and what it has done.
struct Play {
    hub: Hub,
    out: Recorder,
    now: Instant,
}

impl Play {
    /// A hub of two I/O threads with clients in the slots 1 to `clients` of the first.
    fn with_clients(clients: u16) -> Play {
        let start = Start {
            io_threads: 2,
            budget: Budget::default(),
            lobby: RoomName::lobby(),
            reserved: Name::reserved(),
            secret: Some(Secret::new("sesame")),
            announces: false,
            now: Instant::now(),
            customs: Vec::new(),
            limits: Limits::default(),
            history: History::default(),
            resume: Resume::default(),
            tokens: Box::new(|| Some(Token::from_bytes([7; 16]))),
            epoch: 1,
            is_storing: false,
        };
        let (hub, out) = (Hub::new(start), Recorder::default());
        let mut play = Play { hub, out, now: Instant::now() };
        for slot in 1..=clients {
            play.take(connected(slot));
        }
        play.seen();
        play
    }

    fn take(&mut self, input: Input) -> &mut Play {
        let now = Now { at: self.now, wall: SystemTime::UNIX_EPOCH };
        self.hub.handle(input, now, &mut self.out);
        self
    }

    fn publish(&mut self) -> &mut Play {
        self.hub.publish(&mut self.out);
        self
    }

    /// What has happened since this was last asked.
    fn seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.out.seen)
    }
}

fn conn(slot: u16) -> ConnId {
    ConnId::new(0, slot.into(), 1)
}

fn connected(slot: u16) -> Input {
    Input::Connected { conn: conn(slot), addr: ([127, 0, 0, 1], 5000 + slot).into() }
}

fn said(slot: u16, lines: &str) -> Input {
    let rules = Rules {
        framing: Framing::Lines,
        line: 99,
        endless: 99,
        commands: true,
        line_patience: None,
    };
    let reading = Reading::of(&mut Decoder::new(&rules), &rules, lines.as_bytes());
    Input::Said { conn: conn(slot), messages: reading.messages }
}

/// A place for an answer, and the reply that puts it there.
fn reply<T: Send + 'static>() -> (Arc<Mutex<Option<T>>>, Reply<T>) {
    let place = Arc::new(Mutex::new(None));
    let there = Arc::clone(&place);
    (place, Box::new(move |answer| *there.lock().unwrap() = Some(answer)))
}

#[test]
fn a_client_reads_from_where_the_log_ends_when_it_joins() {
    let mut play = Play::with_clients(1);
    play.take(said(1, "hello\n")).take(connected(2));
    let event = r#"event 1 said ["hello"]"#;
    assert_eq!(play.seen(), [event, "attach 2 at 12", "event 2 connected"]);
}

#[test]
fn a_turn_is_one_batch_in_the_order_of_the_inputs() {
    let mut play = Play::with_clients(2);
    play.take(said(1, "a\nb\n")).take(said(2, "c\n")).take(said(1, "d\n"));
    play.seen();
    play.publish();
    assert_eq!(play.seen(), ["publish 5001: a\n5001: b\n5002: c\n5001: d"]);
    play.publish();
    assert_eq!(play.seen(), [""; 0], "what is published is not published again");
}

#[test]
fn whoever_has_left_is_not_heard_and_leaves_once() {
    let mut play = Play::with_clients(1);
    play.take(Input::Left { conn: conn(1), reason: CloseReason::Exit });
    assert_eq!(play.seen(), ["close 1", "event 1 disconnected: exit"]);
    play.take(said(1, "anybody?\n"));
    play.take(Input::Left { conn: conn(1), reason: CloseReason::Reset }).publish();
    assert_eq!(play.seen(), [""; 0]);
}

#[test]
fn a_slot_that_is_used_again_is_another_client() {
    let mut play = Play::with_clients(1);
    play.take(Input::Left { conn: conn(1), reason: CloseReason::Exit });
    let addr = ([127, 0, 0, 1], 6000).into();
    play.take(Input::Connected { conn: ConnId::new(0, 1, 2), addr });
    play.seen();
    play.take(said(1, "from the former\n"));
    play.take(Input::Left { conn: conn(1), reason: CloseReason::Reset }).publish();
    assert_eq!(play.seen(), [""; 0]);
}

#[test]
fn the_server_can_speak_to_all_and_to_one() {
    let mut play = Play::with_clients(1);
    play.take(Input::Command(Command::Broadcast("to all".parse().unwrap()))).publish();
    assert_eq!(play.seen(), ["publish * to all"]);
    for (slot, expected) in [(1, vec!["direct 1 * to one"]), (7, vec![])] {
        let (answer, reply) = reply();
        let text = "to one".parse().unwrap();
        play.take(Input::Command(Command::SendTo { conn: conn(slot), text, reply }));
        assert_eq!(*answer.lock().unwrap(), Some(slot == 1));
        assert_eq!(play.seen(), expected);
    }
}

#[test]
fn a_kicked_client_is_told_why_and_closed() {
    let mut play = Play::with_clients(2);
    let (answer, kick) = reply();
    let reason = Some("flooding".parse().unwrap());
    play.take(Input::Command(Command::Kick { conn: conn(2), reason, reply: kick }));
    assert_eq!(play.seen(), ["direct 2 * flooding", "close 2", "event 2 disconnected: kicked"]);
    assert_eq!(*answer.lock().unwrap(), Some(true));

    let (answer, kick) = reply();
    play.take(Input::Command(Command::Kick { conn: conn(2), reason: None, reply: kick }));
    assert_eq!((play.seen().len(), *answer.lock().unwrap()), (0, Some(false)));

    let listed = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&listed);
    let give = Give::new(move |part| *list.lock().unwrap() = part);
    play.take(Input::Command(Command::Clients { room: None, give }));
    let listed = listed.lock().unwrap();
    assert_eq!(listed.iter().map(|client| client.conn).collect::<Vec<_>>(), [conn(1)]);
}

#[test]
fn a_lost_thread_is_the_end_for_everybody() {
    let mut play = Play::with_clients(1);
    play.take(said(1, "last word\n")).take(Input::Lost);
    assert!(play.hub.is_stopped());
    assert_eq!(play.seen()[1..], ["publish 5001: last word", "event 1 disconnected: shutdown"]);
}

#[test]
fn the_end_comes_after_the_last_word() {
    let mut play = Play::with_clients(1);
    play.take(Input::Command(Command::Stop)).take(Input::Command(Command::Stop));
    assert_eq!(play.seen(), ["quiesce"]);
    // One of the two I/O threads is quiet; the other still had something in its hands.
    play.take(Input::Quiet).take(said(1, "last word\n")).take(connected(2));
    assert!(!play.hub.is_stopped());
    play.seen();
    play.take(Input::Quiet);
    assert!(play.hub.is_stopped());
    assert_eq!(
        play.seen(),
        [
            "publish 5001: last word",
            "event 1 disconnected: shutdown",
            "event 2 disconnected: shutdown",
            "drain",
        ]
    );
}

#[test]
fn what_the_sockets_find_out_is_told_of_those_who_are_here() {
    let mut play = Play::with_clients(1);
    for slot in [1, 7] {
        play.take(Input::Flooding { conn: conn(slot) });
        play.take(Input::Skipped { conn: conn(slot), lines: 5 });
    }
    assert_eq!(play.seen(), ["event 1 flooding", "event 1 skipped 5"]);
}

/// Whom anybody ignores, as all lists have it and as it is counted.
fn ignored(hub: &mut Hub) -> [Vec<ConnId>; 2] {
    let own = |profile: &roster::Profile| profile.ignored.clone();
    let here = hub.roster.iter().filter_map(|(_, entry)| entry.profile.as_deref()).flat_map(own);
    let mut listed: Vec<ConnId> = here.collect();
    listed.extend(hub.sessions.stays_mut().flat_map(|stay| own(&stay.profile)));
    let mut counted = hub.ignored.all();
    listed.sort_unstable();
    counted.sort_unstable();
    [listed, counted]
}

#[test]
fn it_is_known_who_is_ignored_whatever_becomes_of_those_who_do() {
    let mut play = Play::with_clients(4);
    let asked = |slot, request| Input::Asked { conn: conn(slot), request, context: None };
    let port = |slot: u16| Who::Port(5000 + slot);
    let lost = |slot| Input::Left { conn: conn(slot), reason: CloseReason::Reset };
    let is_known = |play: &mut Play, count: usize| {
        let [listed, counted] = ignored(&mut play.hub);
        assert_eq!((listed.len(), &listed), (count, &counted));
    };
    play.take(asked(1, Request::Ignore(port(2)))).take(asked(1, Request::Ignore(port(3))));
    is_known(&mut play, 2);
    for slot in [4, 1, 2] {
        play.take(asked(slot, Request::Tags)).take(asked(slot, Request::Resume(None)));
    }
    is_known(&mut play, 3);
    play.take(asked(4, Request::Ignore(port(3)))).take(lost(4));
    play.take(asked(3, Request::Tags)).take(asked(3, Request::Resume(None)));
    is_known(&mut play, 6);
    play.take(asked(1, Request::Unignore(port(2))));
    is_known(&mut play, 4);
    play.take(lost(1));
    is_known(&mut play, 4);
    let ticket = Ticket { session: 1, secret: [7; 16], epoch: 1, msgid: 0 };
    play.take(connected(5)).take(asked(5, Request::Resume(Some(ticket))));
    is_known(&mut play, 4);
    play.take(Input::Left { conn: conn(5), reason: CloseReason::Exit });
    is_known(&mut play, 2);
    play.now += std::time::Duration::from_secs(121);
    play.hub.tick(Now { at: play.now, wall: SystemTime::UNIX_EPOCH }, &mut play.out);
    is_known(&mut play, 0);
}

#[test]
fn something_can_be_different_for_one_client() {
    let mut play = Play::with_clients(1);
    for (slot, expected) in [(1, vec!["adjust 1 WhenBehind(Skip)"]), (7, vec![])] {
        let (answer, reply) = reply();
        let change = Change::WhenBehind(WhenBehind::Skip);
        play.take(Input::Command(Command::Adjust { conn: conn(slot), change, reply }));
        assert_eq!(*answer.lock().unwrap(), Some(slot == 1));
        assert_eq!(play.seen(), expected);
    }
}
