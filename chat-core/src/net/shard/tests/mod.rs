//! A shard without a hub and without sockets: who reads several rooms, and what goes wrong on the way.

mod random;
mod stage;

use std::sync::{Arc, Mutex};

use stage::Stage;

use super::Shard;
use crate::config::{Limits, WhenBehind};
use crate::event::ClientInfo;
use crate::give::Give;
use crate::net::feed::Order;
use crate::net::outbound::TURN;
use crate::wire::Framing;

/// Limits with a backlog of so many bytes.
fn short_of(backlog: usize, when_behind: WhenBehind) -> Limits {
    Limits { backlog, when_behind, ..Limits::default() }
}

#[test]
fn what_several_rooms_have_goes_out_in_the_order_in_which_it_came() {
    let mut stage = Stage::new(Framing::Lines, Limits::default());
    let (ann, bob) = (stage.come(), stage.come());
    for room in 0..3 {
        stage.attach(ann, room);
    }
    stage.give_room(ann, 3);
    for (room, text) in [(1, "one"), (0, "two"), (1, "three")] {
        stage.publish(room, bob, text);
    }
    stage.publish(1, ann, "not for herself");
    stage.direct(ann, "four");
    stage.publish(2, bob, "five");
    stage.turn();
    assert_eq!(stage.got(ann), "one", "the socket takes no more than that");
    stage.detach(ann, 1);
    stage.publish(1, bob, "not for her any more");
    stage.direct(ann, "six");
    stage.publish(0, bob, "seven");
    stage.turn();
    stage.give_room(ann, usize::MAX);
    stage.turn();
    assert_eq!(stage.got(ann), "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    assert!(stage.is_at_rest());
}

#[test]
fn only_the_last_newline_of_all_rooms_is_left_off() {
    let mut stage = Stage::new(Framing::Chunks, Limits::default());
    let (ann, bob) = (stage.come(), stage.come());
    for room in 0..3 {
        stage.attach(ann, room);
    }
    stage.publish(0, bob, "one");
    stage.publish(1, bob, "two");
    stage.publish(2, ann, "not for herself");
    stage.turn();
    assert_eq!(stage.got(ann), "one\ntwo");
    stage.publish(0, bob, "three");
    stage.direct(ann, "four");
    stage.publish(1, ann, "nor this");
    stage.publish(2, bob, "five");
    stage.turn();
    assert_eq!(stage.got(ann), "one\ntwothree\nfour\nfive");
    stage.publish(2, bob, "six");
    stage.direct(ann, "seven");
    stage.publish(0, ann, "nor that");
    stage.turn();
    assert_eq!(stage.got(ann), "one\ntwothree\nfour\nfivesix\nseven");
}

#[test]
fn a_line_that_is_half_out_is_finished_for_whoever_wants_to_read_its_author_no_more() {
    let mut stage = Stage::new(Framing::Lines, Limits::default());
    let (ann, bob, eve) = (stage.come(), stage.come(), stage.come());
    stage.attach(ann, 0);
    stage.attach(ann, 1);
    stage.give_room(ann, 5);
    for (room, author, text) in [(1, bob, "half out"), (0, bob, "no more"), (1, eve, "heard")] {
        stage.publish(room, author, text);
    }
    stage.turn();
    stage.order(Order::Ignore { conn: ann, author: bob, is_ignored: true });
    stage.turn();
    stage.give_room(ann, usize::MAX);
    stage.turn();
    assert_eq!(stage.got(ann), "half out\nheard\n");
    assert!(stage.is_at_rest());
}

#[test]
fn whoever_is_closed_gets_what_all_rooms_had_by_then() {
    let mut stage = Stage::new(Framing::Lines, Limits::default());
    let (ann, bob) = (stage.come(), stage.come());
    stage.attach(ann, 0);
    stage.attach(ann, 1);
    stage.give_room(ann, 0);
    stage.publish(1, bob, "one");
    stage.publish(0, bob, "two");
    stage.direct(ann, "goodbye");
    stage.order(Order::Close { conn: ann });
    stage.publish(1, bob, "too late");
    stage.turn();
    stage.order(Order::CloseRoom { room: stage::room(0) });
    stage.turn();
    stage.give_room(ann, usize::MAX);
    stage.turn();
    assert_eq!(stage.got(ann), "one\ntwo\ngoodbye\n");
    assert!(stage.has_ended(ann) && stage.is_at_rest());
}

/// What was said last in them is still in their windows when they come to their end.
#[test]
fn nothing_is_kept_of_many_rooms_that_are_no_more() {
    const ROOMS: usize = 1000;
    let limits = Limits { feed: 4 * ROOMS, ..Limits::default() };
    let mut stage = Stage::new(Framing::Lines, limits);
    let (ann, bob) = (stage.come(), stage.come());
    for room in 0..ROOMS {
        stage.attach(ann, room);
    }
    for room in 0..ROOMS {
        stage.publish(room, bob, "goodbye");
    }
    for room in 0..ROOMS {
        stage.detach(ann, room);
        stage.close_room(room);
    }
    stage.turn();
    assert!(stage.is_at_rest());
    assert_eq!(stage.got(ann), "goodbye\n".repeat(ROOMS));
    let Shard { views, fresh, kept, .. } = &stage.shard;
    let kept = [views.capacity(), fresh.capacity(), kept.capacity()];
    assert!(kept.iter().all(|&capacity| capacity <= 128), "{kept:?}");
}

#[test]
fn what_a_connection_is_behind_counts_in_all_its_rooms_together() {
    let mut stage = Stage::new(Framing::Lines, short_of(5000, WhenBehind::Close));
    let (ann, eve, bob) = (stage.come(), stage.come(), stage.come());
    for room in 0..3 {
        stage.attach(ann, room);
    }
    stage.attach(eve, 0);
    stage.give_room(ann, 0);
    stage.give_room(eve, 0);
    let text = "x".repeat(1500);
    stage.publish(0, bob, &text);
    stage.publish(1, bob, &text);
    stage.turn();
    let backlogs = backlogs(&mut stage, &[ann, eve]);
    assert_eq!(backlogs[0], 2 * backlogs[1], "{backlogs:?}");
    assert!((1500..1800).contains(&backlogs[1]), "{backlogs:?}");
    stage.publish(2, bob, &text);
    stage.publish(1, bob, &text);
    stage.turn();
    stage.turn();
    assert!(stage.is_gone(ann) && !stage.is_gone(eve));
    assert_eq!(stage.tally().lines_dropped, 4);
    stage.give_room(eve, usize::MAX);
    stage.turn();
    assert_eq!(stage.got(eve).len(), 1501);
    assert!(stage.is_at_rest());
}

#[test]
fn whoever_goes_on_further_ahead_does_so_in_all_rooms() {
    let mut stage = Stage::new(Framing::Lines, short_of(5000, WhenBehind::Skip));
    let (ann, bob) = (stage.come(), stage.come());
    stage.attach(ann, 0);
    stage.attach(ann, 1);
    stage.give_room(ann, 6);
    stage.publish(0, bob, "half out");
    let text = "x".repeat(1500);
    for room in [1, 0, 1, 0] {
        stage.publish(room, bob, &text);
    }
    stage.turn();
    stage.direct(ann, "and you");
    stage.publish(1, bob, "heard again");
    stage.turn();
    stage.give_room(ann, usize::MAX);
    stage.turn();
    let notice = "* you were too slow: 4 lines were skipped";
    assert_eq!(stage.got(ann), format!("half out\n{notice}\nand you\nheard again\n"));
    assert_eq!((stage.tally().lines_skipped, stage.tally().lines_dropped), (4, 0));
    assert!(stage.is_at_rest());
}

#[test]
fn many_rooms_make_no_long_turn() {
    let mut stage = Stage::new(Framing::Lines, Limits::default());
    let (ann, bob) = (stage.come(), stage.come());
    for room in 0..2 {
        stage.attach(ann, room);
    }
    stage.give_room(ann, 0);
    for at in 0..1000 {
        stage.publish(at % 2, bob, "line");
        stage.turn();
    }
    stage.give_room(ann, usize::MAX);
    let mut turns = 0;
    while stage.got(ann).len() < 5000 {
        stage.turn();
        turns += 1;
        assert!(turns < 10, "{}", stage.got(ann).len());
    }
    assert!(turns > 2, "{turns} turns");
}

#[test]
fn a_quiet_room_waits_for_no_loud_one() {
    let mut stage = Stage::new(Framing::Lines, Limits::default());
    let bob = stage.come();
    let crowd: Vec<_> = (0..200).map(|_| stage.come()).collect();
    let few: Vec<_> = (0..9).map(|_| stage.come()).collect();
    for &conn in &crowd {
        stage.attach(conn, 0);
    }
    for &conn in &few {
        stage.attach(conn, 1);
    }
    // The loud room is in the middle of a round, which a turn is too short for.
    stage.publish(0, bob, "loud");
    stage.turn();
    for said in 1..20 {
        stage.publish(1, bob, "quiet");
        stage.publish(0, bob, "loud");
        stage.turn();
        assert!(few.iter().all(|&conn| stage.got(conn) == "quiet\n".repeat(said)), "{said}");
    }
    // And the other way round: it goes on, however much is new elsewhere.
    assert!(crowd.iter().all(|&conn| stage.got(conn).len() >= "loud\n".len() * 2));
}

#[test]
fn a_loud_room_goes_on_whatever_is_new_in_many_quiet_ones() {
    const ROOMS: usize = 100;
    let mut stage = Stage::new(Framing::Lines, Limits::default());
    let bob = stage.come();
    let crowd: Vec<_> = (0..200).map(|_| stage.come()).collect();
    for &conn in &crowd {
        stage.attach(conn, 0);
    }
    let members: Vec<_> = (1..=ROOMS).map(|room| (room, stage.come())).collect();
    for &(room, conn) in &members {
        stage.attach(conn, room);
    }
    stage.publish(0, bob, "loud");
    for _ in 0..8 {
        // More is new each time than a turn has time for.
        for room in 1..=ROOMS {
            stage.publish(room, bob, "quiet");
        }
        stage.turn();
    }
    assert!(crowd.iter().all(|&conn| stage.got(conn) == "loud\n"));
}

/// How far these clients are behind.
#[test]
fn whoever_has_much_to_say_is_read_from_once_in_a_turn() {
    let mut stage = Stage::new(Framing::Lines, Limits::default());
    let talker = stage.come();
    stage.turn();
    let said = "0123456789abcde\n".repeat(64 * 1024);
    stage.say(talker, &said);
    stage.turn();
    let read = said.len() - stage.unread(talker);
    assert!((TURN..2 * TURN).contains(&read), "{read} bytes were read");
}

fn backlogs(stage: &mut Stage, conns: &[crate::ConnId]) -> Vec<u64> {
    let known = Arc::new(Mutex::new(Vec::new()));
    let there = Arc::clone(&known);
    let give = Give::new(move |part: Vec<ClientInfo>| there.lock().unwrap().extend(part));
    let addr = ([127, 0, 0, 1], 5000).into();
    let clients = conns.iter().map(|&conn| ClientInfo::new(conn, addr)).collect();
    stage.order(Order::Census { clients, give });
    stage.turn();
    known.lock().unwrap().iter().map(|client| client.backlog).collect()
}
