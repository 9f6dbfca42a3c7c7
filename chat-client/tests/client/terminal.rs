//! The client at a real terminal, where Ctrl-C and Ctrl-D are the terminal's doing.
//!
//! The terminal of these tests does not echo what is typed, so that only the program is seen.

use std::path::PathBuf;
use std::process::{self, Command};
use std::{fs, iter};

use chat_core::testing::{PATIENCE, Peer, eventually};
use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use crate::support::process::Launch;
use crate::support::programs;
use crate::support::server::{Server, says};
use crate::{GOODBYE, GREETING, LOST};

/// A client at a terminal. Both are ended when this is dropped.
struct Terminal(PtySession);

impl Terminal {
    fn open(server: &Server, options: &[&str]) -> Terminal {
        let mut command = Command::new(programs::chat_client());
        command.args(options).arg(server.addr_arg()).env_remove("RUST_LOG");
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap();
        Terminal(spawn_command(command, Some(patience)).expect("there are terminals"))
    }

    #[track_caller]
    fn types(&mut self, line: &str) {
        if let Err(error) = self.0.send_line(line) {
            panic!("cannot type {line:?}: {error}");
        }
    }

    /// Presses a key together with the control key.
    #[track_caller]
    fn presses_ctrl(&mut self, key: char) {
        if let Err(error) = self.0.send_control(key) {
            panic!("cannot press Ctrl-{key}: {error}");
        }
    }

    /// The next line on the screen is this.
    #[track_caller]
    fn shows(&mut self, line: &str) {
        match self.0.read_line() {
            Ok(shown) if shown == line => {}
            other => panic!("the terminal was to show {line:?}, not {other:?}"),
        }
    }

    /// This is all that is shown before the program ends with this code.
    #[track_caller]
    fn ends(mut self, last: &[&str], code: i32) {
        for line in last {
            self.shows(line);
        }
        match self.0.exp_eof() {
            Ok(rest) if rest.is_empty() => {}
            other => panic!("the terminal was to show nothing more, not {other:?}"),
        }
        let process = self.0.process();
        let status = eventually("the end of the client", || match process.status() {
            None | Some(WaitStatus::StillAlive) => Err("it runs still"),
            Some(status) => Ok(status),
        });
        assert!(matches!(status, WaitStatus::Exited(_, got) if got == code), "{status:?}");
    }
}

/// A server, one who is there already, and a client at a terminal, with its port.
fn scene() -> (Server, Peer, Terminal, u16) {
    scene_with(&[])
}

/// The same with these options of the client.
fn scene_with(options: &[&str]) -> (Server, Peer, Terminal, u16) {
    let mut server = Server::start(&[]);
    let other = server.join();
    let mut terminal = Terminal::open(&server, options);
    let port = server.arrival();
    terminal.shows(GREETING);
    (server, other, terminal, port)
}

#[test]
fn what_is_typed_is_sent_and_what_others_say_is_shown_as_it_comes() {
    let (_server, mut other, mut terminal, port) = scene();
    for round in 0..3 {
        terminal.types(&format!("question {round}"));
        other.expect(&format!("{port}: question {round}"));
        other.say(&format!("answer {round}"));
        terminal.shows(&format!("{}: answer {round}", other.port()));
    }
    // In the middle of a line that is being typed, too.
    terminal.0.send("half a ").expect("one can type");
    terminal.0.flush().expect("one can type");
    other.say("sorry to interrupt");
    terminal.shows(&format!("{}: sorry to interrupt", other.port()));
    terminal.types("line");
    other.expect(&format!("{port}: half a line"));
    terminal.types("exit");
    terminal.ends(&[GOODBYE], 0);
}

#[test]
fn ctrl_c_leaves() {
    let (server, mut other, mut terminal, port) = scene();
    terminal.types("hello");
    // The terminal itself throws away what no program has read when Ctrl-C is pressed.
    other.expect(&format!("{port}: hello"));
    terminal.presses_ctrl('c');
    terminal.ends(&[GOODBYE], 0);
    has_exited(&server, port);
}

#[test]
fn ctrl_d_leaves_after_what_was_typed() {
    let (server, mut other, mut terminal, port) = scene();
    terminal.types("one");
    terminal.types("two");
    terminal.presses_ctrl('d');
    terminal.ends(&[GOODBYE], 0);
    other.expect_bytes(format!("{port}: one\n{port}: two\n"));
    has_exited(&server, port);
}

#[test]
fn a_server_that_goes_away_frees_the_terminal() {
    let (server, _other, terminal, _) = scene_with(&["--no-reconnect"]);
    drop(server);
    terminal.ends(&[LOST, GOODBYE], 1);
}

#[test]
fn a_server_that_is_killed_and_started_again_is_told_of_and_nothing_is_missed() {
    let place =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{}", process::id()));
    fs::create_dir_all(&place).unwrap();
    let store = place.join("chat.db").into_os_string().into_string().unwrap();
    let start = |addr: &str| Server::launch(Launch::server(&["--store", &store, addr]));
    let mut server = start("127.0.0.1:0");
    let addr = server.addr_arg();
    let mut terminal = Terminal::open(&server, &["--tags", "--name", "Ada"]);
    server.arrival();
    terminal.shows(GREETING);
    terminal.shows("* you are called Ada");
    let mut other = server.join();
    other.say("hello");
    terminal.shows(&format!("{}: hello", other.port()));
    server.into_process().kill();
    terminal.shows("* connection lost; trying again in 1 s");
    terminal.types("is anybody there?");
    let server = start(&addr);
    // How often it has tried meanwhile is chance.
    let is_vain = |line: &str| line.starts_with("* no connection after ");
    let back = iter::repeat_with(|| terminal.0.read_line().unwrap()).find(|line| !is_vain(line));
    assert_eq!(back.unwrap(), "* back: the server was restarted, nothing was missed");
    let said = |out: &str| out.contains(": Ada: is anybody there?").then_some(());
    server.out.wait("what was typed meanwhile", said);
    terminal.types("exit");
    terminal.ends(&[GOODBYE], 0);
    drop(server);
    fs::remove_dir_all(&place).unwrap();
}

/// The server was told in good order.
#[track_caller]
fn has_exited(server: &Server, port: u16) {
    let farewell = [says::exits(port), says::gone(port)].join("\n");
    server.out.wait("telling that the client exits", |out| out.contains(&farewell).then_some(()));
}
