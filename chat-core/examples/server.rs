//! A server that greets everybody, answers a question, and removes whoever asks for it.
//!
//! ```text
//! cargo run -p chat-core --example server
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use chat_core::{Error, Server, ServerEvent};

fn main() -> Result<(), Error> {
    let server = Server::bind("127.0.0.1:12345")?;
    println!("Try `nc {}`.", server.local_addr().to_string().replace(':', " "));

    let handle = server.handle();
    let report = server
        .on_event(move |event| {
            // All methods of a handle may be called in here, also those that wait for an answer.
            let result = match &event {
                ServerEvent::Connected { conn, .. } => handle.send_to(*conn, "welcome"),
                ServerEvent::Message { text, .. } if &**text == "how many?" => handle
                    .clients()
                    .and_then(|clients| handle.broadcast(&format!("{} are here", clients.len()))),
                ServerEvent::Message { conn, text, .. } if &**text == "kick me" => {
                    handle.kick(*conn, "as you wish")
                }
                _ => Ok(()),
            };
            println!("{event:?}");
            if let Err(error) = result {
                println!("that did not work: {error}");
            }
        })
        .run()?;
    println!("{report}");
    Ok(())
}
