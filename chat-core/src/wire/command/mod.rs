//! Commands: lines that start with a slash.

mod request;
mod table;
mod ticket;

pub use request::{Banned, CommandError, Request, Secret, Who};
pub use table::{COMMANDS, CommandHelp};
pub use ticket::Ticket;

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
    History,
    Search,
    Ignore,
    Unignore,
    Tags,
    Resume,
    Quit,
    Op,
    Kick,
    Ban,
    Unban,
    Mute,
    Notice,
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
    /// [`CommandError`] says what was not understood, and how it would be right.
    pub fn parse(line: &str) -> Result<Request, CommandError> {
        let line = line.strip_prefix('/').unwrap_or(line);
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let found = find(word).ok_or_else(|| CommandError::Unknown(word.to_owned()))?;
        Arguments { of: found, rest: rest.trim() }.parse()
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
    fn parse(mut self) -> Result<Request, CommandError> {
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
            Verb::History => Request::History(self.count_or_none()?),
            Verb::Search => Request::Search(self.text()?),
            Verb::Ignore => Request::Ignore(self.who()?),
            Verb::Unignore => Request::Unignore(self.who()?),
            Verb::Tags => Request::Tags,
            Verb::Resume => Request::Resume(self.ticket_or_none()?),
            Verb::Quit => Request::Quit,
            Verb::Op => Request::Op(Secret::new(self.word()?)),
            Verb::Kick => Request::Kick { who: self.who()?, reason: self.text_or_none() },
            Verb::Ban => Request::Ban { who: self.banned()?, time: self.minutes(BAN)? },
            Verb::Unban => Request::Unban(self.banned()?),
            Verb::Mute => Request::Mute { who: self.who()?, time: self.minutes(MUTE)? },
            Verb::Notice => Request::Notice(self.text()?),
        };
        // Whoever types more than a command takes has something else in mind.
        if self.rest.is_empty() { Ok(request) } else { Err(self.usage()) }
    }

    fn usage(&self) -> CommandError {
        CommandError::Usage { usage: self.of.usage() }
    }

    fn word(&mut self) -> Result<&str, CommandError> {
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
    ) -> Result<T, CommandError> {
        let usage = self.of.usage();
        new(self.word()?).map_err(|error| CommandError::Name(error, usage))
    }

    fn room_or_none(&mut self) -> Result<Option<RoomName>, CommandError> {
        if self.rest.is_empty() { Ok(None) } else { self.name(RoomName::new).map(Some) }
    }

    fn who(&mut self) -> Result<Who, CommandError> {
        self.name(str::parse)
    }

    fn banned(&mut self) -> Result<Banned, CommandError> {
        let word = self.rest.split(char::is_whitespace).next().unwrap_or_default();
        let Ok(address) = word.parse() else { return self.who().map(Banned::Client) };
        self.word()?;
        Ok(Banned::Address(address))
    }

    fn minutes(&mut self, usual: Duration) -> Result<Duration, CommandError> {
        if self.rest.is_empty() {
            return Ok(usual);
        }
        let minutes = self.word()?.parse().ok().filter(|&minutes| minutes <= MOST_MINUTES);
        minutes.map(Duration::from_mins).ok_or_else(|| self.usage())
    }

    fn ticket_or_none(&mut self) -> Result<Option<Ticket>, CommandError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut words = [(); 3].map(|()| self.word().map(str::to_owned)).into_iter();
        let mut word = || words.next().unwrap_or_else(|| Err(self.usage()));
        let [session, epoch, msgid] = [word()?, word()?, word()?];
        Ticket::new(&session, &epoch, &msgid).map(Some).ok_or_else(|| self.usage())
    }

    fn count_or_none(&mut self) -> Result<Option<usize>, CommandError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let count = self.word()?.parse().ok().filter(|&count| count > 0);
        count.map(Some).ok_or_else(|| self.usage())
    }

    fn text(&mut self) -> Result<Text, CommandError> {
        self.text_or_none().ok_or_else(|| self.usage())
    }

    /// All that is left.
    fn text_or_none(&mut self) -> Option<Text> {
        Text::lossy(std::mem::take(&mut self.rest).as_bytes())
    }

    fn command(&mut self) -> Result<Option<&'static CommandHelp>, CommandError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let word = self.word()?.trim_start_matches('/').to_owned();
        find(&word).map(Some).ok_or(CommandError::Unknown(word))
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
            ("/op pass:word", Request::Op(Secret::new("pass:word"))),
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
