//! The files that the process may have open: each client is one.

/// Raises the limit of open files to what so many clients need, as far as the system lets us.
///
/// What it does not let us the library tells: it starts with room for fewer.
#[cfg(unix)]
pub(crate) fn make_room_for(clients: usize) {
    use rlimit::Resource;

    /// What the program opens beside them, generously.
    const OTHERS: u64 = 256;

    let needed = clients as u64 + OTHERS;
    // No limit is a larger number than any other.
    let raised = Resource::NOFILE.get().and_then(|(current, most)| {
        let wanted = most.min(needed);
        if current >= wanted { Ok(()) } else { Resource::NOFILE.set(wanted, most) }
    });
    if let Err(error) = raised {
        log::debug!("cannot raise the limit of open files for {needed}: {error}");
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn make_room_for(_: usize) {}
