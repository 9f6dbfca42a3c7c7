//! Commands that the embedding program adds: their names, and who answers them.

use std::fmt;
use std::net::SocketAddr;

use crate::error::Error;
use crate::ids::ConnId;
use crate::wire::{COMMANDS, Text};

/// The longest name of a command, in bytes.
const MAX_NAME: usize = 32;

/// What a client asks by a command that the embedding program has added: see
/// [`Server::on_command`](crate::Server::on_command).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CommandCall<'a> {
    /// Who asks.
    pub conn: ConnId,
    /// The address of that client.
    pub addr: SocketAddr,
    /// What follows the name of the command, without the white space around it, made safe already.
    pub rest: &'a str,
}

/// The answer to a command: see [`Server::on_command`](crate::Server::on_command).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// It is done: the asker alone reads `* text`.
    Notice(
        /// What it reads.
        Text,
    ),
    /// It is refused: the asker alone reads `* text`, which programs can tell from a notice.
    Error(
        /// Why.
        Text,
    ),
    /// The asker says this in its room, as if it had typed it: [`on_message`](crate::Server::on_message)
    /// decides about it, and the asker itself gets nothing back. It is never taken for a command.
    Say(
        /// What the others read.
        Text,
    ),
    /// Nobody reads anything, except that a line with a label is answered by `* done`.
    Nothing,
}

impl Reply {
    /// [`Reply::Notice`] of this text, made safe as all text is.
    ///
    /// ```
    /// use chat_core::Reply;
    ///
    /// let Reply::Notice(text) = Reply::notice("you have a 6") else { panic!() };
    /// assert_eq!(&*text, "you have a 6");
    /// ```
    pub fn notice(text: &str) -> Reply {
        Reply::Notice(Text::shown(text))
    }

    /// [`Reply::Error`] for this reason, made safe as all text is.
    pub fn error(reason: &str) -> Reply {
        Reply::Error(Text::shown(reason))
    }

    /// [`Reply::Say`] of this text, made safe as all text is.
    pub fn say(text: &str) -> Reply {
        Reply::Say(Text::shown(text))
    }
}

pub(crate) type OnCommand = Box<dyn Fn(&CommandCall<'_>) -> Reply + Send + Sync>;

/// A command that the embedding program has added.
pub(crate) struct Custom {
    pub(crate) name: String,
    arguments: String,
    summary: String,
    pub(crate) answer: OnCommand,
}

/// What a line is to the embedding program, that is none of the built-in commands.
#[derive(Debug)]
pub(crate) enum Understood<'a> {
    /// One of its commands, and what follows the name.
    Asks(&'a Custom, &'a str),
    /// A question for what one of its commands does.
    AsksFor(&'a Custom),
}

impl Custom {
    pub(crate) fn new(name: &str, arguments: &str, summary: &str, answer: OnCommand) -> Custom {
        let [name, arguments, summary] = [name, arguments, summary].map(str::to_owned);
        Custom { name, arguments, summary, answer }
    }

    /// What a person reads of it, as of the built-in ones.
    pub(crate) fn help(&self) -> Text {
        let Custom { name, arguments, summary, .. } = self;
        let space = if arguments.is_empty() { "" } else { " " };
        Text::shown(&format!("/{name}{space}{arguments}: {summary}"))
    }
}

/// Finds out what a line that starts with a slash is to the embedding program, if it has added these
/// commands and the line is no other one.
pub(crate) fn understand<'a>(customs: &'a [Custom], line: &'a str) -> Option<Understood<'a>> {
    let find = |word: &str| customs.iter().find(|custom| custom.name.eq_ignore_ascii_case(word));
    let (word, rest) = first_word(line.strip_prefix('/').unwrap_or(line));
    if let Some(custom) = find(word) {
        return Some(Understood::Asks(custom, rest));
    }
    if !word.eq_ignore_ascii_case("help") {
        return None;
    }
    find(first_word(rest.trim_start_matches('/')).0).map(Understood::AsksFor)
}

/// A word, and what follows it without the white space around.
fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

/// Tells the first command that cannot be.
pub(crate) fn check(customs: &[Custom]) -> Result<(), Error> {
    let mut before = customs.iter().enumerate().map(|(at, custom)| (custom, &customs[..at]));
    let found = before.find_map(|(custom, before)| Some((custom, problem(&custom.name, before)?)));
    found.map_or(Ok(()), |(custom, problem)| {
        let problem = format!("cannot add the command {:?}: {problem}", custom.name);
        Err(Error::Config { field: "on_command", problem })
    })
}

/// What is wrong with a name, after those that were given before it.
fn problem(name: &str, before: &[Custom]) -> Option<String> {
    let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(is_letter) {
        return Some(format!("a name is 1 to {MAX_NAME} of a-z, 0-9 and -"));
    }
    if COMMANDS.iter().any(|built_in| built_in.name == name) {
        return Some("there is a built-in one of that name".into());
    }
    before.iter().any(|other| other.name == name).then(|| "it was added before".into())
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customs(names: &[&str]) -> Vec<Custom> {
        let custom = |name: &&str| Custom::new(name, "", "", Box::new(|_| Reply::Nothing));
        names.iter().map(custom).collect()
    }

    #[test]
    fn a_line_is_understood() {
        let all = customs(&["roll", "help-me"]);
        let understood = |line| match understand(&all, line) {
            Some(Understood::Asks(custom, rest)) => format!("{} with {rest:?}", custom.name),
            Some(Understood::AsksFor(custom)) => format!("what is {}", custom.name),
            None => "nothing".into(),
        };
        for (line, expected) in [
            ("/roll", "roll with \"\""),
            ("/ROLL  6 dice ", "roll with \"6 dice\""),
            ("/roll roll", "roll with \"roll\""),
            ("/help-me", "help-me with \"\""),
            ("/help roll", "what is roll"),
            ("/HELP  /Roll", "what is roll"),
            ("/rolls", "nothing"),
            ("/help rolls", "nothing"),
            ("/help", "nothing"),
            ("/", "nothing"),
        ] {
            assert_eq!(understood(line), expected, "{line}");
        }
    }
}
