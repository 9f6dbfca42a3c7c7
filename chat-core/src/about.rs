//! What a server says of itself, to programs that ask before they talk.

use crate::config::Flood;

/// What kind of server this is.
const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a server says of itself to a client for which these are the limits, for people.
pub(crate) fn in_words(line: usize, flood: Option<Flood>) -> String {
    let what = format!("this is {NAME} {VERSION}: lines of up to {line} bytes");
    match flood {
        Some(flood) => {
            let (rate, burst) = (flood.lines.per_second, flood.lines.burst);
            format!("{what}, {rate} a second and {burst} at once")
        }
        None => what,
    }
}

/// The same as tags, for programs.
pub(crate) fn in_tags(line: usize, flood: Option<Flood>) -> Vec<(&'static str, String)> {
    let mut tags = vec![
        ("server", NAME.to_owned()),
        ("version", VERSION.to_owned()),
        ("line", line.to_string()),
    ];
    if let Some(flood) = flood {
        tags.push(("rate", flood.lines.per_second.to_string()));
        tags.push(("burst", flood.lines.burst.to_string()));
    }
    tags
}
