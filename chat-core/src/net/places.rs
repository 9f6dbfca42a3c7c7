//! The rooms that one connection reads, and how far it has read each.
//!
//! Nearly every connection is in one room: then it has one [`Place`], in itself, and nothing in here
//! takes longer for there being more. Of several, one is *here*: the room that is written from. What
//! comes in all of them goes out in the one order in which it came, so that a flush goes from room to
//! room; inside a line it never does, since that line came first.

use std::mem;

use super::conn::Conn;
use super::counters::Tally;
use super::outbound::{Flushed, Turn};
use super::rooms::View;
use super::socket::Socket;
use crate::ids::RoomId;
use crate::log::{Cursor, Reader, Window};

/// What it counts for to go on in another room, in bytes of a turn: a system call of its own.
const STEP: usize = 1024;

/// The number of a batch that never comes.
const NEVER: u64 = u64::MAX;

/// A place in the list of a room's members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) room: RoomId,
    pub(super) index: u32,
}

/// Where a connection stands in a room that it reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) seat: Seat,
    /// How far it has read the room's log.
    pub(super) cursor: Cursor,
    /// The cursor is held in the room's window.
    pub(super) is_held: bool,
}

impl Place {
    /// The index of the room's view.
    pub(super) fn at(&self) -> usize {
        self.seat.room.index()
    }
}

impl<S> Conn<S> {
    /// All its places, the one that is here first.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        let others = self.extra.as_ref().and_then(|extra| extra.others.as_ref());
        self.here.iter().chain(others.into_iter().flat_map(|others| others.iter()))
    }

    fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        let others = self.extra.as_mut().and_then(|extra| extra.others.as_mut());
        self.here.iter_mut().chain(others.into_iter().flat_map(|others| others.iter_mut()))
    }

    /// Whether it reads this room.
    pub(super) fn is_in(&self, room: RoomId) -> bool {
        self.places().any(|place| place.seat.room == room)
    }

    /// Whether it reads several rooms.
    pub(super) fn is_in_several(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.others.is_some())
    }

    /// Whether something is kept for it in a window.
    pub(super) fn is_held(&self) -> bool {
        self.places().any(|place| place.is_held)
    }

    /// Gives it one more place.
    pub(super) fn sit_down(&mut self, place: Place) {
        match self.here {
            None => self.here = Some(place),
            Some(_) => self.extra().others.get_or_insert_default().push(place),
        }
    }

    /// Takes its place in a room away from it.
    pub(super) fn stand_up(&mut self, room: RoomId) -> Option<Place> {
        let is_it = |place: &Place| place.seat.room == room;
        if !self.is_in_several() {
            return self.here.take_if(|place| is_it(place));
        }
        let extra = self.extra.as_mut()?;
        let others = extra.others.as_mut()?;
        let place = if self.here.as_ref().is_some_and(is_it) {
            mem::replace(&mut self.here, others.pop())
        } else {
            others.iter().position(is_it).map(|at| others.swap_remove(at))
        };
        extra.others.take_if(|others| others.is_empty());
        place
    }

    /// Notes that it has got another seat in one of its rooms.
    pub(super) fn change_seat(&mut self, seat: Seat) {
        if let Some(place) = self.places_mut().find(|place| place.seat.room == seat.room) {
            place.seat = seat;
        }
    }

    /// Makes that place the one that is here which has the first batch to get, and gives the number up
    /// to which it may be written: what comes then is due in another room. Own lines are stepped over.
    fn turn_to_what_is_next(&mut self, views: &mut [View]) -> u64 {
        let until = self.until();
        let (Some(here), Some(extra)) = (&mut self.here, &mut self.extra) else { return NEVER };
        let Some(others) = &mut extra.others else { return NEVER };
        let reader = Reader { conn: self.id, ignored: &extra.ignored };
        let mut next = |place: &mut Place| {
            let view = &mut views[place.at()];
            next_of(place, &view.window, reader, until).unwrap_or_else(|| {
                view.release(place);
                place.cursor = place.cursor.max(Cursor::at(view.window.as_of(until)));
                NEVER
            })
        };
        let (mut first, mut second, mut turns_to) = (next(here), NEVER, None);
        for (index, place) in others.iter_mut().enumerate() {
            let number = next(place);
            second = second.min(first.max(number));
            if number < first {
                (first, turns_to) = (number, Some(index));
            }
        }
        if let Some(other) = turns_to.and_then(|index| others.get_mut(index)) {
            mem::swap(here, other);
        }
        if second == NEVER { NEVER } else { second - 1 }
    }
}

/// The number of the batch of which a connection gets something next in a room.
fn next_of(place: &Place, window: &Window, reader: Reader<'_>, until: u64) -> Option<u64> {
    let until = window.as_of(until);
    window.numbered(place.cursor, reader, until).next().map(|(number, _)| number)
}

/// The number of the batch of which a connection gets something next, in whichever room; a number
/// that never comes if there is none.
pub(super) fn next<S>(views: &[View], conn: &Conn<S>) -> u64 {
    let numbers = conn
        .places()
        .filter_map(|place| next_of(place, &views[place.at()].window, conn.reader(), conn.until()));
    numbers.min().unwrap_or(NEVER)
}

/// Writes to a connection what it is due of all its rooms, as far as it takes it, and keeps in their
/// windows what it has not got.
pub(super) fn flush<S: Socket>(
    views: &mut [View],
    conn: &mut Conn<S>,
    tally: &mut Tally,
) -> Flushed {
    let mut turn = Turn::default();
    let flushed = loop {
        turn.last = conn.turn_to_what_is_next(views);
        let flushed = match &mut conn.here {
            Some(place) => {
                let view = &mut views[place.at()];
                view.release(place);
                conn.flush(&view.window, &mut turn, tally)
            }
            None => conn.flush(&Window::default(), &mut turn, tally),
        };
        if flushed != Flushed::All || turn.last == NEVER {
            break flushed;
        }
        if turn.is_over_after(STEP) {
            break Flushed::TurnOver;
        }
    };
    if flushed != Flushed::All {
        hold(views, conn);
    }
    flushed
}

/// Keeps in the windows what a connection has not got yet.
pub(super) fn hold<S>(views: &mut [View], conn: &mut Conn<S>) {
    for place in conn.places_mut() {
        views[place.at()].hold(place);
    }
}

/// How much memory is kept for a connection in the windows of its rooms; `None` if it holds nothing.
pub(super) fn backlog<S>(views: &[View], conn: &Conn<S>) -> Option<u64> {
    let held = conn.places().filter(|place| place.is_held);
    held.map(|place| views[place.at()].window.backlog(place.cursor)).reduce(u64::saturating_add)
}

/// How many lines a connection has still to get of its rooms.
pub(super) fn lines<S>(views: &[View], conn: &Conn<S>) -> u64 {
    let lines = |place: &Place| {
        let window = &views[place.at()].window;
        window.lines(place.cursor, conn.reader(), window.as_of(conn.until()))
    };
    conn.places().map(lines).sum()
}

/// Moves a connection to the ends of the logs, past all that it has not got, when the line is out that
/// is half out. It answers how many lines it misses by that.
pub(super) fn skip_to_the_ends<S>(views: &mut [View], conn: &mut Conn<S>) -> u64 {
    finish_line(views, conn);
    let lines = lines(views, conn);
    for place in conn.places_mut() {
        let view = &mut views[place.at()];
        view.release(place);
        place.cursor = place.cursor.max(Cursor::at(view.window.end()));
    }
    lines
}

/// Moves a connection back to an earlier place in a room.
pub(super) fn go_back<S>(views: &mut [View], conn: &mut Conn<S>, room: RoomId, to: Cursor) {
    let Some(place) = conn.places_mut().find(|place| place.seat.room == room) else { return };
    let view = &mut views[place.at()];
    view.release(place);
    place.cursor = place.cursor.min(to);
    view.hold(place);
}

/// Queues the rest of the line that is half out, if one is, among the lines for the connection alone.
pub(super) fn finish_line<S>(views: &mut [View], conn: &mut Conn<S>) {
    // Only here can a line be half out.
    let Some(place) = &mut conn.here else { return };
    let view = &mut views[place.at()];
    view.release(place);
    place.cursor = conn.direct.finish_line(&view.window, place.cursor);
    view.hold(place);
}
