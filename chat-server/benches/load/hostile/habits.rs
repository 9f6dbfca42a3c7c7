//! What hostile clients do, as a table: they all write from some bytes again and again, and differ
//! in which, how much, how often, and whether they read and stay.

/// What one kind of hostile client does.
#[derive(Debug)]
pub(crate) struct Habit {
    /// What they do, for the table of results.
    pub(crate) name: &'static str,
    /// How many of them there are at once.
    pub(crate) peers: usize,
    /// They connect from 127.0.NETWORK.0/24.
    pub(super) network: u8,
    /// They act in one of so many rounds of the mob, each in its turn.
    pub(super) every: usize,
    /// What they write, over and over.
    pub(super) text: Vec<u8>,
    /// How much of it they write when they act, if the socket takes it.
    pub(super) at_once: usize,
    /// Where in the text they start, the `n`th time that one connects.
    pub(super) start: fn(usize) -> usize,
    /// Whether they read what comes.
    pub(super) reads: bool,
    /// Whether they leave when they have written, or would have: every third one says nothing.
    pub(super) leaves: bool,
    /// The size of their receive buffer, if not the usual one.
    pub(super) receive_buffer: Option<usize>,
}

/// An unfinished line of this length has to be too long for any server.
const ENDLESS: usize = 512 * 1024;
/// A line before it settles that these clients speak lines; every other one leaves it out.
const OPENING: &[u8] = b"a line, and then one without an end\n";
/// How much garbage there is.
const GARBAGE: usize = 64 * 1024;

impl Habit {
    /// A kind of 20 that reads, stays, and acts in every fourth round.
    fn new(name: &'static str, network: u8, text: Vec<u8>, at_once: usize) -> Self {
        Self {
            name,
            peers: 20,
            network,
            every: 4,
            text,
            at_once,
            start: |_| 0,
            reads: true,
            leaves: false,
            receive_buffer: None,
        }
    }
}

/// All kinds. A round takes 5 ms or more, so that what a kind does in a second is bounded.
pub(super) fn habits() -> Vec<Habit> {
    // Whoever does not read never finds the end of his stream. These speak every two seconds: the
    // answer is how they learn that they were cut off.
    let talk = b"I talk, I do not listen\n".to_vec();
    let flood = b"flood flood flood flood flood\n".repeat(2048);
    let goodbye = b"hello and goodbye\n".to_vec();
    let endless = [OPENING, &b"x".repeat(ENDLESS)].concat();
    let slow = b"this line takes its time to arrive\n".to_vec();
    vec![
        Habit {
            peers: 50,
            every: 400,
            reads: false,
            receive_buffer: Some(4096),
            ..Habit::new("never read", 10, talk, 24)
        },
        Habit { peers: 50, every: 2, ..Habit::new("flood", 20, flood, 64 * 1024) },
        Habit { peers: 50, leaves: true, ..Habit::new("connect and drop", 30, goodbye, 18) },
        Habit {
            start: |visit| visit % 2 * OPENING.len(),
            ..Habit::new("endless lines", 40, endless, 16 * 1024)
        },
        Habit {
            start: |visit| visit * 7919 % GARBAGE,
            ..Habit::new("garbage", 50, garbage(), 1024)
        },
        Habit { every: 1, ..Habit::new("one byte at a time", 60, slow, 1) },
    ]
}

/// Random bytes, and among them what is known to hurt: escape sequences, bytes that are no UTF-8,
/// a character that is cut, one that turns the direction of writing, and many ends of lines.
fn garbage() -> Vec<u8> {
    const SPICES: [&[u8]; 10] = [
        b"\n",
        b"\r\n",
        b"\n* a notice of mine\n",
        b"\x1b[2J\x1b]0;title\x07",
        b"\xc0\xaf\xff\xfe",
        b"\xf0\x9f\x98",
        b"\xed\xa0\x80",
        "\u{202e}\u{200b}\u{2028}".as_bytes(),
        b"\0\r\x7f\x9b",
        b"exit or not\n",
    ];
    let mut text = Vec::with_capacity(GARBAGE + 64);
    // A generator of Marsaglia's (xorshift): the same garbage in each run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    while text.len() < GARBAGE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let [chance, bytes @ ..] = state.to_le_bytes();
        match SPICES.get(usize::from(chance % 32)) {
            Some(spice) => text.extend_from_slice(spice),
            None => text.extend_from_slice(&bytes),
        }
    }
    text.truncate(GARBAGE);
    text
}
