//! What each session of a client should have read, and whether it has.

use std::collections::BTreeSet;

use super::{Client, Line, Play, ROOMS, Stay};

impl Play {
    pub(super) fn check(&self) {
        for (who, client) in self.clients.iter().enumerate() {
            for (index, stay) in client.stays.iter().enumerate() {
                self.check_stay(who, index, stay);
            }
            self.check_said(client);
        }
        let mut all = BTreeSet::new();
        for (_, text) in self.log.iter().flatten().filter(|(_, text)| !text.starts_with("* ")) {
            assert!(all.insert(text), "{text} was said twice");
        }
    }

    fn check_stay(&self, who: usize, index: usize, stay: &Stay) {
        let own = format!(": c{who}-");
        let (mut missing, mut of_itself) = (0, 0);
        for (room, log) in self.log.iter().enumerate() {
            let is_others = |line: &&Line| !line.1.contains(&own);
            let mut got = stay.got.get(&room).map_or(&[][..], Vec::as_slice).iter().peekable();
            for &(from, to) in stay.due.get(&room).into_iter().flatten() {
                let due = &log[from..to.unwrap_or(log.len())];
                for line in due.iter().filter(is_others) {
                    let has_come = got.next_if_eq(&line).is_some();
                    if self.is_about(who, line) {
                        of_itself += u64::from(!has_come);
                        continue;
                    }
                    missing += u64::from(!has_come);
                }
            }
            let rest: Vec<&Line> = got.collect();
            assert!(
                rest.is_empty(),
                "client {who}, stay {index}, {}: {rest:?} is not due, or not here;\n{stay:?}\n{log:?}",
                ROOMS[room]
            );
        }
        let mut private: BTreeSet<&str> = BTreeSet::new();
        for (_, text) in &stay.private {
            let text = text.split_once("(to you): ").unwrap().1;
            assert!(private.insert(text), "{text} came twice");
            assert_eq!(self.told[text].0, who);
        }
        for (text, &to) in &self.told {
            let is_told = |client: &Client| {
                let label = client.said.iter().find(|(_, said)| *said == text).map(|(it, _)| it);
                let answer = label.and_then(|label| client.answers.get(label));
                answer.is_some_and(|told| told.kind() == "answer")
            };
            if to == (who, index) && !private.contains(&**text) && self.clients.iter().any(is_told)
            {
                missing += 1;
            }
        }
        if stay.is_broken_off {
            assert!(
                missing + of_itself >= stay.lost,
                "client {who}, stay {index}: {missing} missing"
            );
        } else {
            let may_be_lost = missing..=missing + of_itself;
            assert!(may_be_lost.contains(&stay.lost), "client {who}, stay {index}: {stay:#?}");
        }
    }

    /// Whether a line tells of a client's own coming and going, which it does not have to be told: it is
    /// told of what was the doing of a connection that it has no more.
    fn is_about(&self, who: usize, (_, text): &Line) -> bool {
        let Some(told) = text.strip_prefix("* ") else { return false };
        let called = told.split(' ').next().unwrap_or_default();
        let is_port = called.parse().is_ok_and(|port| self.clients[who].ports.contains(&port));
        is_port || called.starts_with(&format!("n{who}x"))
    }

    /// What was answered was done, under the number that the answer tells.
    fn check_said(&self, client: &Client) {
        for (label, answer) in &client.answers {
            let text = &client.said[label];
            if answer.kind() == "sent" {
                let msgid = answer.number("msgid").unwrap();
                let is_it =
                    |line: &&Line| line.0 == msgid && line.1.ends_with(&format!(": {text}"));
                assert_eq!(self.log.iter().flatten().filter(is_it).count(), 1, "{text}");
            } else {
                assert_eq!(
                    self.log
                        .iter()
                        .flatten()
                        .filter(|it| it.1.ends_with(&format!(": {text}")))
                        .count(),
                    0
                );
            }
        }
    }
}
