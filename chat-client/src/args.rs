//! The command line, and the configuration that it stands for.

use chat_core::ClientConfig;
use chat_core::wire::{Framing, Name, RoomName, Text};
use clap::Parser;

/// A chat client: type a line to say it, `exit` to leave.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The server's address, as HOST:PORT
    #[arg(default_value = "127.0.0.1:12345")]
    pub(crate) addr: String,

    /// How the server tells messages apart: auto (lines, until it has shown that it speaks
    /// chunks), lines, or chunks (what is sent at once is a message)
    #[arg(long, default_value_t = Framing::Auto)]
    framing: Framing,

    /// The name to take, in place of the port number: `/nick NAME` is sent first
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,

    /// The room to go into, in place of the lobby: `/join ROOM` is sent before what is typed
    #[arg(long, value_name = "ROOM")]
    room: Option<RoomName>,

    /// Speak with the server as programs do: a connection that was lost then comes back with all
    /// that was missed, and what was typed is said exactly once. `[ROOM]` stands before what is
    /// said elsewhere than in the lobby
    #[arg(long)]
    tags: bool,

    /// Leave when the connection is lost, in place of trying again until it is back
    #[arg(long)]
    no_reconnect: bool,
}

const AFTER_HELP: &str = "\
End of input and Ctrl-C leave as `exit` does: what was typed before is delivered. The exit code is \
0 after that, 1 if the connection could not be made or was lost for good, and with --tags also if the \
server removed you, 2 for a wrong command line. Without --tags the client cannot tell that from a loss, \
and connects again.

A connection that was lost is tried again, after 1 s at first and 30 s at last. What is typed meanwhile \
waits; to leave meanwhile is to leave at once.

--name, --room and --tags need a server that knows commands: another one shows their lines to everybody.";

impl Args {
    /// What the client is to be like.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.framing = self.framing;
        if self.no_reconnect {
            config.reconnect = None;
        }
        config.tags = self.tags;
        if self.tags {
            config.name.clone_from(&self.name);
            config.rooms = self.room.iter().cloned().collect();
        } else {
            config.greeting = self.greeting().collect();
        }
        config
    }

    /// What is to be sent before all that is typed, as a person would type it.
    fn greeting(&self) -> impl Iterator<Item = Text> {
        let nick = self.name.iter().map(|name| format!("/nick {name}"));
        let join = self.room.iter().map(|room| format!("/join {room}"));
        nick.chain(join).filter_map(|line| Text::lossy(line.as_bytes()))
    }
}
