//! What was said is searched for.

use chat_core::store::MemoryStore;
use chat_core::testing::{TestServer, eventually};

use super::server;
use crate::resuming::program::{ask, program, told};

#[test]
fn what_was_said_is_found_by_its_words() {
    let store = MemoryStore::default();
    let server = server(&store);
    let (mut ada, mut bob) = (program(&server), server.join());
    for number in 0..25 {
        ask(&mut ada, &format!("a{number}"), &format!("tea number {number}"));
    }
    ask(&mut ada, "1", "/join garden");
    ask(&mut ada, "2", "no tea in here");
    bob.expect_all((0..25).map(|number| ada.says(&format!("tea number {number}"))));
    bob.say("/search TEA 7");
    assert!(bob.line().ends_with(&format!(" {}", ada.says("tea number 7"))));
    bob.expect("* 1 line was found");
    ada.say("@label=3;room=lobby /search tea");
    let found: Vec<_> = (0..20).map(|_| told(&mut ada)).collect();
    assert!(found.iter().all(|told| told.kind() == "found" && told.tag("room") == Some("lobby")));
    let numbers: Vec<_> = found.iter().map(|told| told.number("msgid").unwrap()).collect();
    assert_eq!(numbers, (6..26).collect::<Vec<u64>>(), "the last, and the last of them last");
    let answer = told(&mut ada);
    assert_eq!((answer.tag("label"), answer.tag("count")), (Some("3"), Some("20")));
    bob.say("/search coffee");
    bob.expect("* nothing was found");
    bob.say("/search ?!");
    bob.expect("* nothing was found");
    let words = |count: usize| {
        let words: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
        words.join(" ")
    };
    bob.say(&format!("/search {}", words(16)));
    bob.expect("* nothing was found");
    bob.say(&format!("/search {}", words(17)));
    bob.expect("* a search is for 16 words at most");
}

#[test]
fn a_room_is_searched_however_its_name_is_spelt() {
    let store = MemoryStore::default();
    let server = server(&store);
    let (mut ada, mut bob) = (server.join(), server.join());
    ada.say("/join Tea");
    ada.expect("* you are in Tea");
    ada.say("the kettle is on");
    ada.say("/leave");
    ada.expect("* you are in lobby");
    eventually("it is stored", || if store.last() == 1 { Ok(()) } else { Err("it is not") });
    bob.say("/join tea");
    bob.expect("* you are in tea");
    bob.say("/search kettle");
    assert!(bob.line().ends_with(&ada.says("the kettle is on")));
    bob.expect("* 1 line was found");
}

#[test]
fn without_a_store_nothing_is_searched() {
    let server = TestServer::start();
    let mut peer = server.join();
    peer.say("/search tea");
    peer.expect("* nothing can be searched here");
}
