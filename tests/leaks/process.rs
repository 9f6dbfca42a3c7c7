//! What the operating system says of this process.

use std::fs;

/// The names of the threads that belong to the chat; it ends when there is none or the patience is.
#[cfg(target_os = "linux")]
pub(crate) fn threads_of_the_chat() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // A thread may end between the listing and the look at it.
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("chat-")).collect()
}

/// How many descriptors are open.
#[cfg(target_os = "linux")]
pub(crate) fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Elsewhere there is no such list, and what is left to check is all the rest.
#[cfg(not(target_os = "linux"))]
pub(crate) fn threads_of_the_chat() -> Vec<String> {
    Vec::new()
}

/// Likewise.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open_descriptors() -> usize {
    0
}
