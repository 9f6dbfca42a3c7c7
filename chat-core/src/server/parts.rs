//! What a server is put together from, whoever drives it.

use std::sync::Arc;

use super::counters::Counters;
use super::notified::Notified;
use super::notify::{Notifier, notifier};
use crate::clock::Clock;
use crate::config::ServerConfig;
use crate::deadline::Deadline;
use crate::event::ServerEvent;
use crate::guard::Guards;
use crate::handler::{Caller, Handler};
use crate::hub::{MOST_RESTING, Start};
use crate::net::{Gauge, Settings};
use crate::store::{Amount, LABELS, Token, Wanted};
use crate::wire::Rules;

/// What all I/O threads have in common.
pub(super) fn settings(
    config: &ServerConfig,
    counters: &Counters,
    guards: Guards,
    clock: Clock,
    deadline: Arc<Deadline>,
) -> Arc<Settings> {
    Arc::new(Settings {
        rules: rules(config),
        limits: config.limits.clone(),
        gauge: Gauge::new(counters.max_clients),
        guards: Guards { counters: Arc::clone(&counters.handler), ..guards },
        budget: counters.budget.clone(),
        clock,
        deadline,
    })
}

/// The two ends of the queue of events, and who is called at the end of it.
pub(super) fn events(
    config: &ServerConfig,
    handler: Box<dyn Handler<ServerEvent>>,
    counters: &Counters,
) -> (Notifier, Notified, Caller<ServerEvent>) {
    let counters = &counters.handler;
    let limit = config.limits.events;
    let (giving, taking) = notifier(limit, config.message_events, Arc::clone(counters));
    let missed = |count| ServerEvent::Missed { count };
    (giving, taking, Caller::new(handler, missed, Arc::clone(counters)))
}

/// What the hub has to know from the start.
pub(super) fn start(
    config: &ServerConfig,
    settings: &Settings,
    epoch: u64,
    is_storing: bool,
) -> Start {
    let mut resume = config.resume.clone();
    // What somebody has missed is given at once.
    resume.bytes = resume.bytes.min(config.limits.backlog / 2);
    Start {
        io_threads: config.io_threads,
        budget: settings.budget.clone(),
        lobby: config.lobby.clone(),
        reserved: config.reserved_names.clone(),
        secret: config.operator_secret.clone(),
        announces: config.announce,
        now: settings.clock.now(),
        customs: settings.guards.customs.iter().map(|custom| custom.name.clone()).collect(),
        limits: config.limits.clone(),
        history: config.history.clone(),
        resume,
        tokens: Box::new(token),
        epoch,
        is_storing,
    }
}

/// A secret that nobody can guess; `None` if the system has none.
fn token() -> Option<Token> {
    let mut bytes = [0; 16];
    let filled = getrandom::fill(&mut bytes);
    filled.inspect_err(|error| log::error!("no random numbers: {error}")).ok()?;
    Some(Token::from_bytes(bytes))
}

/// How much of what is kept is wanted at the start: as much as the hub keeps of each room then.
pub(super) fn wanted(config: &ServerConfig) -> Wanted {
    let (history, resume) = (&config.history, &config.resume);
    let age = history.age.filter(|_| history.lines > 0);
    let resumed = if resume.within.is_zero() { (0, 0) } else { (resume.lines, resume.bytes) };
    let (lines, bytes) = (history.lines.max(resumed.0), history.bytes.max(resumed.1));
    // What somebody may come back for is not too old.
    let mut wanted = Wanted::new(lines, bytes, age.map(|age| age.max(resume.within)), LABELS);
    wanted.for_others = Amount::new(history.lines, history.bytes, age);
    wanted.others = MOST_RESTING;
    if resume.within.is_zero() {
        wanted.left_out = 0;
    }
    // The hub forgets all of it when the budget is nearly used up, and with their tags lines take some
    // times as much as without.
    wanted.bytes = config.limits.budget / 8;
    wanted
}

/// How the bytes of clients are cut.
fn rules(config: &ServerConfig) -> Rules {
    Rules {
        framing: config.framing,
        line: config.limits.line,
        endless: config.limits.endless_line,
        commands: config.commands,
        line_patience: None,
    }
}
