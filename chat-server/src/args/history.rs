//! What rooms keep of what was said, as options.

use std::time::Duration;

use chat_core::History;
use clap::Args;

/// What rooms keep of what was said.
#[derive(Debug, Args)]
#[command(next_help_heading = "History")]
pub(super) struct HistoryArgs {
    /// Lines of what was said before that are shown to whoever comes into a room
    #[arg(long, value_name = "LINES", default_value_t = History::default().on_join)]
    history: usize,

    /// Lines that each room keeps for /history; --history at least
    #[arg(long, value_name = "LINES", default_value_t = History::default().lines)]
    history_lines: usize,

    /// Bytes that each room keeps at most
    #[arg(long, value_name = "BYTES", default_value_t = History::default().bytes)]
    history_bytes: usize,

    /// How long a line is kept at most [default: for as long as the room is there]
    #[arg(long, value_name = "SECONDS")]
    history_age: Option<u64>,
}

impl HistoryArgs {
    pub(super) fn history(&self) -> History {
        let mut history = History::default();
        history.on_join = self.history;
        history.lines = self.history_lines.max(self.history);
        history.bytes = self.history_bytes;
        history.age = self.history_age.map(Duration::from_secs);
        history
    }
}
