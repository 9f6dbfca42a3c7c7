//! The descriptors that the process may have open, each connection one of them.

use std::fs::File;
use std::io;

/// How many descriptors the library and the program around it need beside the clients. Half of them
/// are for those who are turned away.
const OTHERS: u64 = 64;

/// How many connections the process has descriptors for, as far as can be told.
pub(crate) fn most_connections() -> Option<usize> {
    let most = limit()?.saturating_sub(OTHERS).max(1);
    Some(usize::try_from(most).unwrap_or(usize::MAX))
}

/// The limit of open files that so many connections need.
pub(crate) fn needed_for(connections: usize) -> u64 {
    connections as u64 + OTHERS
}

#[cfg(unix)]
fn limit() -> Option<u64> {
    let (current, _) = rlimit::Resource::NOFILE.get().ok()?;
    (current != rlimit::INFINITY).then_some(current)
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn limit() -> Option<u64> {
    None
}

/// A descriptor that is of no use but to be given up when there is none left.
pub(crate) fn reserve() -> Option<File> {
    if cfg!(unix) { File::open("/dev/null").ok() } else { None }
}

/// Whether this error says that no descriptor is left, of the process (EMFILE) or of the system
/// (ENFILE).
#[cfg(unix)]
pub(crate) fn are_used_up(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Whether this error says that no descriptor is left.
#[cfg(not(unix))]
pub(crate) fn are_used_up(_: &io::Error) -> bool {
    false
}
