//! What a process has used: CPU time and memory, as the kernel's `/proc` tells them.

use std::fs;
use std::time::Duration;

use crate::Result;

/// The CPU time of all threads of a process, user and system.
///
/// The scheduler's own statistics count nanoseconds. The process's `stat` counts ticks of 10 ms and
/// is only read where the kernel was built without the former.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    match scheduled_time(pid) {
        Some(time) => Ok(time),
        None => ticked_time(pid),
    }
}

/// The memory of a process that is resident now, in bytes.
///
/// `smaps_rollup` walks the page tables. The figure in `status` is a sum of per-CPU counters, which
/// older kernels only bring up to date every 64 pages: too coarse for the cost of one client.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    match fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) {
        Ok(text) => kibibytes(&text, "Rss:"),
        Err(_) => kibibytes(&status(pid)?, "VmRSS:"),
    }
}

/// The most memory of a process that ever was resident, in bytes.
pub(crate) fn peak_resident(pid: u32) -> Result<u64> {
    kibibytes(&status(pid)?, "VmHWM:")
}

/// How many files a process has open: its connections, and a few that stay the same.
pub(crate) fn open_files(pid: u32) -> Result<usize> {
    let path = format!("/proc/{pid}/fd");
    let files = fs::read_dir(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(files.count())
}

/// Sums the run time of the threads from `schedstat`. A thread may end between the listing and the
/// reading; what it had used is then missing, which a server with a fixed set of threads never sees.
fn scheduled_time(pid: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let Ok(text) = fs::read_to_string(task.ok()?.path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    // A kernel without these statistics shows zeros.
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}

/// Reads user and system time from `stat`, in which they are the 14th and 15th field.
fn ticked_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    // The second field is the program's name in parentheses, and may hold anything.
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let mut fields = after_name.split_whitespace().skip(11).map(str::parse::<u64>);
    let (Some(Ok(user)), Some(Ok(system))) = (fields.next(), fields.next()) else {
        return Err(format!("{path} does not hold the CPU time: {text}").into());
    };
    let ticks = user + system;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_nanos(ticks * (1_000_000_000 / per_second)))
}

/// The text of the process's `status`.
fn status(pid: u32) -> Result<String> {
    let path = format!("/proc/{pid}/status");
    fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}").into())
}

/// Finds the line `KEY   123 kB` and tells its figure in bytes.
fn kibibytes(text: &str, key: &str) -> Result<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_suffix("kB")?.trim().parse::<u64>().ok())
        .map(|figure| figure * 1024)
        .ok_or_else(|| format!("the kernel does not tell the process's {key}").into())
}
