//! Finding what was said.

use crate::hub::answers::Asking;
use crate::hub::output::{Search, Unsearchable};
use crate::hub::{Hub, Output};
use crate::ids::ConnId;
use crate::store::{MOST_WORDS, SearchHit, SearchResults, Words};
use crate::wire::{Context, Kind, RoomName, Text};

/// The most lines that one search finds, and the most bytes of them.
const MOST_FOUND: usize = 20;
const MOST_BYTES: usize = 32 * 1024;

impl Hub {
    /// Has the store look for what was said. The answer comes when that has found it.
    pub(super) fn search(&mut self, conn: ConnId, words: Text, out: &mut impl Output) {
        if Words::of(&words).is_none() {
            let refused = format!("a search is for {MOST_WORDS} words at most");
            return self.refuse(conn, &refused, out);
        }
        let Some(place) = self.place_of(conn, out) else { return };
        let Some(room) = self.rooms.get(place).map(|room| room.name.clone()) else { return };
        let context = self.asking.as_mut().and_then(Asking::postpone);
        let search = Search { conn, room, words, most: MOST_FOUND, context };
        let Err((why, search)) = out.search(search) else { return };
        self.asking = Some(Asking::new(conn, search.context));
        let refused = match why {
            Unsearchable::Never => "nothing can be searched here",
            Unsearchable::Busy => "too many are searching; try again later",
        };
        self.refuse(conn, refused, out);
    }

    /// Tells what was found: what was said last comes last.
    pub(in crate::hub) fn found(
        &mut self,
        conn: ConnId,
        room: &RoomName,
        found: Result<SearchResults, String>,
        context: Option<Box<Context>>,
        out: &mut impl Output,
    ) {
        if self.roster.get(conn).is_none() {
            return;
        }
        self.publish(out);
        self.asking = Some(Asking::new(conn, context));
        match found {
            Ok(found) => self.tell_found(conn, room, &found, out),
            Err(why) => self.refuse(conn, &format!("the search has failed: {why}"), out),
        }
        self.finish_asking(out);
    }

    fn tell_found(
        &self,
        conn: ConnId,
        room: &RoomName,
        found: &SearchResults,
        out: &mut impl Output,
    ) {
        let mut bytes = 0;
        let fits = |line: &&SearchHit| {
            bytes += line.line.len();
            bytes <= MOST_BYTES
        };
        let shown: Vec<&SearchHit> = found.lines.iter().take(MOST_FOUND).take_while(fits).collect();
        for line in shown.iter().rev() {
            let time = humantime::format_rfc3339_seconds(line.time).to_string();
            // The date and the time to the minute, as people write them.
            let time = time.get(..16).unwrap_or_default().replace('T', " ");
            let (what, msgid) = (format!("{time} {}", line.line), line.msgid.to_string());
            let tags = [("msgid", &*msgid), ("room", &**room)];
            self.direct(conn, Kind::Found, "* ", &what, &tags, out);
        }
        let mut what = match shown.len() {
            0 => "nothing was found".to_owned(),
            1 => "1 line was found".to_owned(),
            lines if lines == MOST_FOUND => format!("the last {lines} lines that were found"),
            lines => format!("{lines} lines were found"),
        };
        if found.is_cut_short {
            what += "; not everything could be looked at";
        }
        let count = shown.len().to_string();
        self.answer_with(conn, &what, &[("room", &**room), ("count", &*count)], out);
    }
}
