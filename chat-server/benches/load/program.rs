//! A child process that listens: started, asked for its address, and stopped with its owner.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::Result;

/// How long a program may take to listen, or to answer on its standard output.
const PATIENCE: Duration = Duration::from_secs(10);

/// The line in which a server tells its address starts like this.
pub(crate) const LISTENING: &str = "[LISTENING] Server is listening on ";

/// A running program; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
    /// Kept open as long as the program shall live: our loops end with their standard input.
    stdin: ChildStdin,
    /// The lines of its standard output.
    lines: Receiver<String>,
}

impl Program {
    /// Starts the program. Its error output stays visible; its output is read here.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name} was started without pipes").into());
        };
        // The output is read to its end, because a program that finds its pipe full or closed
        // stands still or dies. Lines that nobody waits for are let go.
        let (sender, lines) = sync_channel(16);
        thread::Builder::new().name(format!("output of {}", child.id())).spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
                let _ = sender.try_send(line);
            }
        })?;
        Ok(Self { name, child, stdin, lines })
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address from the first line of output.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        let line = self.next_line()?;
        let address = line.strip_prefix(LISTENING).and_then(|text| text.trim().parse().ok());
        address.ok_or_else(|| {
            format!("{} should have said `{LISTENING}ADDRESS`, it said `{line}`", self.name).into()
        })
    }

    /// Sends an empty line to the program's standard input and waits for the line it answers.
    pub(crate) fn ask(&mut self) -> Result<String> {
        self.stdin.write_all(b"\n")?;
        self.next_line()
    }

    /// The next line of output.
    fn next_line(&self) -> Result<String> {
        self.lines.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                format!("{} said nothing for {PATIENCE:?}", self.name).into()
            }
            RecvTimeoutError::Disconnected => format!("{} has ended", self.name).into(),
        })
    }
}

impl Drop for Program {
    /// Both calls only fail for a process that has ended already, which is what is wanted.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
