//! Values that can be switched off.

use std::fmt;
use std::str::FromStr;

/// A value, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrOff<T>(Option<T>);

impl<T> From<Option<T>> for OrOff<T> {
    fn from(value: Option<T>) -> OrOff<T> {
        OrOff(value)
    }
}

impl<T> From<OrOff<T>> for Option<T> {
    fn from(OrOff(value): OrOff<T>) -> Option<T> {
        value
    }
}

impl<T: FromStr<Err: fmt::Display>> FromStr for OrOff<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<OrOff<T>, String> {
        if text == "off" {
            return Ok(OrOff(None));
        }
        let value = text.parse().map_err(|error| format!("{error}, and it is not the word off"))?;
        Ok(OrOff(Some(value)))
    }
}

impl<T: fmt::Display> fmt::Display for OrOff<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("off"),
        }
    }
}
