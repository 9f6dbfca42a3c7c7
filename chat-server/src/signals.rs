//! What the signals do: the first stops the server in good order, the second ends it at once.

use std::error::Error;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chat_core::ServerHandle;

/// The exit code of a program that a signal has ended.
const INTERRUPTED: i32 = 130;
/// How long the rest of the output may take when all else has ended.
const PRINTING: Duration = Duration::from_secs(1);

/// Stops the server on SIGINT, SIGTERM or SIGHUP, or the like on other systems.
pub(crate) fn stop_on_signal(server: ServerHandle, within: Duration) -> Result<(), Box<dyn Error>> {
    let is_stopping = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if is_stopping.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED);
        }
        log::info!("stopping; a second signal ends the server at once");
        // The next signal must find this handler free, so that another thread does the waiting.
        let server = server.clone();
        let stop = move || {
            let report = server.shutdown(within);
            // The program ends by itself now, unless it is stuck in printing what nobody reads.
            thread::sleep(PRINTING);
            log::warn!("standard output is not read; what was not printed is lost");
            log::info!("stopped: {report}");
            process::exit(0);
        };
        if let Err(error) = thread::Builder::new().name("chat-stop".into()).spawn(stop) {
            log::error!("cannot stop in good order: {error}");
            process::exit(INTERRUPTED);
        }
    })?;
    Ok(())
}
