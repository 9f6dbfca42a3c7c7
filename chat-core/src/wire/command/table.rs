//! The one table of commands: the parser, `/help` and PROTOCOL.md's list come from it.

use super::Verb;

/// One command, as a person reads of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandHelp {
    /// What is typed, without the slash.
    pub name: &'static str,
    /// What follows the name: words in capitals stand for something, those in brackets may be left
    /// out.
    pub arguments: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Whether it is for operators alone.
    pub is_for_operators: bool,
    pub(super) verb: Verb,
}

const fn all(
    verb: Verb,
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
) -> CommandHelp {
    CommandHelp { name, arguments, summary, is_for_operators: false, verb }
}

const fn operators(
    verb: Verb,
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
) -> CommandHelp {
    CommandHelp { name, arguments, summary, is_for_operators: true, verb }
}

/// All commands, in the order in which they are listed.
pub const COMMANDS: &[CommandHelp] = &[
    all(Verb::Help, "help", "[COMMAND]", "lists the commands, or explains one"),
    all(Verb::Nick, "nick", "NAME", "takes a name, in place of the port number"),
    all(Verb::Who, "who", "[ROOM]", "lists who is in a room, this one if none is named"),
    all(Verb::Rooms, "rooms", "", "lists the rooms"),
    all(Verb::Join, "join", "ROOM", "goes into a room, which is made if it is not there"),
    all(
        Verb::Leave,
        "leave",
        "[ROOM]",
        "leaves a room, this one if none is named; from the last, back to the lobby",
    ),
    all(Verb::Msg, "msg", "NAME TEXT", "says something to one client alone"),
    all(Verb::Me, "me", "TEXT", "says what you do"),
    all(Verb::Topic, "topic", "[TEXT]", "tells the topic of the room, or sets it"),
    all(Verb::History, "history", "[LINES]", "shows what others said last in the room"),
    all(Verb::Search, "search", "WORDS", "finds what was said in the room, by up to 16 words"),
    all(Verb::Ignore, "ignore", "NAME", "reads no more of what a client says"),
    all(Verb::Unignore, "unignore", "NAME", "reads it again"),
    all(Verb::Tags, "tags", "", "puts tags before every line, for programs"),
    all(
        Verb::Resume,
        "resume",
        "[SESSION EPOCH NUMBER]",
        "lets a program come back when its connection was lost",
    ),
    all(Verb::Quit, "quit", "", "leaves, as exit does"),
    all(Verb::Op, "op", "SECRET | NAME", "makes you an operator, or an operator somebody else"),
    operators(Verb::Kick, "kick", "NAME [REASON]", "removes a client"),
    operators(Verb::Ban, "ban", "NAME|ADDRESS [MINUTES]", "keeps a client away, for an hour"),
    operators(Verb::Unban, "unban", "NAME|ADDRESS", "lets it in again"),
    operators(
        Verb::Mute,
        "mute",
        "NAME [MINUTES]",
        "lets nobody read a client, for ten minutes; 0 ends it",
    ),
    operators(Verb::Notice, "notice", "TEXT", "says something to everybody, as the server"),
];

impl CommandHelp {
    /// How it is typed.
    pub fn usage(&self) -> String {
        if self.arguments.is_empty() {
            return format!("/{}", self.name);
        }
        format!("/{} {}", self.name, self.arguments)
    }
}
