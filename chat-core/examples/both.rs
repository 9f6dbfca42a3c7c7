//! A server and two clients in one process, which talk for a moment and leave.
//!
//! ```text
//! cargo run -p chat-core --example both
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::time::Duration;

use chat_core::{Client, ClientEvent, Server, ServerEvent};
use crossbeam_channel::{Receiver, bounded};

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, events) = bounded(1024);
    // Port 0 is any free port.
    let server = Server::bind("127.0.0.1:0")?.on_event(sender).spawn()?;

    let (ann, ann_hears) = join(&server.local_addr().to_string())?;
    let (bob, bob_hears) = join(&server.local_addr().to_string())?;
    // Both are in as soon as the server has told so; who comes later does not hear what was before.
    for event in
        events.iter().filter(|event| matches!(event, ServerEvent::Connected { .. })).take(2)
    {
        println!("{event:?}");
    }

    ann.send("hello, Bob")?;
    println!("Bob hears {:?}", bob_hears.recv()?);
    bob.send("hello, Ann")?;
    println!("Ann hears {:?}", ann_hears.recv()?);

    ann.close();
    println!("Ann left: {}", ann.join()?);
    println!("{}", server.handle().shutdown(Duration::from_secs(1)));
    println!("Bob left: {}", bob.join()?);
    Ok(())
}

fn join(addr: &str) -> Result<(Client, Receiver<ClientEvent>), chat_core::Error> {
    let (sender, events) = bounded(1024);
    Ok((Client::connect(addr, sender)?, events))
}
