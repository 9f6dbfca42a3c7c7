//! What was said last in a room, for those who come later: the batches of its log, shared.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::config;
use crate::log::{Batch, Cursor};

/// The last batches of a log, as many as the config says.
#[derive(Debug, Default)]
pub(super) struct History {
    batches: VecDeque<Kept>,
    lines: usize,
    bytes: u64,
}

#[derive(Debug)]
struct Kept {
    at: Instant,
    batch: Arc<Batch>,
}

/// Where to begin to read again, and what there is from there on.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) from: Cursor,
    pub(super) batches: Vec<Arc<Batch>>,
    pub(super) lines: usize,
}

impl History {
    /// Keeps a batch, and gives up what is too much or too old by that.
    pub(super) fn add(&mut self, batch: &Arc<Batch>, now: Instant, config: &config::History) {
        if config.lines == 0 {
            return;
        }
        self.lines += batch.lines();
        self.bytes += batch.cost();
        self.batches.push_back(Kept { at: now, batch: Arc::clone(batch) });
        self.trim(now, config);
    }

    /// The last lines, so many of them or as many as there are.
    pub(super) fn last(
        &mut self,
        count: usize,
        now: Instant,
        config: &config::History,
    ) -> Option<Past> {
        self.trim(now, config);
        let count = count.min(config.lines);
        let (mut lines, mut batches) = (0, Vec::new());
        for kept in self.batches.iter().rev() {
            if lines >= count {
                break;
            }
            lines += kept.batch.lines();
            batches.push(Arc::clone(&kept.batch));
        }
        batches.reverse();
        let first = batches.first()?;
        let from = Cursor::at(first.start_of_line(lines.saturating_sub(count)));
        Some(Past { from, batches, lines: lines.min(count) })
    }

    /// Gives up all of it.
    pub(super) fn clear(&mut self) {
        *self = History::default();
    }

    fn trim(&mut self, now: Instant, config: &config::History) {
        while let Some(first) = self.batches.front() {
            let is_old =
                config.age.is_some_and(|age| now.saturating_duration_since(first.at) > age);
            let is_spare = self.lines - first.batch.lines() >= config.lines;
            if !is_old && !is_spare && self.bytes <= config.bytes as u64 {
                return;
            }
            self.lines -= first.batch.lines();
            self.bytes -= first.batch.cost();
            self.batches.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::log::{Log, Window};

    /// What somebody reads who comes from nowhere.
    fn read(past: &Past) -> String {
        let mut window = Window::default();
        for (number, batch) in (1..).zip(&past.batches) {
            window.extend(Arc::clone(batch), number);
        }
        let reader = crate::ids::ConnId::new(9, 9, 9).into();
        let stretches = window.stretches(past.from, reader, u64::MAX);
        stretches.map(|stretch| str::from_utf8(stretch.bytes).unwrap().to_owned()).collect()
    }

    proptest! {
        /// The model is the lines themselves, each with its batch's time.
        #[test]
        fn the_last_lines_are_those_that_were_said_last(
            batches in prop::collection::vec((1..5_usize, 0..3_u64), 1..30),
            keeps in 1..20_usize,
            asked in 0..25_usize,
            age in prop::option::of(1..10_u64),
        ) {
            let config = config::History {
                lines: keeps,
                age: age.map(Duration::from_secs),
                ..config::History::default()
            };
            let (mut log, mut history) = (Log::default(), History::default());
            let (start, mut time, mut said) = (Instant::now(), 0, Vec::new());
            for (index, (lines, passed)) in batches.iter().enumerate() {
                time += passed;
                for line in 0..*lines {
                    log.append(None, b"", format!("{index}.{line}").as_bytes());
                    said.push((format!("{index}.{line}\n"), time));
                }
                let batch = log.seal().unwrap();
                history.add(&batch, start + Duration::from_secs(time), &config);
            }
            let young = said.iter().filter(|(_, at)| age.is_none_or(|age| time - at <= age));
            let young: Vec<&str> = young.map(|(line, _)| line.as_str()).collect();
            let count = asked.min(keeps).min(young.len());
            let past = history.last(asked, start + Duration::from_secs(time), &config);
            let (lines, text) = past.map_or((0, String::new()), |past| (past.lines, read(&past)));
            prop_assert_eq!((lines, text), (count, young[young.len() - count..].concat()));
        }
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let config = config::History { lines: 1000, bytes: 2000, ..config::History::default() };
        let (mut log, mut history) = (Log::default(), History::default());
        let now = Instant::now();
        for _ in 0..100 {
            log.append(None, b"", &[b'x'; 300]);
            history.add(&log.seal().unwrap(), now, &config);
            assert!(history.bytes <= 2000);
        }
        assert!(history.last(1000, now, &config).unwrap().lines >= 3);
        history.clear();
        assert!(history.last(1000, now, &config).is_none());
    }
}
