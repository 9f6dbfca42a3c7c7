//! Log, window and cursors against a simple model: a list of lines.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::ids::ConnId;

fn conn(slot: usize) -> ConnId {
    ConnId::new(0, slot, 1)
}

/// Everything that `reader` gets from a cursor on, and where it stands then.
fn read(window: &Window, from: Cursor, reader: ConnId, until: u64) -> (String, Cursor) {
    let bytes: Vec<u8> = window
        .stretches(from, reader.into(), until)
        .flat_map(|stretch| stretch.bytes)
        .copied()
        .collect();
    let (after, lines) = window.advance(from, reader.into(), until, bytes.len());
    assert_eq!(lines, window.lines(from, reader.into(), until));
    (String::from_utf8(bytes).unwrap(), after)
}

#[test]
fn a_reader_gets_all_but_its_own_lines() {
    let (ann, bob) = (conn(1), conn(2));
    let mut log = Log::default();
    let mut window = Window::default();
    log.append(Some(ann), b"1: ", b"one");
    log.append(Some(bob), b"2: ", b"two");
    log.append(Some(bob), b"2: ", b"three");
    log.append(None, b"* ", b"four");
    log.append(Some(ann), b"1: ", b"five");
    window.extend(log.seal(1).unwrap());
    let start = Cursor::at(0);
    let all = |reader| read(&window, start, reader, u64::MAX);
    assert_eq!(all(ann).0, "2: two\n2: three\n* four\n");
    assert_eq!(all(bob).0, "1: one\n* four\n1: five\n");
    assert_eq!(all(conn(3)).0, "1: one\n2: two\n2: three\n* four\n1: five\n");
    assert_eq!(all(ann).1, Cursor::at(window.end()), "own lines at the end are passed too");
    assert!(log.seal(2).is_none(), "nothing is sealed twice");
}

#[test]
fn a_reader_that_leaves_gets_nothing_from_after_that() {
    let mut log = Log::default();
    let mut window = Window::default();
    log.append(None, b"", b"before");
    let until = log.end();
    log.append(None, b"", b"after");
    window.extend(log.seal(1).unwrap());
    let (got, cursor) = read(&window, Cursor::at(0), conn(1), until);
    assert_eq!((got.as_str(), cursor), ("before\n", Cursor::at(until)));
}

#[test]
fn a_held_cursor_keeps_its_batch_and_all_after_it() {
    let mut log = Log::default();
    let mut window = Window::default();
    for (number, line) in (1..).zip(["a", "b", "c"]) {
        log.append(None, b"", line.as_bytes());
        window.extend(log.seal(number).unwrap());
    }
    let cursor = Cursor::at(2);
    assert!(window.hold(cursor));
    window.trim(u64::MAX);
    let two_batches = window.backlog(Cursor::at(2));
    assert_eq!((window.len(), window.backlog(cursor)), (two_batches, two_batches));
    assert!((4..1000).contains(&two_batches), "the text, and what it takes to keep it");
    window.release(cursor);
    window.trim(u64::MAX);
    assert_eq!(window.len(), 0);
    assert!(!window.hold(Cursor::at(6)), "at the end there is nothing to hold");
}

#[test]
fn the_ends_of_lines_are_known() {
    let mut log = Log::default();
    let mut window = Window::default();
    log.append(None, b"", b"ab");
    log.append(None, b"", b"c");
    window.extend(log.seal(1).unwrap());
    let at: Vec<bool> = (0..=5).map(|at| window.is_between_lines(Cursor::at(at))).collect();
    assert_eq!(at, [true, false, false, true, false, true]);
}

#[test]
fn where_a_log_ended_is_known_by_the_numbers_of_its_batches() {
    let mut log = Log::default();
    let mut window = Window::default();
    // Other logs have the numbers between.
    for number in [3, 5, 9] {
        log.append(None, b"", b"a");
        window.extend(log.seal(number).unwrap());
    }
    let ends: Vec<u64> = [0, 3, 4, 5, 8, 9, u64::MAX].map(|number| window.as_of(number)).into();
    assert_eq!(ends, [0, 2, 2, 4, 4, 6, 6]);
    let numbered = window.numbered(Cursor::at(2), conn(1).into(), u64::MAX);
    assert_eq!(numbered.map(|(number, _)| number).collect::<Vec<_>>(), [5, 9]);
    window.trim(2);
    assert_eq!((window.as_of(0), window.as_of(3)), (2, 2), "what is gone came before");
}

/// One thing that happens to a room.
#[derive(Debug, Clone)]
enum Step {
    /// A client says some lines.
    Say { author: usize, lines: Vec<String> },
    /// What was said is published, and all who are not stalled get it.
    Publish,
    /// A client starts to read.
    Join { reader: usize },
    /// A client's socket takes this many bytes at its next writes, and then no more.
    Stall { reader: usize, takes: usize },
    /// A client's socket takes everything again.
    Resume { reader: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..4_usize;
    let lines = prop::collection::vec("[a-z]{1,6}", 1..4);
    prop_oneof![
        4 => (who.clone(), lines).prop_map(|(author, lines)| Step::Say { author, lines }),
        4 => Just(Step::Publish),
        2 => who.clone().prop_map(|reader| Step::Join { reader }),
        2 => (who.clone(), 0..40_usize).prop_map(|(reader, takes)| Step::Stall { reader, takes }),
        2 => who.prop_map(|reader| Step::Resume { reader }),
    ]
}

/// The most memory that may be kept for a reader of the model: that of a few batches.
const BACKLOG: u64 = 700;

/// A reader as an I/O thread keeps it, and what the model says that it must get.
#[derive(Debug)]
struct Reader {
    cursor: Cursor,
    is_held: bool,
    /// How many more bytes its socket takes.
    takes: usize,
    got: String,
    due: String,
    /// How much of that has been published.
    published: usize,
    /// How many lines it was told that it lost, if it was closed.
    lost: Option<u64>,
}

/// An I/O thread with one room, reduced to what it does with windows and cursors.
#[derive(Debug, Default)]
struct Room {
    log: Log,
    window: Window,
    readers: HashMap<usize, Reader>,
    /// The size of the largest batch so far.
    largest: u64,
    /// How many batches there were so far.
    batches: u64,
}

impl Room {
    fn take(&mut self, step: Step) {
        match step {
            Step::Say { author, lines } => {
                for line in lines {
                    self.log.append(
                        Some(conn(author)),
                        format!("{author}: ").as_bytes(),
                        line.as_bytes(),
                    );
                    let rendered = format!("{author}: {line}\n");
                    for (_, other) in self.readers.iter_mut().filter(|(who, _)| **who != author) {
                        other.due.push_str(&rendered);
                    }
                }
            }
            Step::Publish => self.publish(),
            Step::Join { reader } => {
                let cursor = Cursor::at(self.log.end());
                self.readers.entry(reader).or_insert(Reader {
                    cursor,
                    is_held: false,
                    takes: usize::MAX,
                    got: String::new(),
                    due: String::new(),
                    published: 0,
                    lost: None,
                });
            }
            Step::Stall { reader, takes } => {
                if let Some(reader) = self.readers.get_mut(&reader) {
                    reader.takes = takes;
                }
            }
            Step::Resume { reader } => {
                if let Some(one) = self.readers.get_mut(&reader) {
                    one.takes = usize::MAX;
                    self.serve(reader);
                    self.window.trim(u64::MAX);
                }
            }
        }
    }

    fn publish(&mut self) {
        if let Some(batch) = self.log.seal(self.batches + 1) {
            self.largest = self.largest.max(batch.cost());
            self.batches += 1;
            self.window.extend(batch);
        }
        for reader in self.readers.values_mut() {
            reader.published = reader.due.len();
        }
        for who in 0..4 {
            self.serve(who);
        }
        self.window.trim(u64::MAX);
    }

    fn serve(&mut self, who: usize) {
        let Some(reader) = self.readers.get_mut(&who).filter(|reader| reader.lost.is_none()) else {
            return;
        };
        let window = &mut self.window;
        if std::mem::take(&mut reader.is_held) {
            window.release(reader.cursor);
        }
        let all: Vec<u8> = window
            .stretches(reader.cursor, conn(who).into(), u64::MAX)
            .flat_map(|stretch| stretch.bytes)
            .copied()
            .collect();
        let written = all.len().min(reader.takes);
        reader.takes -= written;
        reader.got.push_str(str::from_utf8(&all[..written]).unwrap());
        let before = window.lines(reader.cursor, conn(who).into(), u64::MAX);
        let (cursor, ended) = window.advance(reader.cursor, conn(who).into(), u64::MAX, written);
        assert!(cursor >= reader.cursor, "a cursor never moves back");
        reader.cursor = cursor;
        let left = window.lines(cursor, conn(who).into(), u64::MAX);
        assert_eq!(before, ended + left, "lines are counted once");
        let is_inside = reader.got.chars().next_back().is_some_and(|last| last != '\n');
        assert!(!is_inside || !window.is_between_lines(cursor) || written == 0);
        if window.backlog(cursor) > BACKLOG {
            let lost = &reader.due[reader.got.len()..reader.published];
            assert_eq!(left, lost.matches('\n').count() as u64, "the count that is told is right");
            reader.lost = Some(left);
        } else {
            reader.is_held = window.hold(cursor);
        }
    }
}

proptest! {
    /// Whatever happens in whatever order, every reader gets exactly the lines of the others, once
    /// and in order, or is closed and told exactly how many it lost.
    #[test]
    fn every_reader_gets_the_lines_of_the_others(steps in prop::collection::vec(step(), 0..120)) {
        let mut room = Room::default();
        for step in steps {
            room.take(step);
            let held = room.readers.values().filter(|reader| reader.is_held);
            let slowest = held.map(|reader| reader.cursor.position()).min();
            prop_assert!(slowest.is_some() || room.window.len() == 0, "nothing is kept for nobody");
            // A batch is dropped as a whole, so that the one in which the slowest stands counts.
            let bound = BACKLOG + room.largest;
            prop_assert!(room.window.len() <= bound, "memory is bounded by the backlog");
        }
        for who in 0..4 {
            room.take(Step::Resume { reader: who });
        }
        room.publish();
        for reader in room.readers.values() {
            let whole = &reader.due[..reader.got.len().min(reader.due.len())];
            prop_assert_eq!(&reader.got, whole, "nothing is wrong, twice or out of order");
            match reader.lost {
                None => prop_assert_eq!(&reader.got, &reader.due),
                Some(_) => prop_assert!(reader.got.len() < reader.due.len()),
            }
        }
        prop_assert_eq!(room.window.len(), 0, "nothing is kept for nobody");
    }
}
