//! What is kept of a room, against a list of lines.

use proptest::prelude::*;

use super::*;
use crate::ids::ConnId;
use crate::log::Window;
use crate::wire::Kind;

/// What somebody reads who comes from nowhere.
fn read(past: &Past, reader: Reader<'_>) -> String {
    let mut window = Window::default();
    past.batches.iter().for_each(|batch| window.extend(Arc::clone(batch)));
    let stretches = window.stretches(past.from, reader, u64::MAX);
    stretches.map(|stretch| str::from_utf8(stretch.bytes).unwrap().to_owned()).collect()
}

/// Somebody who has said nothing.
fn stranger() -> Reader<'static> {
    ConnId::new(9, 9, 9).into()
}

fn keep(lines: usize, age: Option<Duration>) -> Keep {
    Keep { lines, bytes: 256 * 1024, age, has_sessions: true }
}

/// A room's log that a history is kept of, with lines that say their own number.
#[derive(Default)]
struct Writer {
    log: Log,
    history: History,
    seq: u64,
    marks: Vec<Mark>,
}

impl Writer {
    fn say(&mut self, session: Option<u32>, msgid: u64, lines: u32) {
        let author = session.map(ConnId::of_session);
        for line in 0..lines {
            self.log.append(author, b"A: ", (msgid + u64::from(line)).to_string().as_bytes());
        }
        let (kind, called, time, details) = (Kind::Message, 1, 0, None);
        self.marks.push(Mark { msgid, lines, kind, called, time, session, details });
    }

    fn publish(&mut self, at: Instant, keep: &Keep) {
        let Some(plain) = self.log.seal(self.seq + 1) else { return };
        self.seq += 1;
        let marks = std::mem::take(&mut self.marks).into();
        let kept = Kept { at, seq: self.seq, marks, plain, tagged: None };
        self.history.add(kept, at, keep);
    }
}

proptest! {
    /// The model is the lines themselves, each with its batch's time.
    #[test]
    fn the_last_lines_are_those_that_were_said_last(
        batches in prop::collection::vec((1..5_u32, 0..3_u64), 1..30),
        keeps in 1..20_usize,
        asked in 0..25_usize,
        age in prop::option::of(1..10_u64),
    ) {
        let keep = keep(keeps, age.map(Duration::from_secs));
        let mut writer = Writer::default();
        let (start, mut time, mut said, mut next) = (Instant::now(), 0, Vec::new(), 1);
        for (lines, passed) in batches {
            time += passed;
            writer.say(None, next, lines);
            said.extend((0..lines).map(|line| (format!("A: {}\n", next + u64::from(line)), time)));
            next += u64::from(lines);
            writer.publish(start + Duration::from_secs(time), &keep);
        }
        let young = said.iter().filter(|(_, at)| age.is_none_or(|age| time - at <= age));
        let young: Vec<&str> = young.map(|(line, _)| line.as_str()).collect();
        // Whole batches are kept, so that there may be a few more than are to be kept.
        let count = asked.min(keeps).min(young.len());
        let now = start + Duration::from_secs(time);
        let past = writer.history.last(asked.min(keeps), false, now, &keep);
        let (lines, text) =
            past.map_or((0, String::new()), |past| (past.lines, read(&past, stranger())));
        prop_assert_eq!((lines, text), (count, young[young.len() - count..].concat()));
    }

    /// Whoever comes back gets each line of others that it has not, or its number is told.
    #[test]
    fn what_was_missed_is_read_or_counted(
        says in prop::collection::vec((0..3_u32, 1..4_u32, 0..3_u64, any::<bool>()), 1..40),
        keeps in 1..20_usize,
        is_known: bool,
        seen in 0..60_usize,
    ) {
        let (keep, now) = (keep(keeps, None), Instant::now());
        let (mut writer, mut next, mut said) = (Writer::default(), 1, Vec::new());
        for (session, lines, gap, is_end) in says {
            // Other rooms have the numbers between.
            next += gap;
            let session = (session > 0).then_some(session);
            writer.say(session, next, lines);
            said.extend((0..u64::from(lines)).map(|line| (session, next + line)));
            next += u64::from(lines);
            if is_end {
                writer.publish(now, &keep);
            }
        }
        writer.publish(now, &keep);
        writer.history.begin_tags(&RoomName::lobby(), &mut Log::default());
        let seen = seen.min(said.len());
        let msgid = if seen == 0 { 0 } else { said[seen - 1].1 };
        let seq = writer.history.seq_of(msgid);
        prop_assert_eq!(seq.is_some(), seen > 0);
        let point = Point { seq: seq.filter(|_| is_known), msgid, since: 0 };
        let own = [ConnId::of_session(1)];
        let reader = Reader { conn: ConnId::new(9, 9, 9), ignored: &own };
        let lost = writer.history.lost(point, reader, u64::MAX);
        let past = writer.history.after(point, reader);
        let others: Vec<u64> = said[seen..]
            .iter()
            .filter(|(session, _)| *session != Some(1))
            .map(|(_, msgid)| *msgid)
            .collect();
        let (lines, text) =
            past.map_or((0, String::new()), |past| (past.lines, read(&past, reader)));
        prop_assert_eq!(lines as u64 + lost, others.len() as u64);
        let expected = others[others.len() - lines..].iter().map(|msgid| {
            format!("@time=1970-01-01T00:00:00.000Z;kind=message;msgid={msgid};room=lobby;from=A A: {msgid}\n")
        });
        prop_assert_eq!(text, expected.collect::<String>());
    }
}

#[test]
fn no_more_is_kept_than_fits() {
    let keep = Keep { lines: 1000, bytes: 4000, age: None, has_sessions: false };
    let (mut writer, now) = (Writer::default(), Instant::now());
    for msgid in 1..100 {
        writer.log.append(None, b"", &[b'x'; 300]);
        writer.say(None, msgid, 1);
        writer.marks[0].lines = 2;
        writer.publish(now, &keep);
        assert!(writer.history.bytes <= 4000);
    }
    assert!(writer.history.last(1000, false, now, &keep).unwrap().lines >= 3);
    writer.history.clear(&keep);
    assert!(writer.history.last(1000, false, now, &keep).is_none());
    assert!(writer.history.gone.is_empty());
}
