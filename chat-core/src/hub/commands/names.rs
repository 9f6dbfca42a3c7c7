//! What clients are called.

use crate::event::Notification;
use crate::hub::names::Refused;
use crate::hub::{Hub, Output};
use crate::ids::{ConnId, RoomId};
use crate::wire::Name;

impl Hub {
    pub(super) fn nick(&mut self, conn: ConnId, name: &Name, out: &mut impl Output) {
        let refused = match self.take_name(conn, name, out) {
            Ok(()) => return,
            Err(Refused::Taken) => format!("somebody is called {name}, or looks like it"),
            Err(Refused::Reserved) => format!("nobody may be called {name}"),
        };
        self.refuse(conn, &refused, out);
    }

    /// Gives a client a name and tells all of it, or says why it cannot have that one.
    pub(super) fn take_name(
        &mut self,
        conn: ConnId,
        name: &Name,
        out: &mut impl Output,
    ) -> Result<(), Refused> {
        let Some(entry) = self.roster.get_mut(conn) else { return Ok(()) };
        let former = entry.name().cloned();
        self.names.take(conn, name, former.as_ref())?;
        let was_called = entry.called();
        entry.profile().take_name(name);
        let addr = entry.addr();
        let rooms: Vec<RoomId> = entry.rooms().collect();
        out.notify(Notification::Renamed { conn, addr, name: name.clone() });
        self.answer_with(conn, &format!("you are called {name}"), &[("name", &**name)], out);
        self.save_session_of(conn, out);
        let author = self.author(conn);
        for room in rooms {
            self.announce_name(room, author, &was_called, name);
        }
        Ok(())
    }
}
