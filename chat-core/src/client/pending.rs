//! An answer that is still to come.

use std::convert::Infallible;
use std::fmt;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError, never, select};

use super::requests::Reply;
use super::tagged::Answer;
use crate::error::RequestError;
use crate::guard::is_deciding;

/// The answer to a request of a [`Client`](crate::Client), which comes later.
///
/// It may be dropped: the request is sent all the same, and nobody learns what came of it. It may
/// outlive its client.
///
/// ```no_run
/// use chat_core::{Client, ClientConfig};
/// use std::time::Duration;
///
/// let mut config = ClientConfig::default();
/// config.tags = true;
/// let client = Client::connect_with("127.0.0.1:12345", config, |event| println!("{event:?}"))?;
/// let here = client.who(None).wait(Duration::from_secs(5))?;
/// println!("{} are in {}", here.count, here.room);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "whether it was done is in the answer; to drop it is to say that it does not matter"]
pub struct Pending<T> {
    receiver: Receiver<Reply>,
    /// Tells when the connection is over.
    over: Receiver<Infallible>,
    /// The thread that hears the answer, and cannot wait for it.
    hearer: Option<ThreadId>,
    /// The answer, once it has come.
    reply: Option<Reply>,
    read: fn(Answer) -> Option<T>,
}

impl<T> Pending<T> {
    /// An answer that will come from `hearer`, out of which `read` takes what was asked for.
    pub(super) fn new(
        receiver: Receiver<Reply>,
        over: Receiver<Infallible>,
        hearer: Option<ThreadId>,
        read: fn(Answer) -> Option<T>,
    ) -> Pending<T> {
        Pending { receiver, over, hearer, reply: None, read }
    }

    /// The answer to what cannot be asked.
    pub(super) fn failed(error: RequestError, read: fn(Answer) -> Option<T>) -> Pending<T> {
        let (receiver, over) = (never(), never());
        Pending { receiver, over, hearer: None, reply: Some(Err(error)), read }
    }

    /// Waits for the answer. After [`RequestError::TimedOut`] it may be waited for again; an answer
    /// that has come is given again each time.
    ///
    /// **Not for use in the client's event handler**: the thread that calls the handler is the one that
    /// hears the answer. There it gives the answer if that has come already, or fails at once.
    ///
    /// # Errors
    ///
    /// [`RequestError::Refused`] if the server says no, [`RequestError::TimedOut`] if it does not answer
    /// in time, [`RequestError::InHandler`] where the answer cannot be waited for, and all others for
    /// which there can be no answer: each says why.
    pub fn wait(&mut self, timeout: Duration) -> Result<T, RequestError> {
        if let Some(result) = self.try_get() {
            return result;
        }
        if is_deciding() || self.hearer == Some(thread::current().id()) {
            return Err(RequestError::InHandler);
        }
        let reply = select! {
            recv(self.receiver) -> reply => reply.unwrap_or(Err(RequestError::Closed)),
            // The answer may have come just before the end.
            recv(self.over) -> _ => self.receiver.try_recv().unwrap_or(Err(RequestError::Closed)),
            default(timeout) => return Err(RequestError::TimedOut),
        };
        self.reply = Some(reply.clone());
        self.result(reply)
    }

    /// The answer, if it has come: it may be asked for at any time, in the event handler too.
    ///
    /// ```no_run
    /// # use chat_core::{Client, ClientConfig};
    /// # let mut config = ClientConfig::default();
    /// # config.tags = true;
    /// # let client = Client::connect_with("127.0.0.1:12345", config, |_| ())?;
    /// let mut joins = client.join_room(&"tea".parse()?);
    /// match joins.try_get() {
    ///     Some(Ok(room)) => println!("in {room}"),
    ///     Some(Err(error)) => println!("not in: {error}"),
    ///     None => println!("not yet in"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_get(&mut self) -> Option<Result<T, RequestError>> {
        if self.reply.is_none() {
            // Looked at first: what came before the end is there then.
            let is_over = self.over.try_recv() == Err(TryRecvError::Disconnected);
            self.reply = match self.receiver.try_recv() {
                Ok(reply) => Some(reply),
                Err(TryRecvError::Empty) if !is_over => None,
                Err(_) => Some(Err(RequestError::Closed)),
            };
        }
        self.reply.clone().map(|reply| self.result(reply))
    }

    fn result(&self, reply: Reply) -> Result<T, RequestError> {
        let answer = reply?;
        let text = answer.text.clone();
        (self.read)(answer).ok_or(RequestError::CommandError(text))
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("reply", &self.reply).finish_non_exhaustive()
    }
}
