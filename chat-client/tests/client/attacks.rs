//! A server that attacks whoever reads it: what the client prints is safe, whatever comes.

#[path = "../../../chat-core/src/wire/text/samples.rs"]
mod samples;

use std::net::TcpListener;
use std::{fs, process};

use chat_core::testing::Peer;

use crate::support::lines;
use crate::support::process::Launch;
use crate::{GOODBYE, GREETING, LOST};

use samples::{ATTACKS, BLANK, WRITING, zalgo};

#[test]
fn a_hostile_server_prints_nothing_but_safe_lines() {
    // A file shows every byte; what is not valid UTF-8 would look replaced already in a transcript.
    let path = std::env::temp_dir().join(format!("chat-client-attacked-{}.txt", process::id()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let launch = Launch::client(&["--no-reconnect", &addr]);
    let client = launch.print_to(fs::File::create(&path).unwrap()).start();
    let mut server = Peer::new(listener.accept().unwrap().0);

    let mut shown = vec![GREETING.to_owned()];
    for (_, attack, safe) in ATTACKS {
        // As a message, as a notice, and as nothing that a server should send.
        for before in ["51839: ", "* ", ""] {
            server.send([before.as_bytes(), attack, b"\n"].concat());
            shown.push(format!("{before}{safe}"));
        }
        // As a name.
        server.send([attack, &b": hi\n"[..]].concat());
        shown.push(format!("{safe}: hi"));
    }
    let (sent, safe) = zalgo();
    server.send(format!("51839: {sent}\n"));
    shown.push(format!("51839: {safe}"));
    for blank in BLANK {
        server.send(format!("{blank}\n"));
    }
    for (_, text) in WRITING {
        server.send(format!("51839: {text}\n"));
        shown.push(format!("51839: {text}"));
    }
    drop(server);
    shown.extend([LOST, GOODBYE].map(str::to_owned));

    let ending = client.finish();
    let printed = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    ending.expect_code(1).expect_err("");
    for (line, due) in printed.split(|&byte| byte == b'\n').zip(&shown) {
        assert_eq!(line.escape_ascii().to_string(), due.as_bytes().escape_ascii().to_string());
    }
    assert_eq!(printed, lines(&shown).into_bytes());
}
