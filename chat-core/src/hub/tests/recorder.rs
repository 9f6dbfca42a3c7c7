//! What the hub does, in words.

use std::sync::Arc;

use crate::change::Change;
use crate::event::{ClientInfo, Notification};
use crate::give::Give;
use crate::hub::{Output, Recall, Search, Stored, Unsearchable};
use crate::ids::{ConnId, RoomId};
use crate::log::{Again, Batch, Cursor, Window};
use crate::store::Record;

/// Writes down what the hub does, in words, and reads its log for everybody.
#[derive(Debug, Default)]
pub(in crate::hub) struct Recorder {
    pub(super) seen: Vec<String>,
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
