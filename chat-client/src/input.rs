//! What the person does: typing, ending the input, Ctrl-C.

use std::io::{self, BufRead};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chat_core::wire::Text;
use chat_core::{Client, Error, SendError};

use crate::screen::complain;

/// The exit code of a program that a signal has ended.
const INTERRUPTED: i32 = 130;
/// How long a line may take from the keyboard to the queue.
const TYPED_BEFORE: Duration = Duration::from_millis(50);

/// Leaves in good order on the first Ctrl-C, at once on the second.
pub(crate) fn leave_on_signal(client: Arc<Client>) {
    let is_leaving = AtomicBool::new(false);
    let handler = ctrlc::set_handler(move || {
        if is_leaving.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED);
        }
        // A line that was typed just before is still on its way through the terminal.
        thread::sleep(TYPED_BEFORE);
        client.close();
    });
    if let Err(error) = handler {
        log::warn!("Ctrl-C will not leave in good order: {error}");
    }
}

/// Sends what is typed, on a thread of its own, and leaves at `exit` or at the
/// end of the input.
///
/// The thread is not joined: there is no way to end a read of a terminal. It ends with the program.
pub(crate) fn send_what_is_typed(client: Arc<Client>) -> Result<(), Error> {
    let send = move || {
        if let Err(error) = send_lines(&client, io::stdin().lock()) {
            log::error!("cannot read what is typed: {error}");
        }
        client.close();
    };
    let started = thread::Builder::new().name("chat-input".into()).spawn(send);
    started.map(drop).map_err(|source| Error::System { action: "start a thread", source })
}

fn send_lines(client: &Client, mut input: impl BufRead) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        while line.pop_if(|last| matches!(last, b'\n' | b'\r')).is_some() {}
        let Some(text) = Text::lossy(&line) else { continue };
        if text.trim().eq_ignore_ascii_case("exit") {
            return Ok(());
        }
        match client.send_blocking(&text) {
            Ok(()) => {}
            // The screen has told why already.
            Err(SendError::Closed) => return Ok(()),
            Err(error) => complain(&error.to_string()),
        }
    }
}
