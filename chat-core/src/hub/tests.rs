//! The rules, played with inputs and watched through a recorder.

use std::sync::{Arc, Mutex};

use super::*;
use crate::change::Change;
use crate::config::WhenBehind;
use crate::event::ClientInfo;
use crate::give::Give;
use crate::ids::{ConnId, RoomId};
use crate::log::{Again, Batch, Cursor, Window};
use crate::store::{Record, Token};
use crate::wire::{Decoder, Framing, Reading, Request, Rules, Ticket, Who};

/// Writes down what the hub does, in words, and reads its log for everybody.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    seen: Vec<String>,
}

impl Output for Recorder {
    fn publish(&mut self, _: RoomId, batch: Arc<Batch>) {
        let start = Cursor::at(batch.start());
        let mut window = Window::default();
        window.extend(batch);
        let bytes: Vec<u8> = window
            .stretches(start, ConnId::new(9, 9, 9).into(), u64::MAX)
            .flat_map(|stretch| stretch.bytes)
            .copied()
            .collect();
        self.seen.push(format!("publish {}", String::from_utf8(bytes).unwrap().trim_end()));
    }

    fn attach(&mut self, conn: ConnId, _: RoomId, cursor: Cursor) {
        self.seen.push(format!("attach {} at {}", conn.slot(), cursor.position()));
    }

    fn recall(&mut self, conn: ConnId, recall: Recall) {
        for Again { from, past, .. } in recall.rooms {
            let (slot, from) = (conn.slot(), from.position());
            self.seen.push(format!("recall {slot} from {from}, {} batches", past.len()));
        }
        for (after, line) in recall.lines {
            let line = String::from_utf8(line).unwrap();
            self.seen.push(format!("recall {} after {after}: {}", conn.slot(), line.trim_end()));
        }
    }

    fn detach(&mut self, conn: ConnId, room: RoomId) {
        self.seen.push(format!("detach {} from {}", conn.slot(), room.index()));
    }

    fn direct(&mut self, conn: ConnId, line: Vec<u8>) {
        let line = String::from_utf8(line).unwrap();
        self.seen.push(format!("direct {} {}", conn.slot(), line.trim_end()));
    }

    fn record(&mut self, record: Record) {
        self.seen.push(match record {
            Record::Lines(lines) => format!("record {} lines in {}", lines.count(), lines.room()),
            Record::Topic { room, topic } => format!("record topic of {room}: {topic}"),
            Record::Session(session) => format!("record session {}", session.id),
            other @ (Record::Ban(_) | Record::Unban(_) | Record::SessionOver(_)) => {
                format!("record {other:?}")
            }
        });
    }

    fn hold(&mut self) {
        self.seen.push("hold".into());
    }

    fn confirm(&mut self, conn: ConnId, durable: Vec<u8>, _: Vec<u8>) {
        let line = String::from_utf8(durable).unwrap();
        self.seen.push(format!("confirm {} {}", conn.slot(), line.trim_end()));
    }

    fn release(&mut self, stored: &Stored) {
        self.seen.push(format!("release {}", stored.up_to));
    }

    fn search(&mut self, search: Search) -> Result<(), (Unsearchable, Search)> {
        Err((Unsearchable::Never, search))
    }

    fn adjust(&mut self, conn: ConnId, change: Change) {
        self.seen.push(format!("adjust {} {change:?}", conn.slot()));
    }

    fn census(&mut self, clients: Vec<ClientInfo>, give: Give<Vec<ClientInfo>>) {
        give.part(clients);
    }

    fn close_room(&mut self, room: RoomId) {
        self.seen.push(format!("close room {}", room.index()));
    }

    fn ignore(&mut self, conn: ConnId, author: ConnId, is_ignored: bool) {
        self.seen.push(format!("ignore {} {} {is_ignored}", conn.slot(), author.slot()));
    }

    fn close(&mut self, conn: ConnId) {
        self.seen.push(format!("close {}", conn.slot()));
    }

    fn quiesce(&mut self) {
        self.seen.push("quiesce".into());
    }

    fn drain(&mut self) {
        self.seen.push("drain".into());
    }

    fn notify(&mut self, notification: Notification) {
        self.seen.push(match notification {
            Notification::Connected { conn, .. } => format!("event {} connected", conn.slot()),
            Notification::Said { conn, messages, .. } => {
                format!("event {} said {messages:?}", conn.slot())
            }
            Notification::Action { conn, text, .. } => format!("event {} does {text}", conn.slot()),
            Notification::Private { conn, to, text, .. } => {
                format!("event {} tells {}: {text}", conn.slot(), to.slot())
            }
            Notification::Renamed { conn, name, .. } => format!("event {} is {name}", conn.slot()),
            Notification::Joined { conn, room, .. } => format!("event {} in {room}", conn.slot()),
            Notification::Parted { conn, room, .. } => {
                format!("event {} out of {room}", conn.slot())
            }
            Notification::Flooding { conn, .. } => format!("event {} flooding", conn.slot()),
            Notification::Skipped { conn, lines, .. } => {
                format!("event {} skipped {lines}", conn.slot())
            }
            Notification::Disconnected { conn, reason, .. } => {
                format!("event {} disconnected: {reason}", conn.slot())
            }
        });
    }
}

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
