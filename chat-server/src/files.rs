//! The files that the process may have open: each client is one.

#[cfg(unix)]
pub(crate) use unix::make_room_for;

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn make_room_for(_: usize) {}

#[cfg(unix)]
mod unix {
    use std::io;

    use rlimit::Resource;
    use rustix::io::fcntl_dupfd_cloexec;

    /// What the program opens beside them, generously.
    const OTHERS: u64 = 256;
    /// The largest table of open files that is made beforehand: it takes half a megabyte.
    const MOST_READY: u64 = 65_536;

    /// Raises the limit of open files to what so many clients need, as far as the system lets us, and
    /// has the table of them be that large from the start.
    ///
    /// What the system does not let us the library tells: it starts with room for fewer.
    pub(crate) fn make_room_for(clients: usize) {
        let needed = clients as u64 + OTHERS;
        match raise_limit(needed).and_then(|limit| make_table(needed.min(limit).min(MOST_READY))) {
            Ok(()) => {}
            Err(error) => log::debug!("cannot make room for {needed} open files: {error}"),
        }
    }

    /// Tells what the limit is then.
    fn raise_limit(needed: u64) -> io::Result<u64> {
        // No limit is a larger number than any other.
        let (current, most) = Resource::NOFILE.get()?;
        let wanted = most.min(needed);
        if current >= wanted {
            return Ok(current);
        }
        Resource::NOFILE.set(wanted, most)?;
        Ok(wanted)
    }

    /// Has the system make the table of open files so large, by a file that has the last place in it
    /// for a moment.
    ///
    /// Linux doubles the table when it is full. In a process of several threads it waits for all other
    /// cores then: some 16 ms, in which whoever accepts a connection does nothing else, and nobody
    /// hears anything. While there is one thread it costs nothing.
    fn make_table(places: u64) -> io::Result<()> {
        let last = i32::try_from(places.saturating_sub(1)).unwrap_or(i32::MAX);
        fcntl_dupfd_cloexec(io::stderr(), last)?;
        Ok(())
    }
}
