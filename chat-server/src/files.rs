//! The files that the process may have open: each client is one.

/// Raises the limit of open files to what so many clients need, as far as the system lets us.
///
/// What it does not let us the library tells: it starts with room for fewer.
#[cfg(unix)]
pub(crate) fn make_room_for(clients: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// What the program opens beside them, generously.
    const OTHERS: u64 = 256;

    let limit = getrlimit(Resource::Nofile);
    let needed = clients as u64 + OTHERS;
    let wanted = limit.maximum.map_or(needed, |most| most.min(needed));
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = Rlimit { current: Some(wanted), ..limit };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        log::debug!("cannot raise the limit of open files to {wanted}: {error}");
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn make_room_for(_: usize) {}
