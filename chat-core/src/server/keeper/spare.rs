//! What is given up of all that waits for the store, when that is too much.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::store::{Ban, Lost, Record, SavedSession};
use crate::wire::RoomName;

/// What a record says something about. Only the last one counts of those about the same.
#[derive(PartialEq, Eq, Hash)]
enum Subject {
    Topic(RoomName),
    Address(IpAddr),
    Session(u32),
}

/// What a record is about; nothing, if it is what was said.
fn subject(record: &Record) -> Option<Subject> {
    match record {
        Record::Lines(_) => None,
        Record::Topic { room, .. } => Some(Subject::Topic(room.clone())),
        Record::Ban(Ban { ip, .. }) | Record::Unban(ip) => Some(Subject::Address(*ip)),
        Record::Session(SavedSession { id, .. }) | Record::SessionOver(id) => {
            Some(Subject::Session(*id))
        }
    }
}

/// Gives up all lines, and what a later record makes known anew. If the rest is still more than so many
/// bytes, the oldest of it goes as well. It says which lines those were.
pub(super) fn give_up(records: &mut Vec<Record>, most: usize) -> Lost {
    let (mut lost, mut bytes, mut known) = (Lost::default(), 0, HashSet::new());
    let mut forgotten = 0;
    records.reverse();
    records.retain(|record| {
        lost.add(record);
        if !subject(record).is_some_and(|subject| known.insert(subject)) {
            return false;
        }
        bytes += record.weight();
        forgotten += usize::from(bytes > most);
        bytes <= most
    });
    records.reverse();
    if forgotten > 0 {
        log::error!("{forgotten} topics, bans and sessions are not kept as they are");
    }
    lost
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::store::Token;
    use crate::wire::Text;

    fn topic(room: &str, topic: &str) -> Record {
        Record::Topic { room: RoomName::new(room).unwrap(), topic: Text::new(topic).unwrap() }
    }

    fn ban(ip: [u8; 4]) -> Record {
        Record::Ban(Ban::new(ip.into(), SystemTime::now()))
    }

    fn session(id: u32) -> Record {
        Record::Session(SavedSession::new(id, Token::from_bytes([0; 16]), 0))
    }

    fn shown(records: &[Record]) -> Vec<String> {
        let show = |record: &Record| match record {
            Record::Lines(lines) => format!("{} lines", lines.count()),
            Record::Topic { room, topic } => format!("{room}: {topic}"),
            Record::Ban(ban) => format!("ban {}", ban.ip),
            Record::Unban(ip) => format!("unban {ip}"),
            Record::Session(session) => format!("session {}", session.id),
            Record::SessionOver(id) => format!("over {id}"),
        };
        records.iter().map(show).collect()
    }

    #[test]
    fn only_the_last_is_kept_that_is_known_of_something() {
        let mut records = vec![
            topic("tea", "green"),
            ban([192, 0, 2, 1]),
            session(1),
            topic("garden", "roses"),
            Record::Unban([192, 0, 2, 1].into()),
            session(2),
            ban([192, 0, 2, 2]),
            Record::SessionOver(1),
            topic("tea", "black"),
            ban([192, 0, 2, 2]),
        ];
        assert_eq!(give_up(&mut records, usize::MAX), Lost::default());
        let kept = [
            "garden: roses",
            "unban 192.0.2.1",
            "session 2",
            "over 1",
            "tea: black",
            "ban 192.0.2.2",
        ];
        assert_eq!(shown(&records), kept);
    }

    #[test]
    fn however_much_is_known_it_has_an_end() {
        let mut records: Vec<Record> = (0..1000).map(Record::SessionOver).collect();
        let each = records[0].weight();
        assert_eq!(give_up(&mut records, 10 * each), Lost::default());
        assert_eq!(shown(&records), (990..1000).map(|id| format!("over {id}")).collect::<Vec<_>>());
    }
}
