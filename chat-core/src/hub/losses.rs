//! How many lines a client has lost that is back, and may not have been told: the answer that tells it
//! may get lost as well, when some of the lines after those that are lost have come already.

use super::Hub;
use super::history::Point;
use super::left::Left;
use crate::ids::{ConnId, RoomId};
use crate::log::Reader;

/// What a client was told when it came back the last time, if it may not know that.
#[derive(Debug)]
pub(super) struct Attempt {
    /// How far it had read.
    point: Point,
    /// How many lines before that it had lost, and may not know of.
    untold: u64,
    /// What it had not got of rooms that it had left by then.
    left: Left,
    /// Up to which publication each of its rooms had given its lines up.
    rooms: Vec<(RoomId, u64)>,
    /// Up to which number those were given up that were said to it alone.
    private: u64,
}

impl Hub {
    /// A client leaves a room. Of what was published there it may not have got all yet.
    pub(super) fn leave_behind(&mut self, conn: ConnId, room: RoomId) {
        let Some(profile) = self.roster.get(conn).and_then(|it| it.profile.as_ref()) else {
            return;
        };
        let Some(id) = profile.session else { return };
        let (Some(session), Some(room)) = (self.sessions.get_mut(id), self.rooms.get(room)) else {
            return;
        };
        let mut ignored = profile.ignored.clone();
        ignored.push(ConnId::of_session(id));
        let reader = Reader { conn, ignored: &ignored };
        let since = session.since_when(room.id);
        session.leave(room.id, room.published_after(since, reader));
    }

    /// How many lines a client has lost that has read as far as this.
    pub(super) fn losses(
        &mut self,
        session: u32,
        reader: Reader<'_>,
        rooms: &[RoomId],
        point: Point,
    ) -> u64 {
        let Some(known) = self.sessions.get_mut(session) else { return 0 };
        let (former, mut left) = (known.take_attempt(), known.take_left());
        let lost_in = |id: RoomId, point: Point, until: u64| {
            let point = Point { since: known.since_when(id), ..point };
            self.rooms.get(id).map_or(0, |room| room.lost(reader, point, until))
        };
        let untold = former.map_or(0, |former| {
            let lost_by_then = |point: Point| {
                let in_rooms = former.rooms.iter().map(|&(id, until)| lost_in(id, point, until));
                let private = known.private_lost(point.msgid, former.private);
                in_rooms.sum::<u64>() + private + former.left.lost(point)
            };
            // Those between where it was then and where it is now.
            let since = lost_by_then(former.point).saturating_sub(lost_by_then(point));
            left.append(former.left);
            former.untold + since
        });
        let lost: u64 = rooms.iter().map(|&id| lost_in(id, point, u64::MAX)).sum();
        let lost = untold + lost + known.private_lost(point.msgid, u64::MAX) + left.lost(point);
        let gone = |&id: &RoomId| Some((id, self.rooms.get(id)?.gone_until()));
        let rooms = rooms.iter().filter_map(gone).collect();
        let private = known.private_gone_until();
        known.set_attempt(Attempt { point, untold, left, rooms, private });
        lost
    }
}
