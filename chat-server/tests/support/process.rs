//! A real process of one of the programs, with everything that it prints.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread;

use chat_core::testing::eventually;

use super::programs;
use super::transcript::Transcript;

/// A program that is to be started.
#[derive(Debug)]
pub(crate) struct Launch {
    name: &'static str,
    command: Command,
    head: Option<usize>,
}

/// A program that runs. It is killed when this is dropped; if the test has failed by then, all that
/// it printed is shown.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    pub(crate) out: Arc<Transcript>,
    pub(crate) err: Arc<Transcript>,
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub(crate) struct Ending {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Launch {
    /// The server, with these arguments.
    pub(crate) fn server(args: &[&str]) -> Launch {
        Launch::new("chat-server", Command::new(programs::chat_server()), args)
    }

    /// The server, with these arguments, as a process that may have so many files open.
    #[cfg(unix)]
    pub(crate) fn server_with_files(files: u64, args: &[&str]) -> Launch {
        let mut command = Command::new("sh");
        // The shell becomes the server, so that signals and the exit code are the server's own.
        command.args(["-c", r#"ulimit -n "$0" && exec "$@""#, &files.to_string()]);
        command.arg(programs::chat_server());
        Launch::new("chat-server", command, args)
    }

    /// The client, with these arguments.
    pub(crate) fn client(args: &[&str]) -> Launch {
        Launch::new("chat-client", Command::new(programs::chat_client()), args)
    }

    fn new(name: &'static str, mut command: Command, args: &[&str]) -> Launch {
        // What the tests expect must not depend on the environment that they run in.
        command.args(args).env_remove("RUST_LOG").env_remove("RUST_LOG_STYLE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Launch { name, command, head: None }
    }

    /// Sets what is to be logged.
    pub(crate) fn log(mut self, filter: &str) -> Launch {
        self.command.env("RUST_LOG", filter);
        self
    }

    /// Reads so many lines of what the program prints, then closes the pipe, as `head` does.
    pub(crate) fn head(mut self, lines: usize) -> Launch {
        self.head = Some(lines);
        self
    }

    /// Lets the program print somewhere else.
    pub(crate) fn print_to(mut self, out: impl Into<Stdio>) -> Launch {
        self.command.stdout(out);
        self
    }

    /// Starts the program.
    pub(crate) fn start(mut self) -> Process {
        let mut child = self.command.spawn().expect("the program can be started");
        let out = Transcript::new(&format!("{} {}, standard output", self.name, child.id()));
        let err = Transcript::new(&format!("{} {}, standard error", self.name, child.id()));
        match child.stdout.take() {
            Some(stdout) => listen(stdout, &out, self.head),
            None => out.end(),
        }
        listen(child.stderr.take().expect("it is a pipe"), &err, None);
        let input = child.stdin.take();
        Process { child, input, out, err }
    }
}

/// Writes down what comes, on a thread that ends when nothing more can come.
fn listen(from: impl Read + Send + 'static, transcript: &Arc<Transcript>, head: Option<usize>) {
    let transcript = Arc::clone(transcript);
    thread::spawn(move || {
        let mut from = BufReader::with_capacity(64 * 1024, from);
        match head {
            None => {
                while let Ok(bytes @ [_, ..]) = from.fill_buf() {
                    transcript.add(bytes);
                    let count = bytes.len();
                    from.consume(count);
                }
            }
            Some(lines) => {
                for line in from.by_ref().lines().take(lines).map_while(Result::ok) {
                    transcript.add(format!("{line}\n").as_bytes());
                }
            }
        }
        // The pipe is closed before the end is told: who waits for the end finds it closed.
        drop(from);
        transcript.end();
    });
}

impl Process {
    /// Types something. Whoever wants the program to see it as a line ends it with a newline.
    #[track_caller]
    pub(crate) fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("the input is not closed");
        if let Err(error) = input.write_all(text.as_bytes()).and_then(|()| input.flush()) {
            panic!("cannot type {text:?}: {error}");
        }
    }

    /// Types a line.
    #[track_caller]
    pub(crate) fn type_line(&mut self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    /// Gives up the input for somebody who types without end.
    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.input.take().expect("the input is not closed")
    }

    /// Ends the input, as Ctrl-D does.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// The number that the system knows the program by.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let sent = rustix::process::kill_process(id.expect("a process has an identifier"), signal);
        sent.expect("the process has not been waited for");
    }

    /// Ends the program without a chance to say anything more.
    pub(crate) fn kill(mut self) -> Ending {
        // One that has ended by itself need not be killed.
        let _ = self.child.kill();
        self.finish()
    }

    /// Waits until the program has ended by itself, and all that it printed has been read.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Ending {
        let status = eventually("the end of a program", || {
            let status = self.child.try_wait().expect("one's own child can be waited for");
            status.ok_or("it runs still")
        });
        self.out.wait_for_end();
        self.err.wait_for_end();
        Ending { code: status.code(), out: self.out.text(), err: self.err.text() }
    }

    /// Whether the program runs still.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("one's own child can be waited for").is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            // Whatever it was that failed, what the programs printed may tell why.
            self.out.show();
            self.err.show();
        }
        // A program that has ended cannot be killed; waiting for it tells of no new error either.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ending {
    /// Checks that the program ended with this code, and did not panic on the way.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Ending {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.err.contains("panicked"), "{self:#?}");
        self
    }

    /// Checks that exactly this was printed.
    #[track_caller]
    pub(crate) fn expect_out(&self, out: &str) -> &Ending {
        assert_eq!(self.out, out, "{self:#?}");
        self
    }

    /// Checks that exactly this was said on standard error.
    #[track_caller]
    pub(crate) fn expect_err(&self, err: &str) -> &Ending {
        assert_eq!(self.err, err, "{self:#?}");
        self
    }
}
