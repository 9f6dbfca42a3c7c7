//! The least that a chat server could do: loops of system calls to compare the server with.
//!
//! They run as child processes of the load generator, so that they have a core's caches and a
//! place in the scheduler of their own, as the server has, and the same clients talk to them.

mod relay;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{io, process, thread};

use clap::ValueEnum;
use rustix::time::{ClockId, clock_gettime};

use crate::Result;
use crate::program::LISTENING;

/// Lines are read into a buffer of this size; one line is under way at a time.
const BUFFER: usize = 64 * 1024;

/// Which loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Baseline {
    /// Sends a line that is ready to all but the first client, and only times the sending: the
    /// kernel's share of a delivery.
    Send,
    /// Waits on all clients, reads, puts the author's port before the line and sends it to the
    /// others in the room, in one thread: a whole chat server for one line at a time.
    Relay,
}

impl Baseline {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Relay => "relay",
        }
    }
}

/// Waits for that many clients, serves them until one leaves, and ends.
pub(crate) fn run(kind: Baseline, clients: usize) -> Result<()> {
    let spent = Arc::new(AtomicU64::new(0));
    answer_on_stdin(Arc::clone(&spent))?;
    let clients = accept(clients)?;
    match kind {
        Baseline::Send => send(&clients, &spent),
        Baseline::Relay => relay::run(clients),
    }
}

/// Tells the nanoseconds spent whenever the parent sends a line, and ends with the parent.
fn answer_on_stdin(spent: Arc<AtomicU64>) -> Result<()> {
    thread::Builder::new().name("answers".to_owned()).spawn(move || {
        for line in io::stdin().lines() {
            if line.is_err() {
                break;
            }
            println!("{}", spent.load(Ordering::Acquire));
        }
        process::exit(0);
    })?;
    Ok(())
}

/// Accepts that many clients. Without `nodelay` the kernel would hold a line back until the one
/// before it is acknowledged, which a client that only listens puts off for 40 ms.
fn accept(count: usize) -> Result<Vec<TcpStream>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // Listening a second time changes the backlog, which the standard library cannot: ten thousand
    // clients come at once.
    rustix::net::listen(&listener, 4096)?;
    println!("{LISTENING}{}", listener.local_addr()?);
    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let (client, _) = listener.accept()?;
        client.set_nodelay(true)?;
        clients.push(client);
    }
    Ok(clients)
}

/// The sending alone. What is sent is put together outside of the time that counts.
fn send(clients: &[TcpStream], spent: &AtomicU64) -> Result<()> {
    let (mut sender, receivers) = clients.split_first().ok_or("there is no client to serve")?;
    let name = prefix(sender)?;
    let mut buffer = vec![0; BUFFER];
    let mut lines = Vec::with_capacity(BUFFER);
    loop {
        let count = sender.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        put_together(&mut lines, &name, &buffer[..count])?;
        let started = thread_time()?;
        for mut receiver in receivers {
            receiver.write_all(&lines)?;
        }
        // One writer, so an addition need not be one step.
        let total = spent.load(Ordering::Relaxed) + thread_time()?.saturating_sub(started);
        spent.store(total, Ordering::Release);
    }
}

/// What stands before a client's lines.
fn prefix(client: &TcpStream) -> Result<String> {
    Ok(format!("{}: ", client.peer_addr()?.port()))
}

/// Puts the name before each line of the text. It is one line but at the start, when more follow if
/// the answer is slow to come.
fn put_together(lines: &mut Vec<u8>, name: &str, text: &[u8]) -> Result<()> {
    if !text.ends_with(b"\n") {
        return Err("the loop to compare with takes whole lines only".into());
    }
    lines.clear();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(line);
    }
    Ok(())
}

/// The nanoseconds of CPU time this thread has used.
fn thread_time() -> Result<u64> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Ok(u64::try_from(time.tv_sec)? * 1_000_000_000 + u64::try_from(time.tv_nsec)?)
}
