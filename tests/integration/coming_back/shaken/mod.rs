//! The library's own client and the real server, with a way between them that breaks wherever it
//! likes: everybody has every line once and in order, or knows how many it has not.

mod check;
mod talker;

use chat_core::ServerConfig;
use chat_core::testing::{PATIENCE, TestServer, within};
use chat_core::wire::RoomName;

use super::proxy::Proxy;
use check::Check;
use talker::{Outcome, Talker, Witness};

const ROOMS: [&str; 3] = ["lobby", "tea", "garden"];
const TALKERS: usize = 10;
/// How many lines each of them says.
const LINES: usize = 300;
/// How many connections break.
const CUTS: usize = 150;
/// How that begins which is said in each room when nothing more is.
const END: &str = "the end of ";

fn room(number: usize) -> RoomName {
    ROOMS[number].parse().unwrap()
}

/// The rooms in which a talker is, the one last in which it talks.
fn rooms_of(talker: usize) -> &'static [usize] {
    [&[0][..], &[1], &[0, 2], &[0, 2, 1]][talker % 4]
}

/// Lets all talk while connections break, and gives what everybody knows then.
fn shake(seed: u64, set: impl FnOnce(&mut ServerConfig)) -> Check {
    let server = TestServer::with(set);
    let proxy = Proxy::start(server.addr(), seed);
    let witness = Witness::connect(server.addr());
    let talkers: Vec<Talker> =
        (0..TALKERS).map(|number| Talker::connect(number, proxy.addr())).collect();
    proxy.set_cuts(CUTS);
    let talking: Vec<_> = talkers
        .into_iter()
        .map(|talker| std::thread::spawn(move || talker.talk(seed, LINES)))
        .collect();
    let ended: Vec<(Talker, Outcome)> = talking
        .into_iter()
        .map(|talking| within("the end of the talk", move || talking.join().unwrap()))
        .collect();
    let left = proxy.cuts();
    proxy.set_cuts(0);
    assert!(left < CUTS / 2, "seed {seed}: {left} of {CUTS} connections did not break");
    for (number, name) in ROOMS.iter().enumerate() {
        witness.client.say_in(&room(number), &format!("{END}{name}")).wait(PATIENCE).unwrap();
    }
    let log = witness.log(ended.iter().map(|(_, outcome)| outcome.said.len()).sum());
    let transcripts = ended.iter().map(|(talker, _)| talker.transcript()).collect();
    for (talker, _) in &ended {
        talker.client.close();
    }
    let outcomes = ended.into_iter().map(|(_, outcome)| outcome).collect();
    Check { seed, log, transcripts, outcomes }
}

#[test]
fn wherever_connections_break_everybody_has_every_line_once_and_in_order() {
    for seed in 0..4 {
        let check = shake(seed, |_| {});
        check.said_once();
        assert_eq!(check.lost(), 0, "seed {seed}");
    }
}

#[test]
fn where_little_is_kept_everybody_knows_how_many_lines_it_has_lost() {
    let mut lost = 0;
    for seed in 4..8 {
        let check = shake(seed, |config| config.resume.lines = 20);
        check.said_once();
        lost += check.lost();
    }
    assert!(lost > 0, "nothing was lost: more was kept than can be missed");
}
