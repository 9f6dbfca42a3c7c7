//! How often something may happen.

use std::fmt;
use std::str::FromStr;

/// How often something may happen: so many times at once, and then so many times a second.
///
/// It is a token bucket: `burst` tokens are there at first, each use takes one, and `per_second`
/// come back each second until there are `burst` again.
///
/// Its text form is `PER_SECOND:BURST`, as in `16:32`.
///
/// ```
/// use chat_core::Rate;
///
/// let rate: Rate = "16:32".parse()?;
/// assert_eq!(rate, Rate::new(16, 32));
/// assert_eq!(rate.to_string(), "16:32");
/// assert!("16".parse::<Rate>().is_err() && "0:32".parse::<Rate>().is_err());
/// # Ok::<(), chat_core::RateError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// How many times a second in the long run, 1 or more.
    pub per_second: u32,
    /// How many times at once, 1 or more.
    pub burst: u32,
}

/// A text that is no [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is PER_SECOND:BURST, two numbers of 1 or more, as in 16:32")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let (per_second, burst) = text.split_once(':').ok_or(RateError)?;
        let number = |digits: &str| digits.parse().map_err(|_| RateError);
        let rate = Rate { per_second: number(per_second)?, burst: number(burst)? };
        if rate.is_possible() { Ok(rate) } else { Err(RateError) }
    }
}

impl Rate {
    /// So many times a second, after so many at once. Both numbers must be 1 or more: a rate at which
    /// nothing could ever happen is refused where it is used.
    pub const fn new(per_second: u32, burst: u32) -> Rate {
        Rate { per_second, burst }
    }

    /// Whether anything can ever happen at this rate.
    pub(super) fn is_possible(self) -> bool {
        self.per_second > 0 && self.burst > 0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.per_second, self.burst)
    }
}
