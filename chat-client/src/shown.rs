//! What a person reads of an event.

use std::time::Duration;

use chat_core::ClientEvent;
use chat_core::wire::RoomName;

/// So many attempts to come back are told of one by one, and from then on one in [`SELDOM`]: an
/// evening without a server must not push what was said off the screen.
const HANDFUL: u32 = 5;
/// With half a minute between two attempts, one in so many is one in about eight minutes.
const SELDOM: u32 = 20;

/// The room that needs no mention.
const LOBBY: &str = "lobby";

/// The line that an event is on the screen; none, if it is nothing to tell people of.
pub(crate) fn line(event: &ClientEvent) -> Option<String> {
    Some(match event {
        ClientEvent::Line(line) => line.to_string(),
        ClientEvent::Message { meta, from, text } => {
            format!("{}{from}: {text}", place(meta.room.as_ref()))
        }
        ClientEvent::Action { meta, from, text } => {
            format!("{}{from} * {text}", place(meta.room.as_ref()))
        }
        ClientEvent::Private { from, text, .. } => format!("{from} (to you): {text}"),
        ClientEvent::Notice { meta, text } => format!("{}* {text}", place(meta.room.as_ref())),
        ClientEvent::Answer { text, .. } | ClientEvent::Refused { text, .. } => format!("* {text}"),
        ClientEvent::Joined { meta, who } => format!("{}* {who} joined", place(meta.room.as_ref())),
        ClientEvent::Left { meta, who } => format!("{}* {who} left", place(meta.room.as_ref())),
        ClientEvent::ManyJoined { meta, count } => {
            format!("{}* {count} joined", place(meta.room.as_ref()))
        }
        ClientEvent::ManyLeft { meta, count } => {
            format!("{}* {count} left", place(meta.room.as_ref()))
        }
        ClientEvent::Renamed { from, name, .. } => format!("* {from} is called {name} now"),
        ClientEvent::Topic { meta, from, topic } => {
            format!("{}* {from} sets the topic: {topic}", place(meta.room.as_ref()))
        }
        ClientEvent::Reconnecting { attempt, after, .. } => return away(*attempt, *after),
        ClientEvent::Recovered { lines, unanswered, .. } => {
            let unanswered = doubt(*unanswered, "may not have been done");
            match lines {
                0 => format!("* back: nothing was missed{unanswered}"),
                lines => format!("* back: {} recovered{unanswered}", count(*lines)),
            }
        }
        ClientEvent::Lost { lines, unanswered, .. } => {
            let unanswered = doubt(*unanswered, "may not have been said");
            match lines {
                Some(lines) => format!("* back: {} missed{unanswered}", count(*lines)),
                None => format!("* back: lines may have been missed{unanswered}"),
            }
        }
        _ => return None,
    })
}

/// Where something was said, before what it was.
fn place(room: Option<&RoomName>) -> String {
    let elsewhere = room.filter(|room| ***room != *LOBBY);
    elsewhere.map(|room| format!("[{room}] ")).unwrap_or_default()
}

fn away(attempt: u32, after: Duration) -> Option<String> {
    // A person counts whole seconds, and none would be no wait.
    let seconds = after.as_secs_f64().ceil().max(1.0);
    match attempt {
        1 => Some(format!("* connection lost; trying again in {seconds} s")),
        _ if attempt <= HANDFUL || attempt.is_multiple_of(SELDOM) => {
            let before = attempt - 1;
            let attempts = if before == 1 { "attempt" } else { "attempts" };
            Some(format!("* no connection after {before} {attempts}; trying again in {seconds} s"))
        }
        _ => None,
    }
}

/// What nobody knows of lines that were sent, if there are any.
fn doubt(lines: u64, what: &str) -> String {
    if lines == 0 { String::new() } else { format!("; {} sent {what}", count(lines)) }
}

fn count(lines: u64) -> String {
    if lines == 1 { "1 line".into() } else { format!("{lines} lines") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_time_away_takes_few_lines() {
        let told: Vec<u32> =
            (1..=100).filter(|attempt| away(*attempt, Duration::ZERO).is_some()).collect();
        assert_eq!(told, [1, 2, 3, 4, 5, 20, 40, 60, 80, 100]);
        assert_eq!(
            away(1, Duration::from_millis(700)).unwrap(),
            "* connection lost; trying again in 1 s"
        );
        assert_eq!(
            away(2, Duration::from_secs(2)).unwrap(),
            "* no connection after 1 attempt; trying again in 2 s"
        );
        assert_eq!(
            away(5, Duration::from_millis(12_001)).unwrap(),
            "* no connection after 4 attempts; trying again in 13 s"
        );
    }
}
