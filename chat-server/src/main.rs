//! The chat server: parses its arguments, prints what happens, and leaves the rest to `chat-core`.

mod args;
mod printer;
mod signals;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use chat_core::Server;
use clap::Parser;

use args::Args;
use printer::Printer;

fn main() -> ExitCode {
    let args = Args::parse();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let server = Server::bind(args.addr.as_str())?.config(args.config());
    // Whoever reads that the server listens may stop it in good order from then on.
    signals::stop_on_signal(server.handle(), args.stop_timeout())?;
    let mut printer = Printer::new(args.quiet);
    printer.listening(server.local_addr());
    let report = server.on_event(printer).run()?;
    log::info!("stopped: {report}");
    Ok(())
}

/// Tells on standard error why there is no server, whatever `RUST_LOG` says.
fn complain(what: &str) {
    if let Err(error) = writeln!(io::stderr(), "[ERROR] {what}") {
        log::debug!("standard error is closed: {error}");
    }
}

/// An error with all that led to it, in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
