//! The time of a line, as the tag `time` has it.
//!
//! Source: IRCv3, "server-time", <https://ircv3.net/specs/extensions/server-time>.

use std::time::{Duration, SystemTime};

/// The days of the months that come before a month, in a year that is no leap year.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/// The days from the first of January of the year 1 to that of 1970.
const EPOCH: u64 = 719_162;

/// Reads `YYYY-MM-DDThh:mm:ss.sssZ`, a time in UTC from 1970 on. A leap second is the second after
/// it, as it is to the system's clock.
pub(crate) fn read_time(text: &str) -> Option<SystemTime> {
    let text: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if marks.iter().any(|&(at, mark)| text[at] != mark) {
        return None;
    }
    let days = days(number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?)?;
    let hours = number(&text[11..13]).filter(|&hours| hours < 24)?;
    let minutes = number(&text[14..16]).filter(|&minutes| minutes < 60)?;
    let seconds = number(&text[17..19]).filter(|&seconds| seconds <= 60)?;
    let millis = number(&text[20..23])?;
    let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(seconds * 1000 + millis))
}

/// The days from the beginning of 1970 to a date that there is.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let index = usize::try_from(month).ok()?.checked_sub(1)?;
    let length = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let whole = year.checked_sub(1)?;
    let leap_days = whole / 4 - whole / 100 + whole / 400 + u64::from(is_leap && month > 2);
    (whole * 365 + leap_days + DAYS_BEFORE.get(index)? + day - 1).checked_sub(EPOCH)
}

/// The number that these digits are.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> Option<u128> {
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        read_time(text).map(|time| since(time).as_millis())
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("1972-02-29T00:00:00.000Z", Some(68_169_600_000)),
            ("2000-03-01T00:00:00.000Z", Some(951_868_800_000)),
            ("2012-06-30T23:59:60.419Z", Some(1_341_100_800_419)),
            ("2026-11-22T10:37:40.000Z", Some(1_795_343_860_000)),
            ("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999)),
            ("1969-12-31T23:59:59.999Z", None),
            ("0000-01-01T00:00:00.000Z", None),
            ("2100-02-29T00:00:00.000Z", None),
            ("2026-13-01T00:00:00.000Z", None),
            ("2026-00-01T00:00:00.000Z", None),
            ("2026-04-31T00:00:00.000Z", None),
            ("2026-04-00T00:00:00.000Z", None),
            ("2026-04-01T24:00:00.000Z", None),
            ("2026-04-01T00:60:00.000Z", None),
            ("2026-04-01T00:00:61.000Z", None),
            ("2026-04-01 00:00:00.000Z", None),
            ("2026-04-01T00:00:00Z", None),
            ("2026-04-01T00:00:00.000+", None),
            ("+026-04-01T00:00:00.000Z", None),
            ("", None),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
    }

    /// Walks day by day, as a calendar on the wall does.
    #[test]
    fn each_day_is_one_later_than_the_one_before() {
        let mut expected = 0;
        for year in 1970..2101 {
            for month in 1..=12 {
                for day in 1..=31 {
                    let text = format!("{year}-{month:02}-{day:02}T00:00:00.000Z");
                    if let Some(found) = millis(&text) {
                        assert_eq!(found, expected, "{text}");
                        expected += 24 * 60 * 60 * 1000;
                    }
                }
            }
        }
        assert_eq!(Some(expected), millis("2101-01-01T00:00:00.000Z"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in "\\PC{0,30}|[0-9TZ:.-]{24}") {
            let _: Option<SystemTime> = read_time(&text);
        }

        #[test]
        fn what_differs_by_a_millisecond_is_read_so(
            (date, hour, minute, second) in ("20[0-9]{2}-(0[1-9]|1[0-2])-[01][1-9]", 0..24, 0..60, 0..60),
            milli in 0..999,
        ) {
            let at = |milli| format!("{date}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z");
            let day = millis(&format!("{date}T00:00:00.000Z")).unwrap();
            let of_day = ((hour * 60 + minute) * 60 + second) * 1000 + milli;
            prop_assert_eq!(millis(&at(milli)), Some(day + u128::try_from(of_day).unwrap()));
            prop_assert_eq!(millis(&at(milli + 1)), millis(&at(milli)).map(|time| time + 1));
        }
    }
}
