//! By what a client whose connection got lost proves who it is, and says how far it has read.

use std::fmt;

/// By what somebody comes back: `SESSION EPOCH NUMBER`.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The number of the session: the first eight of the hex digits that it is called by.
    pub(crate) session: u32,
    /// Its secret: the other ones.
    pub(crate) secret: [u8; 16],
    /// What the number is comparable with: the epoch of the server.
    pub(crate) epoch: u64,
    /// The number of the line that was read last.
    pub(crate) msgid: u64,
}

impl Ticket {
    /// How many hex digits a session is called by.
    const DIGITS: usize = 40;

    /// Reads the three words.
    pub(super) fn new(session: &str, epoch: &str, msgid: &str) -> Option<Ticket> {
        if session.len() != Self::DIGITS || !session.bytes().all(|it| it.is_ascii_hexdigit()) {
            return None;
        }
        let (number, secret) = session.split_at_checked(8)?;
        Some(Ticket {
            session: u32::from_str_radix(number, 16).ok()?,
            secret: u128::from_str_radix(secret, 16).ok()?.to_be_bytes(),
            epoch: epoch.parse().ok()?,
            msgid: msgid.parse().ok()?,
        })
    }

    /// What a session is called.
    pub(crate) fn call(session: u32, secret: &[u8; 16]) -> String {
        format!("{session:08x}{:032x}", u128::from_be_bytes(*secret))
    }
}

/// It does not tell the secret.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ticket { session, epoch, msgid, .. } = self;
        write!(f, "Ticket({session}, .., {epoch}, {msgid})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_what_the_session_is_called_by() {
        let session = Ticket::call(0xa1, &[7; 16]);
        assert_eq!(session, "000000a107070707070707070707070707070707");
        let ticket = Ticket::new(&session, "3", "99").unwrap();
        assert_eq!(
            (ticket.session, ticket.secret, ticket.epoch, ticket.msgid),
            (0xa1, [7; 16], 3, 99)
        );
        assert_eq!(format!("{ticket:?}"), "Ticket(161, .., 3, 99)");
        for wrong in [&session[1..], "", &session.replace('7', "+"), &session.replace("07", "é")] {
            assert_eq!(Ticket::new(wrong, "3", "99"), None, "{wrong}");
        }
        assert_eq!(Ticket::new(&session, "3", "-1"), None);
    }
}
