//! The command line, and the configuration that it stands for.

use chat_core::ClientConfig;
use chat_core::wire::Framing;
use clap::{Parser, ValueEnum};

/// A chat client: type a line to say it, `exit` to leave.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The server's address, as HOST:PORT
    #[arg(default_value = "127.0.0.1:12345")]
    pub(crate) addr: String,

    /// How the server tells messages apart
    #[arg(long, value_enum, default_value_t = FramingArg::Auto)]
    framing: FramingArg,
}

const AFTER_HELP: &str = "\
End of input and Ctrl-C leave as `exit` does: what was typed before is delivered. The exit code is \
0 after that, 1 if the connection could not be made or was lost, 2 for a wrong command line.";

/// The ways to tell messages apart.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FramingArg {
    /// Lines, until the server has shown that it speaks chunks
    Auto,
    /// Each line is a message
    Lines,
    /// What is sent at once is a message
    Chunks,
}

impl Args {
    /// What the client is to be like.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.framing = match self.framing {
            FramingArg::Auto => Framing::Auto,
            FramingArg::Lines => Framing::Lines,
            FramingArg::Chunks => Framing::Chunks,
        };
        config
    }
}
