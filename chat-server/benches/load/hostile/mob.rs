//! All hostile clients at once, in a thread of their own that gives way: neither the clock of the
//! measurement nor the server may have to wait for a core because of them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::habits::{Habit, habits};
use super::honest::Honest;
use super::intruder::{Deeds, Intruder, Scene};
use super::names::Names;
use crate::Result;
use crate::cores::Cores;

/// A round takes at least this long.
const ROUND: Duration = Duration::from_millis(5);

/// All kinds, and what each has done.
type Done = Vec<(Habit, Deeds)>;

/// How many hostile clients there are at a time.
pub(crate) fn peers() -> usize {
    habits().iter().map(|habit| habit.peers).sum()
}

/// The hostile clients of one server, as long as this value lives.
#[derive(Debug)]
pub(crate) struct Mob {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<Done>>>,
}

impl Mob {
    /// Sends all of them to a server, to the annoyance of those who are there.
    pub(crate) fn start(server: SocketAddr, honest: &Honest, cores: &Cores) -> Result<Self> {
        let cores = *cores;
        let is_over = Arc::new(AtomicBool::new(false));
        let (flag, names) = (Arc::clone(&is_over), honest.names());
        let thread = thread::Builder::new().name("mob".to_owned());
        let thread = thread.spawn(move || {
            cores.give_way()?;
            Ok(rage(server, &names, &flag))
        })?;
        Ok(Self { is_over, thread: Some(thread) })
    }

    /// Breaks all their connections; tells what each kind has done.
    pub(crate) fn stop(mut self) -> Result<Done> {
        self.is_over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().ok_or("the hostile clients were stopped before")?;
        Ok(thread.join().map_err(|_| "the hostile clients panicked")??)
    }
}

impl Drop for Mob {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic was told on standard error, and this is only the way out of a failure.
            let _ = thread.join();
        }
    }
}

/// Round for round until it is over. Who acts in which round is shared out evenly, and a thread that
/// works also rests, for as long: it takes half a core at most.
fn rage(server: SocketAddr, names: &Names, is_over: &AtomicBool) -> Done {
    let mut buffer = vec![0; 64 * 1024];
    let mut kinds: Vec<_> = habits()
        .into_iter()
        .map(|habit| {
            let peers: Vec<_> =
                (0..habit.peers).map(|number| Intruder::new(number, Instant::now())).collect();
            (habit, peers, Deeds::default())
        })
        .collect();
    let mut round = 0_usize;
    while !is_over.load(Ordering::Relaxed) {
        let started = Instant::now();
        for (habit, peers, deeds) in &mut kinds {
            for (number, peer) in peers.iter_mut().enumerate() {
                if (round + number).is_multiple_of(habit.every) {
                    peer.act(habit, started, &mut buffer, deeds);
                }
                peer.come(habit, Scene { server, names, now: started }, deeds);
            }
        }
        round += 1;
        let spent = started.elapsed();
        thread::sleep(spent.max(ROUND.saturating_sub(spent)));
    }
    let now = Instant::now();
    let kinds = kinds.into_iter().map(|(habit, mut peers, deeds)| {
        for peer in &mut peers {
            peer.vanish(now);
        }
        (habit, deeds)
    });
    kinds.collect()
}
