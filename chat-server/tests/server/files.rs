//! A server that may have few files open: it says so, and lets in no more than it has files for.

use chat_core::testing::Peer;

use crate::support::process::Launch;
use crate::support::server::Server;

/// How many files the server keeps for other things than clients.
const KEPT: usize = 64;

#[track_caller]
fn start(files: usize) -> Server {
    let args = ["--io-threads", "1", "127.0.0.1:0"];
    Server::launch(Launch::server_with_files(files.try_into().unwrap(), &args))
}

#[test]
fn the_total_is_held_below_the_limit_and_the_warning_says_what_to_raise() {
    let mut server = start(KEPT + 10);
    let warning = "the process may open files for 10 clients, not for 16384: raise its limit of \
                   open files (ulimit -n) to 16448\n";
    server.err.wait("a warning", |err| err.contains(warning).then_some(()));
    let mut peers: Vec<Peer> = (0..10).map(|_| server.join()).collect();
    let full = "* the server is full (10 clients), try again later\n";
    Peer::connect(server.addr()).expect_rest(full);

    // Whoever leaves makes room for another one.
    peers.pop();
    let gone = "has been removed.\n";
    server.out.wait("the one who leaves", |out| out.contains(gone).then_some(()));
    peers.push(server.join());
    peers[9].say("hello");
    let hello = peers[9].says("hello");
    for peer in &mut peers[..9] {
        peer.expect(&hello);
    }
}

#[test]
fn with_next_to_no_files_there_is_room_for_one() {
    let mut server = start(KEPT - 24);
    let mut peer = server.join();
    let full = "* the server is full (1 clients), try again later\n";
    Peer::connect(server.addr()).expect_rest(full);
    peer.say("exit");
    peer.expect_end();
}

/// Those who are refused are kept until they have read why. However many they are, and however long
/// they stay, the server has files left.
#[test]
fn those_who_are_turned_away_do_not_use_up_the_files() {
    let mut server = start(KEPT + 2);
    let [mut one, mut other] = [server.join(), server.join()];
    let mut refused: Vec<Peer> = (0..300).map(|_| Peer::connect(server.addr())).collect();
    for peer in &mut refused {
        peer.expect_rest("* the server is full (2 clients), try again later\n");
    }
    one.say("hello");
    other.expect(&one.says("hello"));
    assert!(!server.err.text().contains("cannot accept"), "{}", server.err.text());
}

/// A table that grows while the server serves is a pause for all of its clients.
#[cfg(target_os = "linux")]
#[test]
fn the_table_of_open_files_has_its_size_from_the_start() {
    let server = Server::start(&["--max-clients", "3000"]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
    let size: usize = size.trim().parse().unwrap();
    assert!(size >= 3000, "there is room for {size} open files");
}
