//! A stand-in for the server that this chat grew out of: a thread for each client, one receive is
//! one message, one send relays it, and nothing marks where it ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use chat_core::testing::PATIENCE;

use crate::support::transcript::Transcript;

/// What the original asks for in one receive.
const RECEIVE: usize = 1024;

/// What one receive brought.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) port: u16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: Instant,
}

/// The stand-in. Its threads end with their connections; the one that accepts, with the test.
#[derive(Debug)]
pub(crate) struct StandIn {
    addr: SocketAddr,
    clients: Clients,
    heard: Receiver<Heard>,
    entered: Receiver<u16>,
    transcript: Arc<Transcript>,
}

#[derive(Debug, Clone, Default)]
struct Clients(Arc<Mutex<Vec<(u16, TcpStream)>>>);

impl StandIn {
    /// Starts to listen on a free port.
    pub(crate) fn start() -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let clients = Clients::default();
        let (hearing, heard) = channel();
        let (entering, entered) = channel();
        let transcript = Transcript::new("what the stand-in received");
        let (room, record) = (clients.clone(), Arc::clone(&transcript));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let port = stream.peer_addr().unwrap().port();
                room.lock().push((port, stream.try_clone().unwrap()));
                let (room, hearing, record) = (room.clone(), hearing.clone(), Arc::clone(&record));
                thread::spawn(move || room.serve(port, stream, &hearing, &record));
                if entering.send(port).is_err() {
                    return;
                }
            }
        });
        StandIn { addr, clients, heard, entered, transcript }
    }

    /// Where it listens, as an argument.
    pub(crate) fn addr_arg(&self) -> String {
        self.addr.to_string()
    }

    /// Waits for one more to come in, and gives the port.
    #[track_caller]
    pub(crate) fn arrival(&self) -> u16 {
        let arrival = self.entered.recv_timeout(PATIENCE);
        arrival.unwrap_or_else(|_| panic!("nobody has come to the stand-in"))
    }

    /// What has been received and nobody has asked for. Of a client that has ended it is all.
    pub(crate) fn heard_so_far(&self) -> Vec<Heard> {
        self.heard.try_iter().collect()
    }

    /// What the next receive brought.
    #[track_caller]
    fn hear(&self) -> Heard {
        let heard = self.heard.recv_timeout(PATIENCE);
        heard.unwrap_or_else(|_| panic!("the stand-in has heard nothing"))
    }

    /// Checks what the next receive brought, and from whom.
    #[track_caller]
    pub(crate) fn expect(&self, port: u16, bytes: &str) {
        let heard = self.hear();
        let is_it = (heard.port, heard.bytes.as_slice()) == (port, bytes.as_bytes());
        assert!(is_it, "the stand-in was to hear {bytes:?} from {port}, not {heard:?}");
    }

    /// Sends a piece of a message to all clients, with one send.
    pub(crate) fn send(&self, piece: &str) {
        self.clients.relay(0, piece);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if thread::panicking() {
            self.transcript.show();
        }
    }
}

impl Clients {
    /// Serves one client until it is gone.
    fn serve(&self, port: u16, mut stream: TcpStream, hears: &Sender<Heard>, all: &Transcript) {
        let mut buffer = [0; RECEIVE];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let bytes = buffer[..count].to_vec();
            all.add(format!("{port}: {:?}\n", String::from_utf8_lossy(&bytes)).as_bytes());
            let text = String::from_utf8_lossy(&bytes).into_owned();
            // A test that has ended hears nothing any more.
            let _ = hears.send(Heard { port, bytes, at: Instant::now() });
            if text.trim().eq_ignore_ascii_case("exit") {
                break;
            }
            self.relay(port, &format!("{port}: {text}"));
        }
        self.lock().retain(|(other, _)| *other != port);
    }

    /// Sends to all but one.
    fn relay(&self, author: u16, message: &str) {
        for (port, stream) in self.lock().iter_mut() {
            if *port != author {
                // One who has gone is removed by the thread that serves it.
                let _ = stream.write_all(message.as_bytes());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u16, TcpStream)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
