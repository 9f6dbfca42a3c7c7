//! Commands: lines that start with a slash.

mod table;

pub use table::{COMMANDS, CommandHelp};

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::name::{Name, NameError, RoomName};
use super::text::Text;

/// How long a ban lasts if nobody says how long.
const BAN: Duration = Duration::from_hours(1);
/// How long a mute lasts if nobody says how long.
const MUTE: Duration = Duration::from_mins(10);
/// The longest that a ban or a mute can be asked for, in minutes: a year.
const MOST_MINUTES: u64 = 365 * 24 * 60;

/// Which command it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Help,
    Nick,
    Who,
    Rooms,
    Join,
    Leave,
    Msg,
    Me,
    Topic,
    Ignore,
    Unignore,
    Quit,
    Op,
    Kick,
    Ban,
    Unban,
    Mute,
    Notice,
}

/// What a client asks for, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Lists the commands, or explains one.
    Help(
        /// Which one.
        Option<&'static CommandHelp>,
    ),
    /// Takes a name.
    Nick(
        /// The name.
        Name,
    ),
    /// Lists who is in a room.
    Who(
        /// Which; `None`: where the client is.
        Option<RoomName>,
    ),
    /// Lists the rooms.
    Rooms,
    /// Goes into a room.
    Join(
        /// Which.
        RoomName,
    ),
    /// Goes back to the lobby.
    Leave(
        /// Out of which room; `None`: where the client is.
        Option<RoomName>,
    ),
    /// Says something to one client alone.
    Msg {
        /// To whom.
        to: Who,
        /// What.
        text: Text,
    },
    /// Says what the client does.
    Me(
        /// What.
        Text,
    ),
    /// Tells the topic of the room, or sets it.
    Topic(
        /// The new one; `None`: it is asked for.
        Option<Text>,
    ),
    /// Reads no more of what a client says.
    Ignore(
        /// Which.
        Who,
    ),
    /// Reads it again.
    Unignore(
        /// Which.
        Who,
    ),
    /// Leaves.
    Quit,
    /// Becomes an operator by a secret, or makes another client one: which of the two it is, only
    /// the server can tell.
    Op(
        /// The secret, or the name.
        Secret,
    ),
    /// Removes a client.
    Kick {
        /// Which.
        who: Who,
        /// Why.
        reason: Option<Text>,
    },
    /// Keeps a client away.
    Ban {
        /// Which.
        who: Banned,
        /// For how long.
        time: Duration,
    },
    /// Lets it in again.
    Unban(
        /// Which.
        Banned,
    ),
    /// Lets nobody read a client.
    Mute {
        /// Which.
        who: Who,
        /// For how long; zero ends it.
        time: Duration,
    },
    /// Says something to everybody, as the server.
    Notice(
        /// What.
        Text,
    ),
}

/// A client, as another one calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Who {
    /// By its name.
    Name(
        /// The name.
        Name,
    ),
    /// By the port of its connection, for it has no name.
    Port(
        /// The port.
        u16,
    ),
}

/// Whom a ban is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Banned {
    /// A client: its name, and its address if it is here.
    Client(
        /// The client.
        Who,
    ),
    /// An address.
    Address(
        /// The address.
        IpAddr,
    ),
}

/// A word that is not to be shown to anybody.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A word that is not to be shown to anybody.
    pub fn new(word: &str) -> Secret {
        Secret(word.to_owned())
    }

    /// The client that the word names, if it is not a secret but a name.
    pub(crate) fn as_who(&self) -> Option<Who> {
        Who::parse(&self.0).ok()
    }
}

/// Takes as long whatever the words have in common: who guesses learns nothing by the time.
impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        let differing = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
        one.len() == other.len() && differing == 0
    }
}

impl Eq for Secret {}

impl Who {
    /// A client by what it is called.
    fn parse(word: &str) -> Result<Who, NameError> {
        match word.parse() {
            Ok(port) => Ok(Who::Port(port)),
            Err(_) => Name::new(word).map(Who::Name),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a command was not understood. Its `Display` form is what the client reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misunderstood {
    /// There is no such command.
    #[error("there is no command /{0}; /help lists them, and // at the start sends a slash")]
    Unknown(
        /// The word after the slash.
        String,
    ),
    /// Something is missing, or something is too much.
    #[error("usage: {usage}")]
    Usage {
        /// How the command is typed.
        usage: String,
    },
    /// What should be a name is none.
    #[error("{0}; usage: {1}")]
    Name(
        /// What is wrong with it.
        NameError,
        /// How the command is typed.
        String,
    ),
}

impl Request {
    /// Understands a line that starts with a slash, which is safe text already.
    ///
    /// ```
    /// use chat_core::wire::Request;
    ///
    /// assert_eq!(Request::parse("/nick Ada"), Ok(Request::Nick("Ada".parse()?)));
    /// assert_eq!(
    ///     Request::parse("/dance").unwrap_err().to_string(),
    ///     "there is no command /dance; /help lists them, and // at the start sends a slash"
    /// );
    /// assert_eq!(Request::parse("/msg Ada").unwrap_err().to_string(), "usage: /msg NAME TEXT");
    /// # Ok::<(), chat_core::wire::NameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Misunderstood`] says what was not understood, and how it would be right.
    pub fn parse(line: &str) -> Result<Request, Misunderstood> {
        let line = line.strip_prefix('/').unwrap_or(line);
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let found = find(word).ok_or_else(|| Misunderstood::Unknown(word.to_owned()))?;
        Arguments { of: found, rest: rest.trim() }.parse()
    }
}

impl Request {
    /// What others are to read of it, if it is for them.
    pub(crate) fn text_mut(&mut self) -> Option<&mut Text> {
        match self {
            Request::Msg { text, .. } | Request::Me(text) | Request::Topic(Some(text)) => {
                Some(text)
            }
            _ => None,
        }
    }
}

/// The command of this name, in whatever case it is typed.
fn find(word: &str) -> Option<&'static CommandHelp> {
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(word))
}

/// What follows the name of a command.
struct Arguments<'a> {
    of: &'static CommandHelp,
    rest: &'a str,
}

impl Arguments<'_> {
    fn parse(mut self) -> Result<Request, Misunderstood> {
        let request = match self.of.verb {
            Verb::Help => Request::Help(self.command()?),
            Verb::Nick => Request::Nick(self.name(Name::new)?),
            Verb::Who => Request::Who(self.room_or_none()?),
            Verb::Rooms => Request::Rooms,
            Verb::Join => Request::Join(self.name(RoomName::new)?),
            Verb::Leave => Request::Leave(self.room_or_none()?),
            Verb::Msg => Request::Msg { to: self.who()?, text: self.text()? },
            Verb::Me => Request::Me(self.text()?),
            Verb::Topic => Request::Topic(self.text_or_none()),
            Verb::Ignore => Request::Ignore(self.who()?),
            Verb::Unignore => Request::Unignore(self.who()?),
            Verb::Quit => Request::Quit,
            Verb::Op => Request::Op(Secret(self.word()?.to_owned())),
            Verb::Kick => Request::Kick { who: self.who()?, reason: self.text_or_none() },
            Verb::Ban => Request::Ban { who: self.banned()?, time: self.minutes(BAN)? },
            Verb::Unban => Request::Unban(self.banned()?),
            Verb::Mute => Request::Mute { who: self.who()?, time: self.minutes(MUTE)? },
            Verb::Notice => Request::Notice(self.text()?),
        };
        // Whoever types more than a command takes has something else in mind.
        if self.rest.is_empty() { Ok(request) } else { Err(self.usage()) }
    }

    fn usage(&self) -> Misunderstood {
        Misunderstood::Usage { usage: self.of.usage() }
    }

    fn word(&mut self) -> Result<&str, Misunderstood> {
        if self.rest.is_empty() {
            return Err(self.usage());
        }
        let (word, rest) = self.rest.split_once(char::is_whitespace).unwrap_or((self.rest, ""));
        self.rest = rest.trim_start();
        Ok(word)
    }

    fn name<T>(
        &mut self,
        new: impl FnOnce(&str) -> Result<T, NameError>,
    ) -> Result<T, Misunderstood> {
        let usage = self.of.usage();
        new(self.word()?).map_err(|error| Misunderstood::Name(error, usage))
    }

    fn room_or_none(&mut self) -> Result<Option<RoomName>, Misunderstood> {
        if self.rest.is_empty() { Ok(None) } else { self.name(RoomName::new).map(Some) }
    }

    fn who(&mut self) -> Result<Who, Misunderstood> {
        self.name(Who::parse)
    }

    fn banned(&mut self) -> Result<Banned, Misunderstood> {
        let word = self.rest.split(char::is_whitespace).next().unwrap_or_default();
        let Ok(address) = word.parse() else { return self.who().map(Banned::Client) };
        self.word()?;
        Ok(Banned::Address(address))
    }

    fn minutes(&mut self, usual: Duration) -> Result<Duration, Misunderstood> {
        if self.rest.is_empty() {
            return Ok(usual);
        }
        let minutes = self.word()?.parse().ok().filter(|&minutes| minutes <= MOST_MINUTES);
        minutes.map(Duration::from_mins).ok_or_else(|| self.usage())
    }

    fn text(&mut self) -> Result<Text, Misunderstood> {
        self.text_or_none().ok_or_else(|| self.usage())
    }

    /// All that is left.
    fn text_or_none(&mut self) -> Option<Text> {
        Text::lossy(std::mem::take(&mut self.rest).as_bytes())
    }

    fn command(&mut self) -> Result<Option<&'static CommandHelp>, Misunderstood> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let word = self.word()?.trim_start_matches('/').to_owned();
        find(&word).map(Some).ok_or(Misunderstood::Unknown(word))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ada() -> Who {
        Who::Name("Ada".parse().unwrap())
    }

    #[test]
    fn commands_are_understood() {
        let text = |text: &str| text.parse::<Text>().unwrap();
        for (line, request) in [
            ("/help", Request::Help(None)),
            ("/HELP /Nick", Request::Help(find("nick"))),
            ("/nick  Ada ", Request::Nick("Ada".parse().unwrap())),
            ("/who", Request::Who(None)),
            ("/who 42", Request::Who(Some("42".parse().unwrap()))),
            ("/join tea", Request::Join("tea".parse().unwrap())),
            ("/msg Ada  how are you?", Request::Msg { to: ada(), text: text("how are you?") }),
            ("/msg 51839 hi", Request::Msg { to: Who::Port(51839), text: text("hi") }),
            ("/me waves ", Request::Me(text("waves"))),
            ("/topic", Request::Topic(None)),
            ("/topic the tea", Request::Topic(Some(text("the tea")))),
            ("/op pass:word", Request::Op(Secret("pass:word".into()))),
            ("/kick Ada", Request::Kick { who: ada(), reason: None }),
            ("/ban Ada", Request::Ban { who: Banned::Client(ada()), time: BAN }),
            (
                "/ban ::1 5",
                Request::Ban {
                    who: Banned::Address("::1".parse().unwrap()),
                    time: Duration::from_mins(5),
                },
            ),
            ("/mute Ada 0", Request::Mute { who: ada(), time: Duration::ZERO }),
        ] {
            assert_eq!(Request::parse(line), Ok(request), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (line, answer) in [
            ("/", "there is no command /; /help lists them, and // at the start sends a slash"),
            ("/nick", "usage: /nick NAME"),
            ("/nick two words", "usage: /nick NAME"),
            (
                "/nick 42",
                "a name is no number: those are the ports of who has no name; usage: /nick NAME",
            ),
            ("/rooms all", "usage: /rooms"),
            ("/msg Ada", "usage: /msg NAME TEXT"),
            ("/ban Ada soon", "usage: /ban NAME|ADDRESS [MINUTES]"),
            ("/ban Ada 99999999999999", "usage: /ban NAME|ADDRESS [MINUTES]"),
        ] {
            assert_eq!(Request::parse(line).unwrap_err().to_string(), answer, "{line}");
        }
        let request = Request::parse("/op pass").unwrap();
        assert!(!format!("{request:?}").contains("pass"));
    }

    proptest! {
        #[test]
        fn any_line_is_understood_or_not(line in "/[a-z]{0,8}( \\PC{0,10}){0,3}") {
            if let Err(error) = Request::parse(&line) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
