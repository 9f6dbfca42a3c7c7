//! With the feature: a thread that publishes the statistics once a second.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use metrics::{Label, SharedString, counter, describe_counter, describe_gauge, gauge};

use super::samples::{Sample, Value, samples};
use crate::error::Error;
use crate::server::counters::Counters;
use crate::server::stats::Stats;
use crate::threads::Thread;

/// How often the statistics are published, as the front page says.
const INTERVAL: Duration = Duration::from_secs(1);

/// What publishes the statistics.
#[derive(Debug)]
pub(in crate::server) struct Publisher {
    // Dropped before the thread, which ends for that.
    _lives: Sender<Infallible>,
    thread: Thread<()>,
}

impl Publisher {
    /// Publishes what the server at this address counts, from now on.
    pub(in crate::server) fn start(
        addr: SocketAddr,
        counters: &Arc<Counters>,
    ) -> Result<Publisher, Error> {
        let counters = Arc::clone(counters);
        let (lives, server) = bounded(0);
        let run = move || run(&addr.to_string().into(), &counters, &server);
        Ok(Publisher { _lives: lives, thread: Thread::spawn("chat-metrics".into(), run)? })
    }

    /// Publishes for the last time, and waits for that.
    pub(in crate::server) fn end(self) -> Result<(), Error> {
        let Publisher { _lives: lives, thread } = self;
        drop(lives);
        thread.join().map(drop)
    }
}

/// Runs the thread, until the server has ended.
fn run(name: &SharedString, counters: &Counters, server: &Receiver<Infallible>) {
    let mut published = samples(&Stats::default());
    published.iter().for_each(describe);
    let mut lives = true;
    loop {
        let now = samples(&counters.read());
        for (sample, last) in now.iter().zip(&published) {
            publish(name, sample, last);
        }
        if !lives {
            return;
        }
        published = now;
        // Once the server has ended, nothing more is counted, and all of it is published.
        lives = server.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout);
    }
}

fn describe(sample: &Sample) {
    let Sample { name, unit, about, .. } = *sample;
    match sample.value {
        Value::Now(_) => describe_gauge!(name, unit, about),
        Value::Total(_) => describe_counter!(name, unit, about),
    }
}

/// Publishes a number, of a server with this name, of which another one was published last.
fn publish(server: &SharedString, sample: &Sample, last: &Sample) {
    let mut labels = vec![Label::new("server", server.clone())];
    labels.extend(sample.label.map(|(key, value)| Label::from_static_parts(key, value)));
    match sample.value {
        Value::Now(now) => gauge!(sample.name, labels).set(now),
        // What is new is added. Of absolute numbers, recorders keep the greatest, and so would not
        // see the next server at this address in the same program.
        Value::Total(now) => {
            counter!(sample.name, labels).increment(now.saturating_sub(last.value.total()));
        }
    }
}
