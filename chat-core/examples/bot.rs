//! A bot that repeats what it is told to: say `echo hello` to it.
//!
//! ```text
//! cargo run -p chat-core --example bot -- 127.0.0.1:12345
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use chat_core::wire::Line;
use chat_core::{Client, ClientEvent};
use crossbeam_channel::bounded;

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:12345".into());

    // A channel as the handler makes a bot a plain loop. If the bot is slower than the chat, it is
    // told how many events it has missed.
    let (sender, events) = bounded(1024);
    let client = Client::connect(addr.as_str(), sender)?;
    client.send("hello, say `echo` and something")?;

    for event in events {
        match event {
            ClientEvent::Line(Line::Message { from, text }) => {
                if let Some(what) = text.strip_prefix("echo ") {
                    client.send(&format!("{from} wants me to say: {what}"))?;
                }
            }
            ClientEvent::Disconnected { reason, .. } => println!("disconnected: {reason}"),
            other => println!("{other:?}"),
        }
    }
    Ok(())
}
