//! Clients that the server removes: one that is told so in a tag stays away, and one that cannot tell
//! it from a loss comes back.

use std::fs;

use crate::coming_back::{AWAY, away};
use crate::support::lines;
use crate::support::process::Launch;
use crate::support::server::Server;
use crate::{GOODBYE, GREETING};

#[test]
fn with_tags_whoever_is_removed_stays_away() {
    let (client, mut server, _listener) = away(&["--tags"]);
    server.expect("/tags");
    server.say("@kind=answer;server=s;version=1;name=7;room=lobby;line=8192 * tags are on");
    server.expect("@label=1 /resume");
    server.say("@kind=notice;final= * you were removed: be nice");
    drop(server);
    let removed = "[DISCONNECTED] The server has removed you.";
    let shown = [GREETING, "* you were removed: be nice", removed, GOODBYE];
    client.finish().expect_code(1).expect_out(&lines(shown)).expect_err("");
}

#[test]
fn without_tags_whoever_is_removed_comes_back() {
    let secret = std::env::temp_dir().join(format!("chat-client-removed-{}", std::process::id()));
    fs::write(&secret, "sesame\n").unwrap();
    let mut server = Server::start(&["--operators", secret.to_str().unwrap()]);
    fs::remove_file(&secret).unwrap();
    let mut boss = server.join();
    boss.say("/op sesame");
    boss.expect("* you are an operator");
    let mut client = Launch::client(&["--name", "Ada", &server.addr_arg()]).start();
    let mut shown = vec![GREETING, "* you are called Ada"];
    client.out.wait_for_all(&lines(&shown));

    boss.say("/kick Ada be nice");
    shown.extend(["* you were removed: be nice", AWAY, "* you are called Ada"]);
    shown.push("* back: lines may have been missed");
    client.out.wait_for_all(&lines(&shown));
    client.end_input();
    shown.push(GOODBYE);
    client.finish().expect_code(0).expect_out(&lines(&shown)).expect_err("");
}
