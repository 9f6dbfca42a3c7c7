//! Plays a script to a server in memory, and holds it to a model.
//!
//! The model knows what each peer sends, and takes from the server's events in which order that
//! came. From these it knows what each peer is to read.

mod counted;
mod ending;
mod hearer;
mod member;
mod script;
mod speaker;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use chat_core::testing::MemoryServer;
use chat_core::{CloseReason, ConnId, ServerEvent};

use self::member::{Entry, Farewell, Member};
pub(crate) use self::script::{Act, Setup};

/// What it costs to keep a line, beside its bytes, at most.
const COST_OF_LINE: usize = 300;
/// What an act makes the server keep beside what is said, at most.
const COST_OF_ACT: usize = 1000;
/// How often the server looks for those who hold memory, and a bit more.
const RELIEF: Duration = Duration::from_millis(1100);
/// A server, those who are connected to it, and what was said.
struct Play<'a> {
    setup: &'a Setup,
    server: MemoryServer,
    members: Vec<Member>,
    log: Vec<Entry>,
    /// How many of the lines are messages.
    told: u64,
    events: Vec<ServerEvent>,
    now: Duration,
    /// When all was at rest before that.
    rested_at: Duration,
    /// How many texts there were, none of which is like another.
    serial: usize,
    /// What the log grew by at most, in the memory that it takes, between two rests.
    growth: usize,
    /// The same, since the server last had the time to look for memory.
    unrelieved: usize,
    refused: u64,
    /// How many bytes were sent in all.
    sent: u64,
}

/// Plays a script, and checks all along and at the end what the server makes of it.
pub(crate) fn play(setup: &Setup, acts: &[Act]) {
    let mut play = Play {
        setup,
        server: MemoryServer::new(setup.config.clone()),
        members: Vec::new(),
        log: Vec::new(),
        told: 0,
        events: Vec::new(),
        now: Duration::ZERO,
        rested_at: Duration::ZERO,
        serial: 0,
        growth: 0,
        unrelieved: 0,
        refused: 0,
        sent: 0,
    };
    for act in acts {
        play.act(act);
    }
    play.drain();
    play.finish();
}

impl Play<'_> {
    fn act(&mut self, act: &Act) {
        match *act {
            Act::Connect { ip } => self.connect(ip),
            Act::Broadcast { length } => {
                self.serial += 1;
                let text = format!("all {}{};", self.serial, "=".repeat(length));
                self.log.push(Entry { author: None, line: format!("* {text}") });
                let mark = self.log.len() - 1;
                self.server.broadcast(&text);
                self.look_since(mark);
            }
            Act::Advance { by } => self.advance(by),
            Act::Say { who, .. }
            | Act::End { who }
            | Act::Reset { who }
            | Act::Room { who, .. }
            | Act::Sip { who, .. }
            | Act::SendTo { who, .. }
            | Act::Kick { who }
            | Act::SetFlood { who, .. }
            | Act::SetWhenBehind { who, .. } => {
                if !self.members.is_empty() {
                    self.act_of(who % self.members.len(), act);
                }
            }
        }
    }

    fn act_of(&mut self, who: usize, act: &Act) {
        if matches!(act, Act::SetFlood { .. }) {
            // What was sent before is measured by what held before.
            self.server.run();
            self.look();
        }
        let (now, serial, place) = (self.now, &mut self.serial, self.log.len());
        let member = &mut self.members[who];
        let conn = member.conn();
        match *act {
            Act::Say { what, runs, .. } => {
                if !member.has_ended && !member.is_reset {
                    let bytes = member.speaker.put(what, serial);
                    member.peer.send(&bytes);
                    self.sent += bytes.len() as u64;
                    member.has_sent(&bytes);
                    if member.left.is_none() {
                        member.speaker.send(&bytes);
                    }
                    member.spoke_at = now;
                }
                if !runs {
                    return;
                }
            }
            Act::End { .. } => {
                member.peer.end();
                member.has_ended = true;
            }
            Act::Reset { .. } => {
                member.read(usize::MAX);
                member.peer.reset();
                member.speaker.lose();
                member.is_reset = true;
            }
            Act::Room { bytes, .. } => member.set_room(bytes),
            Act::Sip { bytes, .. } => member.read(bytes),
            _ => {}
        }
        match (act, conn) {
            (Act::SendTo { length, .. }, Some(conn)) => {
                *serial += 1;
                let text = format!("you {serial}{};", "=".repeat(*length));
                member.hearer.alone.push((format!("* {text}"), place));
                self.server.send_to(conn, &text);
            }
            (Act::Kick { .. }, Some(conn)) => {
                *serial += 1;
                let reason = format!("out {serial};");
                member.hearer.alone.push((format!("* {reason}"), place));
                member.is_kicked = true;
                self.server.kick(conn, &reason);
            }
            (Act::SetFlood { flood, .. }, Some(conn)) => {
                member.limit(*flood);
                self.server.set_flood(conn, *flood);
            }
            (Act::SetWhenBehind { what, .. }, Some(conn)) => {
                self.server.set_when_behind(conn, *what);
            }
            _ => self.server.run(),
        }
        self.look();
    }

    fn connect(&mut self, ip: IpAddr) {
        let limits = &self.setup.config.limits;
        let others = |member: &&Member| member.peer.addr().ip() == ip;
        let most_per_ip = limits.clients_per_ip.unwrap_or(usize::MAX);
        let here: Vec<&Member> = self.members.iter().filter(|m| m.conn().is_some()).collect();
        let is_full =
            here.len() >= limits.clients || here.into_iter().filter(others).count() >= most_per_ip;
        let kept = || self.members.iter().filter(|member| member.may_be_kept(self.now));
        let may_be_full =
            kept().count() >= limits.clients || kept().filter(others).count() >= most_per_ip;

        let port = u16::try_from(self.members.len() + 1).expect("not so many");
        let peer = self.server.connect_from(SocketAddr::new(ip, port));
        self.members.push(Member::new(peer, self.setup, self.now));
        self.look();
        let new = self.members.last_mut().expect("the one that came");
        if new.came.is_some() {
            assert!(!is_full, "there was no room");
            return;
        }
        assert!(may_be_full || limits.connects_per_ip.is_some(), "there was room");
        self.refused += 1;
        let told = new.peer.read();
        let is_full =
            told == format!("* the server is full ({} clients), try again later\n", limits.clients);
        let is_per_ip =
            told == format!("* your address has {most_per_ip} clients here, the most\n");
        let is_often = told == "* your address connects too often, try again later\n";
        assert!(is_full || is_per_ip || is_often, "{told:?}");
        assert!(new.peer.is_over());
    }

    fn advance(&mut self, by: Duration) {
        // What was sent before comes before.
        self.server.run();
        self.look();
        self.server.advance(by);
        self.now += by;
        for member in &mut self.members {
            member.speaker.elapse(self.now);
        }
        self.look();
    }

    /// The server is at rest: sees to what has happened.
    fn look(&mut self) {
        self.look_since(self.log.len());
    }

    /// The same, where the log has grown already from this length on.
    fn look_since(&mut self, mark: usize) {
        for member in &mut self.members {
            member.speaker.settle(self.now);
            if member.has_ended {
                member.speaker.finish(CloseReason::EndOfStream);
            }
        }
        for event in self.server.events() {
            self.happened(&event, mark);
            self.events.push(event);
        }
        let growth = self.log[mark..].iter().map(|entry| entry.line.len() + 1 + COST_OF_LINE).sum();
        self.growth = self.growth.max(growth);
        if self.now.saturating_sub(self.rested_at) >= RELIEF {
            self.unrelieved = 0;
        }
        self.unrelieved += growth + COST_OF_ACT;
        for member in &mut self.members {
            member.rest(self.rested_at, self.now, self.setup.config.limits.idle);
        }
        self.rested_at = self.now;
        self.count();
    }

    fn happened(&mut self, event: &ServerEvent, mark: usize) {
        match event {
            ServerEvent::Connected { conn, addr } => {
                let place = self.log.len();
                let new = self.members.iter_mut().find(|member| member.peer.addr() == *addr);
                new.expect("a peer").came = Some((*conn, place));
            }
            ServerEvent::Message { conn, addr, text, .. } => {
                let author = self.index(*conn);
                self.members[author].speaker.is_told(text);
                let line = format!("{}: {text}", addr.port());
                self.log.push(Entry { author: Some(author), line });
                self.told += 1;
            }
            ServerEvent::Disconnected { conn, reason, .. } => {
                let (index, now, most) = (self.index(*conn), self.now, self.log.len());
                let member = &mut self.members[index];
                member.may_leave(*reason, now, &self.setup.config);
                member.left = Some(Farewell { reason: *reason, most, least: mark, at: now });
            }
            ServerEvent::Flooding { conn, .. } => {
                let index = self.index(*conn);
                let member = &mut self.members[index];
                assert!(member.is_fast(), "{member:#?}");
                let is_again = std::mem::replace(&mut member.is_flooding, true);
                assert!(!is_again, "{conn} is told once");
            }
            ServerEvent::Skipped { conn, lines, .. } => {
                let index = self.index(*conn);
                self.members[index].skipped += lines;
            }
            event => panic!("{event:?}"),
        }
    }

    fn index(&self, conn: ConnId) -> usize {
        let is_it = |member: &Member| member.came.is_some_and(|(name, _)| name == conn);
        self.members.iter().position(is_it).expect("a client that is known")
    }
}
