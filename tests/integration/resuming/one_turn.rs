//! What happens to a session in one turn of the server, with all else that happens then.

use chat_core::ServerConfig;
use chat_core::testing::MemoryServer;

use super::talker::Told;
use super::{ask, heard};

fn server(set: impl FnOnce(&mut ServerConfig)) -> MemoryServer {
    let mut config = ServerConfig::default();
    set(&mut config);
    MemoryServer::new(config)
}

/// The command by which whoever was told this comes back, having read so far.
fn ticket(answers: &[Told], msgid: u64) -> String {
    let token = answers.iter().rev().find_map(|told| told.tag("session")).expect("a session");
    format!("/resume {token} 1 {msgid}\n")
}

#[test]
fn what_is_said_beside_a_takeover_is_given_to_whoever_is_lost_right_after_it() {
    let mut server = server(|config| config.announce = true);
    let old = server.connect();
    let begun = ask(&mut server, &old, "/tags\n/resume\n/join tea\n");
    let (new, bob) = (server.connect(), server.connect());
    bob.send("/join tea\n");
    server.run();
    let last = heard(&old).iter().filter_map(|told| told.number("msgid")).max().unwrap();
    // The old connection is still there: that she leaves, and that the new one does, is told meanwhile.
    new.send(ticket(&begun, last));
    bob.send("tea?\n");
    server.run();
    let told = heard(&new);
    let welcome = told.iter().position(|told| told.tag("session").is_some()).unwrap();
    let number = told[welcome].number("msgid").unwrap();
    let is_it = |told: &Told| told.text.ends_with(": tea?");
    assert!(told[welcome..].iter().any(is_it), "it comes after the welcome: {told:#?}");
    // She has read up to the welcome, and nothing of what came after it.
    let again = server.connect();
    let told = ask(&mut server, &again, &ticket(&told, number));
    let welcome = told.iter().find(|told| told.tag("session").is_some()).unwrap();
    assert!(told.iter().any(is_it), "{told:#?}");
    assert_eq!(welcome.tag("lost"), None, "{told:#?}");
}
