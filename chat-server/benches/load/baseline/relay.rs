//! A whole chat server for one line at a time in each room, in a single thread.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use mio::{Events, Interest, Poll, Token};

use super::{BUFFER, prefix, put_together};
use crate::Result;
use crate::joining::{COMMAND, answer};

/// The clients, and who is in which room.
#[derive(Debug, Default)]
struct Relay {
    sockets: Vec<mio::net::TcpStream>,
    /// What stands before the lines of each.
    prefixes: Vec<String>,
    /// The room of each, and the members of each room. All start in the first one.
    room_of: Vec<usize>,
    members: Vec<Vec<usize>>,
    by_name: HashMap<String, usize>,
}

/// Serves these clients until one leaves. One line at a time never fills a socket, so that a write
/// that would have to wait is an error.
pub(super) fn run(clients: Vec<TcpStream>) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut relay = Relay { members: vec![(0..clients.len()).collect()], ..Relay::default() };
    for (token, client) in clients.into_iter().enumerate() {
        relay.prefixes.push(prefix(&client)?);
        client.set_nonblocking(true)?;
        let mut socket = mio::net::TcpStream::from_std(client);
        poll.registry().register(&mut socket, Token(token), Interest::READABLE)?;
        relay.sockets.push(socket);
        relay.room_of.push(0);
    }
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; BUFFER];
    let mut lines = Vec::with_capacity(BUFFER);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Token(author) = event.token();
            let count = relay.sockets[author].read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            let text = &buffer[..count];
            if let Some(name) = text.strip_prefix(COMMAND.as_bytes()) {
                relay.join(author, std::str::from_utf8(name)?.trim_end())?;
                continue;
            }
            put_together(&mut lines, &relay.prefixes[author], text)?;
            relay.say(author, &lines)?;
        }
    }
}

impl Relay {
    /// Sends lines to all in the author's room but for the author.
    fn say(&mut self, author: usize, lines: &[u8]) -> Result<()> {
        for &member in &self.members[self.room_of[author]] {
            if member != author {
                self.sockets[member].write_all(lines)?;
            }
        }
        Ok(())
    }

    /// Takes a client into a room, which is made if it is not there, and tells it so.
    fn join(&mut self, client: usize, name: &str) -> Result<()> {
        let Self { members, by_name, .. } = self;
        let room = *by_name.entry(name.to_owned()).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        let before = &mut members[std::mem::replace(&mut self.room_of[client], room)];
        // Those who are in the first room leave it in about the order in which they came.
        if let Some(seat) = before.iter().position(|&member| member == client) {
            before.swap_remove(seat);
        }
        members[room].push(client);
        Ok(self.sockets[client].write_all(answer(name).as_bytes())?)
    }
}
