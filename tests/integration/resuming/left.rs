//! Lines that were on their way to a client when it left their room, and whose connection was lost then.

use chat_core::ServerConfig;
use chat_core::testing::{MemoryPeer, MemoryServer};

use super::talker::Told;
use super::{ask, heard};

/// Somebody in tea who has read so much of what was said there, takes no more, and leaves the room; and the
/// command by which it comes back, but for the number.
fn leave_with_lines_under_way(server: &mut MemoryServer, leave: &str) -> (MemoryPeer, String) {
    let (ada, bob) = (server.connect(), server.connect());
    let answers = ask(server, &ada, "/tags\n/resume\n/join tea\n");
    let token = answers.iter().find_map(|told| told.tag("session")).unwrap().to_owned();
    bob.send("/join tea\none\n");
    server.run();
    assert!(heard(&ada).iter().any(|told| told.text.ends_with(": one")));
    ada.set_room(0);
    bob.send("two\nthree\n");
    server.run();
    bob.send("four\n");
    ada.send("mine\n");
    server.run();
    ada.send(leave);
    server.run();
    bob.send("five is not for her\n");
    server.run();
    ada.reset();
    server.run();
    (bob, format!("/resume {token} 1 "))
}

fn numbers(told: &[Told]) -> (Option<u64>, Option<u64>) {
    let answer = told.last().unwrap();
    (answer.number("recovered"), answer.number("lost"))
}

#[test]
fn what_was_under_way_in_a_room_that_is_left_is_counted_as_lost() {
    for leave in ["/leave tea\n", "/join garden\n/leave tea\n", "/leave\n"] {
        let mut server = MemoryServer::new(ServerConfig::default());
        let (_bob, ticket) = leave_with_lines_under_way(&mut server, leave);
        let ada = server.connect();
        let told = ask(&mut server, &ada, &format!("{ticket}1\n"));
        assert_eq!(numbers(&told), (Some(0), Some(3)), "{leave}: {told:#?}");
        // She may not have got that answer.
        ada.reset();
        let ada = server.connect();
        let told = ask(&mut server, &ada, &format!("{ticket}1\n"));
        assert_eq!(numbers(&told), (Some(0), Some(3)), "{leave}: {told:#?}");
        // She has, and is not told again.
        let token = told.last().unwrap().tag("session").unwrap().to_owned();
        let last = told.last().unwrap().number("msgid").unwrap();
        ask(&mut server, &ada, "/who\n");
        ada.reset();
        let ada = server.connect();
        let told = ask(&mut server, &ada, &format!("/resume {token} 1 {last}\n"));
        assert_eq!(numbers(&told), (Some(0), None), "{leave}: {told:#?}");
    }
}

#[test]
fn what_has_come_of_a_room_that_is_left_is_not_lost() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let (_bob, ticket) = leave_with_lines_under_way(&mut server, "/leave tea\n");
    let ada = server.connect();
    // She has got the first of two that were said at once.
    let told = ask(&mut server, &ada, &format!("{ticket}2\n"));
    assert_eq!(numbers(&told), (Some(0), Some(2)), "{told:#?}");
}

#[test]
fn whoever_comes_into_a_room_again_still_knows_what_it_lost_there() {
    let mut server = MemoryServer::new(ServerConfig::default());
    let leave = "/leave tea\n/join tea\n";
    let (_bob, ticket) = leave_with_lines_under_way(&mut server, leave);
    let ada = server.connect();
    let told = ask(&mut server, &ada, &format!("{ticket}1\n"));
    assert_eq!(numbers(&told), (Some(1), Some(3)), "{told:#?}");
}
