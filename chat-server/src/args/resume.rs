//! Who may come back, as options.

use std::time::Duration;

use chat_core::Resume;
use clap::Args;

/// Who may come back.
#[derive(Debug, Args)]
#[command(next_help_heading = "Coming back")]
pub(super) struct ResumeArgs {
    /// How long a program whose connection was lost may take to come back and get what it has missed;
    /// with 0 nobody comes back
    #[arg(long = "resume-within", value_name = "SECONDS", default_value_t = Resume::default().within.as_secs())]
    within: u64,

    /// Lines that each room keeps for those who may come back
    #[arg(long = "resume-lines", value_name = "LINES", default_value_t = Resume::default().lines)]
    lines: usize,

    /// Bytes that each such room keeps at most
    #[arg(long = "resume-bytes", value_name = "BYTES", default_value_t = Resume::default().bytes)]
    bytes: usize,

    /// How many may be away at a time; one more, and the one away for the longest cannot come back
    #[arg(long = "resume-clients", value_name = "N", default_value_t = Resume::default().clients)]
    clients: usize,
}

impl ResumeArgs {
    pub(super) fn resume(&self) -> Resume {
        let mut resume = Resume::default();
        resume.within = Duration::from_secs(self.within);
        resume.lines = self.lines;
        resume.bytes = self.bytes;
        resume.clients = self.clients;
        resume
    }
}
