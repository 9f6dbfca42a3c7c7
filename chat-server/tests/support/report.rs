//! What `chat-server` says at its end.

/// The numbers of the report.
#[derive(Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) clients: u64,
    pub(crate) flushed: u64,
    pub(crate) dropped: u64,
}

/// Finds the report among the diagnostics: there must be exactly one, as the last line.
#[track_caller]
pub(crate) fn report(err: &str) -> Report {
    let reports: Vec<&str> = err.lines().filter(|line| line.contains("stopped: ")).collect();
    assert_eq!(reports.len(), 1, "{err}");
    assert_eq!(err.lines().last(), Some(reports[0]), "{err}");
    let (_, numbers) = reports[0].split_once("stopped: ").unwrap();
    let of = |what: &str| {
        let parts: Vec<&str> = numbers.split(", ").collect();
        let part = parts.iter().find_map(|part| part.strip_suffix(what));
        part.unwrap_or_else(|| panic!("no{what} in {numbers}")).parse().unwrap()
    };
    Report {
        clients: of(" clients closed"),
        flushed: of(" lines flushed"),
        dropped: of(" dropped"),
    }
}
