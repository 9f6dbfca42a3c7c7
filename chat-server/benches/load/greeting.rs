//! The first lines in a room: they prove that everybody is served, and show how long a line is when
//! it arrives, which is all that must be known to count lines by counting bytes.

use std::time::{Duration, Instant};

use crate::Result;
use crate::numbered::Numbered;
use crate::peers::{PATIENCE, Peers};

/// Passes a line of each sender to all the others. Tells the length in which lines arrive; there is
/// nothing under way afterwards.
pub(crate) fn greet(peers: &mut Peers, next: &mut [Numbered]) -> Result<usize> {
    let mut line_bytes = None;
    for (sender, next) in next.iter_mut().enumerate() {
        let length = announce(peers, sender, next)?;
        if *line_bytes.get_or_insert(length) != length {
            return Err("the senders' lines arrive in different lengths: run it again".into());
        }
    }
    line_bytes.ok_or_else(|| "a room needs a sender".into())
}

/// Says a line until all others have the same one, as the last thing they received. Tells the
/// length in which it arrived.
///
/// A client is connected when the kernel says so, and in the room when the server has taken notice:
/// a line that was quicker rightly passes it by. So another one follows when no more comes of the
/// last one.
fn announce(peers: &mut Peers, sender: usize, next: &mut Numbered) -> Result<usize> {
    const PAUSE: Duration = Duration::from_millis(50);
    let others = peers.len() - 1;
    let started = Instant::now();
    let mut heard = vec![Vec::new(); peers.len()];
    loop {
        let text = next.text().to_vec();
        next.advance();
        peers.outbox(sender).extend_from_slice(&text);
        peers.flush(sender)?;
        let mut waiting = others;
        let mut coming = true;
        while waiting > 0 && coming && started.elapsed() < PATIENCE {
            coming = peers.turn(PAUSE, |peer, bytes| {
                let heard = &mut heard[peer];
                waiting += usize::from(heard.ends_with(&text));
                heard.extend_from_slice(bytes);
                waiting -= usize::from(heard.ends_with(&text));
                Ok(())
            })?;
        }
        if waiting == 0 {
            break;
        }
        if started.elapsed() >= PATIENCE {
            return Err(format!("a line did not reach {waiting} of {others} clients").into());
        }
    }
    heard.swap_remove(sender);
    let mut lengths = heard.iter().map(|bytes| last_line_bytes(bytes));
    let length = lengths.next().ok_or("a room needs somebody who listens")?;
    if lengths.any(|other| other != length) {
        return Err("a line arrived in different lengths".into());
    }
    Ok(length)
}

/// The length of the last line, with its newline.
fn last_line_bytes(bytes: &[u8]) -> usize {
    let before = bytes.len().saturating_sub(1);
    bytes.len() - memchr::memrchr(b'\n', &bytes[..before]).map_or(0, |newline| newline + 1)
}
