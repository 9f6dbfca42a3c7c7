//! Those who talk too fast are read more slowly, and nothing of what they say is lost.

mod choice;
mod company;
mod end;
mod pace;

use std::time::Duration;

use chat_core::testing::{ManualClock, Peer, TestServer};
use chat_core::{ConnId, Flood, Rate, ServerEvent};

use crate::clocked;

/// The smallest step of the clock.
const TICK: Duration = Duration::from_nanos(1);
const SECOND: Duration = Duration::from_secs(1);

/// So many lines, and as many bytes as anybody likes.
fn lines(per_second: u32, burst: u32) -> Flood {
    let plenty = Rate::new(1 << 30, 1 << 30);
    Flood::new(Rate::new(per_second, burst), plenty)
}

/// As many lines as anybody likes, and so many bytes.
fn bytes(per_second: u32, burst: u32) -> Flood {
    let plenty = Rate::new(1 << 30, 1 << 30);
    Flood::new(plenty, Rate::new(per_second, burst))
}

/// What one who is too fast reads at this rate.
fn notice(flood: Flood) -> String {
    format!(
        "* you are too fast: from {} lines or {} bytes a second on, you are read more slowly",
        flood.lines.per_second, flood.bytes.per_second
    )
}

fn server(clock: &ManualClock, flood: Flood) -> TestServer {
    clocked::server(clock, |config| config.limits.flood = Some(flood))
}

/// What is said as lines, from this number to before that one.
fn numbered(numbers: std::ops::Range<usize>) -> String {
    numbers.flat_map(|number| [number.to_string(), "\n".into()]).collect()
}

#[track_caller]
fn hear(listener: &mut Peer, speaker: &Peer, numbers: std::ops::Range<usize>) {
    listener.expect_all(numbers.map(|number| speaker.says(&number.to_string())));
}

/// Waits until the server has found that this one is too fast.
#[track_caller]
fn wait_for_flooding(server: &TestServer, conn: ConnId) {
    server.events().wait(&format!("Flooding of {conn}"), |events| {
        let is_it = |event: &ServerEvent| matches!(event, ServerEvent::Flooding { conn: who, .. } if *who == conn);
        events.iter().any(is_it).then_some(())
    });
}

fn floodings(server: &TestServer) -> usize {
    let events = server.events().all();
    events.iter().filter(|event| matches!(event, ServerEvent::Flooding { .. })).count()
}

/// Shows that nothing more has come from the others by now: what this one says is heard next.
#[track_caller]
fn nothing_before(listener: &mut Peer, speaker: &mut Peer, text: &str) {
    speaker.say(text);
    listener.expect(&speaker.says(text));
}
