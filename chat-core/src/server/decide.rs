//! What a program decides for its server, which waits for that: who comes in, what is said, and what
//! answers commands of the program's own.

use std::net::SocketAddr;

use super::Server;
#[cfg(doc)]
use super::{ServerHandle, Stats};
#[cfg(doc)]
use crate::config::ServerConfig;
use crate::custom::{CommandCall, Custom, Reply};
#[cfg(doc)]
use crate::error::{Error, HandleError};
use crate::guard::{Admission, Incoming, Verdict};

impl Server {
    /// Decides about everybody who connects, once there is room for it.
    ///
    /// # The contract
    ///
    /// - It runs on the I/O threads, in parallel, so that what it shares must be made for that. While
    ///   it runs, the other clients of that thread wait, and on the one thread that accepts, so does
    ///   everybody who connects: it should not block.
    /// - Of a [`ServerHandle`] it can ask nothing but the [`stats`](ServerHandle::stats): everything
    ///   else fails with [`HandleError::Deciding`].
    /// - A panic is caught, logged, and counted in [`Stats::handler_panics`]. It counts as a refusal.
    ///
    /// ```
    /// use chat_core::{Admission, Server};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.on_connect(|addr| {
    ///     if addr.ip().is_loopback() { Admission::Admit } else { Admission::refuse("not from there") }
    /// });
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    #[must_use]
    pub fn on_connect(
        mut self,
        decide: impl Fn(SocketAddr) -> Admission + Send + Sync + 'static,
    ) -> Server {
        self.guards.on_connect = Some(Box::new(decide));
        self
    }

    /// Decides about what clients say, before anybody reads it: it passes, is changed, is refused, or
    /// closes its author's connection.
    ///
    /// It is asked about each message to a room, and about the texts of `/me`, of `/topic`, and of
    /// `/msg`: **it sees what clients say to each other in private**, and is not told which of these
    /// a text is. It is also asked about what a command of the program has its asker say
    /// ([`Reply::Say`]). It is not asked about names (`/nick`), the names of rooms, what operators
    /// write (`/notice`, and the reasons of `/kick`), nor about what the program says itself through
    /// a [`ServerHandle`].
    ///
    /// The contract is that of [`Server::on_connect`]. The texts of one client come one after
    /// another, in order; those of several may come at the same time. What it does not let pass is
    /// counted in [`Stats::lines_rejected`].
    ///
    /// ```
    /// use chat_core::{Server, Verdict};
    ///
    /// let server = Server::bind("127.0.0.1:0")?.on_message(|message| match message.text {
    ///     "knock knock" => Verdict::change("who is there?"),
    ///     text if text.contains("spoiler") => Verdict::refuse("not before Sunday"),
    ///     _ => Verdict::Pass,
    /// });
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    #[must_use]
    pub fn on_message(
        mut self,
        decide: impl Fn(&Incoming<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Server {
        self.guards.on_message = Some(Box::new(decide));
        self
    }

    /// Adds a command, `/name`, which `answer` answers. `/help` lists it beside the built-in ones, with
    /// its arguments (such as `NAME [REASON]`; words in brackets may be left out) and a summary of what
    /// it does, in a few words.
    ///
    /// Its name consists of 1 to 32 characters, each one of `a` to `z`, `0` to `9` and `-`, and no other
    /// command may have it. Clients may type it in upper or lower case. If the name is not allowed, the
    /// server does not start: [`Error::Config`]. With [`ServerConfig::commands`] off, there are no
    /// commands of any kind.
    ///
    /// The contract is that of [`Server::on_connect`], but for a panic: there the asker reads that the
    /// command has failed. What one client asks and says is dealt with in order; commands of several
    /// clients may come at the same time.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use chat_core::{Reply, Server};
    ///
    /// let bell = AtomicU64::new(0);
    /// let server = Server::bind("127.0.0.1:0")?
    ///     .on_command("ring", "", "rings the bell", move |_| {
    ///         let times = bell.fetch_add(1, Ordering::Relaxed) + 1;
    ///         Reply::notice(&format!("the bell has rung {times} times"))
    ///     })
    ///     .on_command("shout", "TEXT", "says it louder", |asked| match asked.rest {
    ///         "" => Reply::error("usage: /shout TEXT"),
    ///         text => Reply::say(&text.to_uppercase()),
    ///     })
    ///     .spawn()?;
    /// # drop(server);
    ///
    /// let refused = Server::bind("127.0.0.1:0")?.on_command("nick", "", "", |_| Reply::Nothing);
    /// assert_eq!(
    ///     refused.spawn().unwrap_err().to_string(),
    ///     "invalid configuration: on_command cannot add the command \"nick\": \
    ///      there is a built-in one of that name",
    /// );
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    #[must_use]
    pub fn on_command(
        mut self,
        name: &str,
        arguments: &str,
        summary: &str,
        answer: impl Fn(&CommandCall<'_>) -> Reply + Send + Sync + 'static,
    ) -> Server {
        self.guards.customs.push(Custom::new(name, arguments, summary, Box::new(answer)));
        self
    }
}
