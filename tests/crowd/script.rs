//! What the members of the crowd do, and what they call themselves and their rooms.

use chat_core::testing::Random;

/// How many rooms there are, the lobby among them.
pub(crate) const ROOMS: usize = 50;
/// The one in which everybody starts.
pub(crate) const LOBBY: &str = "lobby";

/// Something that a client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Say(String),
    Me(String),
    Nick(String),
    Join(String),
    Leave,
}

impl Act {
    /// The line that does it.
    pub(crate) fn line(&self) -> String {
        match self {
            Act::Say(text) => text.clone(),
            Act::Me(text) => format!("/me {text}"),
            Act::Nick(name) => format!("/nick {name}"),
            Act::Join(room) => format!("/join {room}"),
            Act::Leave => "/leave".into(),
        }
    }

    /// Whether the server answers it.
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self, Act::Nick(_) | Act::Join(_) | Act::Leave)
    }
}

/// The way in which a client goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It says `exit` and reads to the end.
    Exit,
    /// It ends its own half of the stream, perhaps within a line, and reads to the end.
    EndOfStream,
    /// It closes, with whatever it has not read.
    Drop,
    /// It breaks the connection off.
    Reset,
}

impl Ending {
    pub(crate) const ALL: [Ending; 4] =
        [Ending::Exit, Ending::EndOfStream, Ending::Drop, Ending::Reset];

    /// Whether it reads to the end.
    pub(crate) fn is_orderly(self) -> bool {
        matches!(self, Ending::Exit | Ending::EndOfStream)
    }
}

/// The spellings of a name, which look alike. The letters of the last one are Cyrillic.
pub(crate) fn names(which: usize) -> [String; 3] {
    ["coca", "COCA", "соса"].map(|word| format!("{word}{which}"))
}

/// What all spellings of a name have in common.
pub(crate) fn name_class(name: &str) -> String {
    name.to_lowercase().replace('с', "c").replace('о', "o").replace('а', "a")
}

/// What all spellings of a room have in common.
pub(crate) fn room_class(room: &str) -> String {
    room.to_lowercase()
}

/// What one client does next.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) random: Random,
    /// How many names there are to be had.
    names: usize,
}

impl Script {
    pub(crate) fn new(seed: u64, names: usize) -> Script {
        Script { random: Random::new(seed), names }
    }

    /// Something to say, or to do: nobody ever says the same again.
    pub(crate) fn words(&mut self, id: u64, count: usize) -> Act {
        let text = format!("c{id}.{count}");
        if self.random.once_in(4) { Act::Me(text) } else { Act::Say(text) }
    }

    /// Something that the server answers.
    pub(crate) fn command(&mut self) -> Act {
        // Hardly anybody goes back to the lobby, or most would be there.
        match self.random.below(20) {
            0..8 => {
                let spellings = names(self.random.below(self.names));
                Act::Nick(spellings[self.random.below(spellings.len())].clone())
            }
            8..19 => Act::Join(self.room()),
            _ => Act::Leave,
        }
    }

    fn room(&mut self) -> String {
        let which = self.random.below(ROOMS);
        match (which, self.random.below(8)) {
            (0, 0) => "LOBBY".into(),
            (0, _) => LOBBY.into(),
            (_, 0) => format!("ROOM-{which}"),
            (_, 1) => format!("Room-{which}"),
            (_, _) => format!("room-{which}"),
        }
    }
}
