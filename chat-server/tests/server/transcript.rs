//! The conversation that this chat was made for, played by one server and three clients.
//!
//! The four texts in `transcript/` are what the four terminals showed. The server's text is the
//! script; the clients' texts are what the three clients have to print, less what was typed there,
//! which the terminal shows and not the program, and less the one error that nobody misses.

use crate::support::lines;
use crate::support::process::{Launch, Process};
use crate::support::server::Server;

const SERVER: &str = include_str!("transcript/server.txt");
const TERMINALS: [(&str, &str); 3] = [
    ("51839", include_str!("transcript/client1.txt")),
    ("51840", include_str!("transcript/client2.txt")),
    ("51843", include_str!("transcript/client3.txt")),
];
const SERVERS_PORT: &str = "12345";

/// One of the three clients.
#[derive(Debug)]
struct Actor {
    process: Process,
    /// All that it is to print.
    whole: String,
    /// How many lines of that it has to have printed by now.
    shown: usize,
}

#[test]
fn the_conversation_is_printed_word_for_word_by_all_four() {
    let mut server = Server::start(&[]);
    let mut ports = vec![(SERVERS_PORT, server.addr().port())];
    let clients = TERMINALS.map(|(role, _)| {
        let client = Launch::client(&[&server.addr_arg()]).start();
        ports.push((role, server.arrival()));
        client
    });

    let whole = today(SERVER, &ports);
    let mut printed = whole.lines().take_while(|line| !line.starts_with("[(")).count();
    server.out.wait_along(&whole, printed);
    assert_eq!(printed, 4, "one line of the server and one for each client come first");

    let script: Vec<(&str, &str)> = SERVER.lines().filter_map(cue).collect();
    assert_eq!(script.len(), 19, "sixteen messages and three farewells are in the script");
    let mut actors: Vec<Actor> = clients
        .into_iter()
        .zip(TERMINALS)
        .map(|(process, (role, terminal))| {
            let printed = today(&less_what_was_typed(terminal, role, &script), &ports);
            Actor { process, whole: printed, shown: 1 }
        })
        .collect();

    // Each step waits until the one before is on all the screens that it has to be on.
    for (role, line) in script {
        for actor in &actors {
            actor.process.out.wait_along(&actor.whole, actor.shown);
        }
        let speaker = TERMINALS.iter().position(|(name, _)| *name == role).unwrap();
        actors[speaker].process.type_line(line);
        let has_left = line == "exit";
        printed += if has_left { 2 } else { 1 };
        server.out.wait_along(&whole, printed);
        for (index, actor) in actors.iter_mut().enumerate() {
            // Who has left hears no more; the line that is shown to the one who leaves is another.
            let hears = if has_left { index == speaker } else { index != speaker };
            actor.shown += usize::from(hears);
        }
    }

    for actor in actors {
        actor.process.finish().expect_code(0).expect_out(&actor.whole).expect_err("");
    }
    server.out.wait_for_all(&whole);
    server.into_process().kill().expect_out(&whole).expect_err("");
}

/// Who says what in a line of the server, if it tells of that.
fn cue(line: &'static str) -> Option<(&'static str, &'static str)> {
    let (role, what) = line.strip_prefix("[('127.0.0.1', ")?.split_once(")] ")?;
    let said = what.strip_prefix("Relaying message: ").and_then(|said| said.split_once(": "));
    Some((role, said.map_or("exit", |(_, line)| line)))
}

/// What the program printed of what the terminal showed.
fn less_what_was_typed(terminal: &str, role: &str, script: &[(&str, &str)]) -> String {
    let mut typed =
        script.iter().filter(|(name, _)| *name == role).map(|(_, line)| line).peekable();
    let printed = lines(terminal.lines().filter(|line| {
        let is_typed = typed.next_if(|next| **next == line.trim_end()).is_some();
        !is_typed && !line.contains("[Errno 9]")
    }));
    assert_eq!(typed.next(), None, "all that was typed is on the terminal");
    printed
}

/// The text with the ports of this run. They are put in all at once, since a port of this run may
/// be one of the script, too.
fn today(text: &str, ports: &[(&str, u16)]) -> String {
    let mut marked = text.to_owned();
    for (index, (role, _)) in ports.iter().enumerate() {
        marked = marked.replace(role, &format!("<{index}>"));
    }
    for (index, (_, port)) in ports.iter().enumerate() {
        marked = marked.replace(&format!("<{index}>"), &port.to_string());
    }
    marked
}
