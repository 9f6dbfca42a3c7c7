//! The ways in which messages are told apart.

use std::fmt;
use std::str::FromStr;

/// How a connection's messages are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Framing {
    /// Found for each connection: lines from the first newline on; bytes that stay without one
    /// for 20 ms are a message, and their sender one that speaks chunks.
    #[default]
    Auto,
    /// A newline ends a message. Bytes without one wait for it.
    Lines,
    /// What one read brings is a message; a newline in it ends one too. What is sent ends with
    /// nothing.
    Chunks,
}

/// The word for it: `auto`, `lines` or `chunks`.
impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Framing::Auto => "auto",
            Framing::Lines => "lines",
            Framing::Chunks => "chunks",
        })
    }
}

/// A word that stands for no [`Framing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the framing is one of auto, lines and chunks")]
pub struct FramingError;

impl FromStr for Framing {
    type Err = FramingError;
    fn from_str(word: &str) -> Result<Framing, FramingError> {
        let all = [Framing::Auto, Framing::Lines, Framing::Chunks];
        all.into_iter().find(|framing| framing.to_string() == word).ok_or(FramingError)
    }
}
