//! A server that breaks off again and again, wherever in a line it happens to be.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::mem;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use chat_core::testing::{PATIENCE, Random, Recorder, within};
use chat_core::wire::Tags;
use chat_core::{Client, ClientConfig, ClientEvent, CloseReason};
use socket2::SockRef;

use super::{SESSION, at_once};
use crate::tagged_client::READY;

/// How many labels the server remembers.
const MEMORY: usize = 4;
/// How many lines the client says, before the last one.
const LINES: u64 = 200;
const END: &str = "the end";
/// How often the server breaks off.
const CUTS: usize = 30;

/// The server, as far as its one client can tell.
struct Model {
    random: Random,
    said: Vec<String>,
    labels: VecDeque<(String, String)>,
    /// The number of what others have said last.
    last: u64,
    cuts: usize,
}

impl Model {
    /// Serves one connection, until it breaks or the client has left, which is the answer.
    fn serve(&mut self, mut stream: TcpStream) -> bool {
        let (mut unread, mut has_tags) = (Vec::new(), false);
        loop {
            let mut buffer = [0; 64];
            let most = 1 + self.random.below(buffer.len());
            let count = stream.read(&mut buffer[..most]).unwrap();
            assert!(count > 0, "the client has left without a word");
            unread.extend_from_slice(&buffer[..count]);
            let mut out = String::new();
            while let Some(end) = unread.iter().position(|&byte| byte == b'\n') {
                let line = String::from_utf8(unread.drain(..=end).collect()).unwrap();
                if line == "exit\n" {
                    return true;
                }
                has_tags = true;
                out.push_str(&self.answer(line.trim_end()));
            }
            if has_tags {
                self.last += 1;
                out.push_str(&other(self.last));
            }
            // Whoever closes while there is no connection does not wait for one.
            let is_over = self.said.last().is_some_and(|said| said == END);
            let breaks = !is_over && self.cuts < CUTS && self.random.once_in(4);
            let sent = if breaks { self.random.below(out.len() + 1) } else { out.len() };
            // A client that sees the break first hears less, and that is all.
            let _ = stream.write_all(&out.as_bytes()[..sent]);
            if breaks {
                self.cuts += 1;
                if self.random.once_in(2) {
                    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                }
                return false;
            }
        }
    }

    fn answer(&mut self, line: &str) -> String {
        let offer = SESSION.replace("msgid=10", &format!("msgid={}", self.last));
        if line == "/tags" {
            return format!("{READY}\n");
        }
        if let Some(missed) = line.strip_prefix("/resume 5e55 1 ") {
            let from: u64 = missed.parse().unwrap();
            let missed: String = (from + 1..=self.last).map(other).collect();
            return format!("{missed}@{offer};recovered={} * you are back\n", self.last - from);
        }
        let (tags, rest) = Tags::split(line);
        let label = tags.get("label").expect("each line has a label").into_owned();
        if rest == "/resume" {
            return format!("@{offer};label={label} * you may come back\n");
        }
        if let Some((_, answer)) = self.labels.iter().find(|(known, _)| *known == label) {
            return answer.clone();
        }
        self.said.push(rest.to_owned());
        let answer = format!("@kind=sent;msgid=999;label={label} * sent\n");
        self.labels.push_back((label, answer.clone()));
        self.labels.drain(..self.labels.len().saturating_sub(MEMORY));
        answer
    }
}

fn other(number: u64) -> String {
    format!("@kind=message;msgid={number};from=7;room=lobby 7: {number}\n")
}

#[test]
fn wherever_it_breaks_all_is_said_and_heard_once_and_in_order() {
    for seed in 0..10 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let random = Random::new(seed);
        let mut model =
            Model { random, said: Vec::new(), labels: VecDeque::new(), last: 0, cuts: 0 };
        let server = thread::spawn(move || {
            while !model.serve(listener.accept().unwrap().0) {}
            model
        });
        let events = Recorder::new();
        let mut config = ClientConfig::default();
        (config.tags, config.reconnect) = (true, Some(at_once()));
        let client = Client::connect_with(addr, config, events.handler()).unwrap();
        let lines: Vec<String> = (0..LINES).map(|number| format!("line {number}")).collect();
        for line in &lines {
            client.send_blocking(line).unwrap();
        }
        client.say_in(&"lobby".parse().unwrap(), END).wait(PATIENCE).unwrap();
        client.close();
        let model = within("the server", move || server.join().unwrap());
        assert_eq!(within("join", move || client.join()).unwrap(), CloseReason::Exit);

        let (said, end) = model.said.split_at(lines.len());
        assert_eq!((said, end), (&lines[..], &[END.to_owned()][..]), "seed {seed}");
        let mut heard = Vec::new();
        let mut is_away = false;
        for event in events.all() {
            match event {
                ClientEvent::Message { meta, .. } => heard.extend(meta.msgid),
                ClientEvent::Reconnecting { .. } => is_away = true,
                ClientEvent::Recovered { .. } => assert!(mem::take(&mut is_away), "seed {seed}"),
                // Until there is a session.
                ClientEvent::Lost { .. } => {
                    assert!(mem::take(&mut is_away), "seed {seed}");
                    heard.clear();
                }
                ClientEvent::Disconnected { unsent, .. } => assert_eq!(unsent, 0, "seed {seed}"),
                _ => {}
            }
        }
        assert!(!is_away && model.cuts > 0, "seed {seed}");
        let first = heard[0];
        let is_whole = heard.iter().copied().eq(first..=model.last);
        assert!(is_whole, "seed {seed}: of {} it heard {heard:?}", model.last);
    }
}
