//! The chat client: what is typed goes to the server, what comes from the server is shown.

mod args;
mod input;
mod refusals;
mod screen;
mod shown;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use chat_core::{Client, Error, with_causes};
use clap::Parser;
use crossbeam_channel::bounded;

use args::Args;
use screen::{Ending, Screen};

/// Events that may wait to be shown. A terminal that is slower than the chat slows the server's
/// sending: nothing is left out.
const EVENTS: usize = 256;

fn main() -> ExitCode {
    let args = Args::parse();
    env_logger::init();
    match run(&args) {
        Ok(Ending::Left) => ExitCode::SUCCESS,
        Ok(Ending::Lost) => ExitCode::FAILURE,
        Err(error) => {
            log::debug!("{error:?}");
            screen::complain(&reason(&error, &args.addr));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<Ending, Error> {
    let (shown, events) = bounded(EVENTS);
    // The screen ends after the client does, so that it takes every event.
    let show = move |event| drop(shown.send(event));
    let client = Arc::new(Client::connect_with(args.addr.as_str(), args.config(), show)?);
    // Whoever reads that the client is connected may press Ctrl-C from then on.
    input::leave_on_signal(Arc::clone(&client));
    let screen = Screen::new(Arc::clone(&client));
    input::send_what_is_typed(client)?;
    Ok(screen.show(&events))
}

/// Why there is no connection, for a person.
fn reason(error: &Error, addr: &str) -> String {
    match error {
        Error::Connect { source, .. } if source.kind() == io::ErrorKind::ConnectionRefused => {
            format!("Connection refused. Is the server running on {addr}?")
        }
        error => with_causes(error),
    }
}
