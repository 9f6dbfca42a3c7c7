//! The chat server: parses its arguments, prints what happens, and leaves the rest to `chat-core`.

mod args;
mod files;
mod networks;
mod printer;
mod signals;
mod stats;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use chat_core::{Server, with_causes};
use clap::Parser;

use args::Args;
use printer::SharedPrinter;
use stats::StatsLog;

fn main() -> ExitCode {
    let args = Args::parse();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain("ERROR", &with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let config = args.config()?;
    config.check()?;
    files::make_room_for(config.limits.clients);
    let mut server = Server::bind(args.addr.as_str())?.config(config);
    if let Some(store) = args.store()? {
        server = server.store(store);
    }
    let networks = args.networks();
    if !networks.are_open() {
        server = server.on_connect(move |addr| networks.admit(addr));
    }
    // Whoever reads that the server listens may ask it things and stop it from then on.
    signals::stop_on_signal(server.handle(), args.stop_timeout())?;
    stats::tell_on_signal(server.handle())?;
    let start_log = |every| StatsLog::start(server.handle(), every);
    let _stats_log = args.stats().map(start_log).transpose()?;
    let printer = SharedPrinter::new(args.quiet, server.local_addr());
    let running = server.on_event(printer.clone()).spawn();
    let running = running.map_err(|error| args.explain(error))?;
    // Before that the store has been read: whoever reads that the server listens may rely on it.
    printer.listening();
    let report = running.join().map_err(|error| args.explain(error))?;
    log::info!("stopped: {report}");
    Ok(())
}

/// Tells something on standard error, whatever `RUST_LOG` says.
fn complain(kind: &str, what: &str) {
    if let Err(error) = writeln!(io::stderr(), "[{kind}] {what}") {
        log::debug!("standard error is closed: {error}");
    }
}
