//! The rooms in which something is new: whose members are served next.

use std::collections::VecDeque;

/// The rooms whose members are to be served, each of them once.
///
/// To serve a loud room takes most of the time there is, and a quiet one is not to wait for that. So
/// there are two queues, as in fair queueing (RFC 8290, section 4.2): a room in which nothing was
/// left to do comes first once, with a share of what a turn may write. Whatever is left of it then
/// takes turns with what is left of others.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// Rooms that have had no share yet.
    news: VecDeque<usize>,
    /// Rooms that have had one, and need more.
    rest: VecDeque<usize>,
}

impl Fresh {
    /// There is something new in a room in which nothing was.
    pub(super) fn push(&mut self, room: usize) {
        self.news.push_back(room);
    }

    /// There is something left to do in a room that has had its share.
    pub(super) fn put_off(&mut self, room: usize) {
        self.rest.push_back(room);
    }

    /// The room whose turn it is: if there are both, one that has had no share yet, or one that has.
    pub(super) fn pop(&mut self, is_for_news: bool) -> Option<usize> {
        let Self { news, rest } = self;
        let (first, second) = if is_for_news { (news, rest) } else { (rest, news) };
        first.pop_front().or_else(|| second.pop_front())
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.news.is_empty() && self.rest.is_empty()
    }

    /// How many rooms there is memory for.
    pub(super) fn capacity(&self) -> usize {
        self.news.capacity().max(self.rest.capacity())
    }

    /// Gives back memory, but for that of so many rooms.
    pub(super) fn shrink_to(&mut self, rooms: usize) {
        self.news.shrink_to(rooms);
        self.rest.shrink_to(rooms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_comes_first_once_and_then_takes_turns() {
        let mut fresh = Fresh::default();
        fresh.push(1);
        assert_eq!(fresh.pop(true), Some(1));
        fresh.put_off(1);
        fresh.push(2);
        fresh.push(3);
        assert_eq!(fresh.pop(true), Some(2));
        fresh.put_off(2);
        // Where it is the others' turn, the new one waits.
        assert_eq!((fresh.pop(false), fresh.pop(false)), (Some(1), Some(2)));
        assert_eq!((fresh.pop(false), fresh.is_empty()), (Some(3), true));
        assert_eq!(fresh.pop(true), None);
    }
}
