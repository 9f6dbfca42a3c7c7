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
        ClientEvent::Recovered { lines, unanswered, restarted, .. } => {
            back(&recovered(*lines, *restarted), *unanswered, "command")
        }
        ClientEvent::Lost { lines: Some(lines), recovered, unanswered, restarted, .. } => {
            back(&missed(*lines, *recovered, *restarted), *unanswered, "line of yours")
        }
        ClientEvent::Lost { lines: None, unanswered, .. } => {
            back("lines may have been missed", *unanswered, "line of yours")
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

/// What somebody reads who is back: what was missed, and how much of its own nobody knows of.
fn back(missed: &str, unanswered: u64, what: &str) -> String {
    match unanswered {
        0 => format!("* back: {missed}"),
        unanswered => {
            let own = count(unanswered, what);
            format!("* back: {missed}; {own} may or may not have got through")
        }
    }
}

fn recovered(lines: u64, restarted: bool) -> String {
    let server = server(restarted);
    match lines {
        0 => format!("{server}nothing was missed"),
        lines => format!("{server}{} recovered", count(lines, "line")),
    }
}

fn missed(lines: u64, recovered: u64, restarted: bool) -> String {
    let (server, lines) = (server(restarted), count(lines, "line"));
    match recovered {
        0 => format!("{server}{lines} missed"),
        recovered => format!("{server}{} recovered, {lines} missed", count(recovered, "line")),
    }
}

fn server(restarted: bool) -> &'static str {
    if restarted { "the server was restarted, " } else { "" }
}

/// So many of something, whose first word is what there are several of.
pub(crate) fn count(number: u64, what: &str) -> String {
    if number == 1 {
        return format!("1 {what}");
    }
    let (thing, rest) = what.split_at(what.find(' ').unwrap_or(what.len()));
    format!("{number} {thing}s{rest}")
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

    #[test]
    fn who_is_back_reads_what_was_missed_and_what_nobody_knows() {
        assert_eq!(back(&recovered(0, false), 0, "command"), "* back: nothing was missed");
        assert_eq!(
            back(&recovered(1, true), 1, "command"),
            "* back: the server was restarted, 1 line recovered; \
             1 command may or may not have got through"
        );
        assert_eq!(back(&missed(7, 0, false), 0, "line of yours"), "* back: 7 lines missed");
        assert_eq!(
            back(&missed(1, 2, true), 0, "line of yours"),
            "* back: the server was restarted, 2 lines recovered, 1 line missed"
        );
        assert_eq!(
            back("lines may have been missed", 2, "line of yours"),
            "* back: lines may have been missed; 2 lines of yours may or may not have got through"
        );
    }
}
