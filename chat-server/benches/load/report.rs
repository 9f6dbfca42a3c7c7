//! The table: a row for each figure, printed as soon as it is known.

use std::error::Error;
use std::fmt;

/// What a figure counts, and so how it is written. Times are in seconds, memory is in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// So many million a second.
    PerSecond,
    /// A time of milliseconds and more.
    Seconds,
    /// A time of thousandths of a second.
    Milliseconds,
    /// A time of millionths of a second.
    Microseconds,
    /// One figure over another.
    Ratio,
    /// A share of a whole, which is 1.
    Percent,
    /// A size.
    Bytes,
    /// Memory of a process.
    Mebibytes,
    /// So many things.
    Count,
}

/// How good a figure must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// It is told for comparison only.
    None,
}

/// The rows printed so far.
#[derive(Debug)]
pub(crate) struct Report {
    missed: usize,
    skipped: usize,
    /// Scenarios, and bars that had to be met.
    failed: usize,
}

impl Report {
    /// Prints the table's head.
    pub(crate) fn new() -> Self {
        println!("{:<11}{:<54}{:>12}   {:<13}", "scenario", "what", "figure", "bar");
        Self { missed: 0, skipped: 0, failed: 0 }
    }

    /// Prints a row. A missed bar is told, and only a strict run fails for it.
    pub(crate) fn row(&mut self, scenario: &str, what: &str, figure: f64, unit: Unit, bar: Bar) {
        let met = line(scenario, what, figure, unit, bar, "MISSED");
        self.missed += usize::from(!met);
    }

    /// Prints a row whose bar has nothing to do with how fast the machine is: a run that misses it
    /// has failed.
    pub(crate) fn must(&mut self, scenario: &str, what: &str, figure: f64, unit: Unit, bar: Bar) {
        let met = line(scenario, what, figure, unit, bar, "FAILED");
        self.failed += usize::from(!met);
    }

    /// Says why a scenario was not run.
    pub(crate) fn skip(&mut self, scenario: &str, why: &str) {
        self.skipped += 1;
        println!("{scenario:<11}skipped: {why}");
    }

    /// Says what went wrong in a scenario: lines were lost, or it could not be brought to its end.
    pub(crate) fn fail(&mut self, scenario: &str, error: &dyn Error) {
        self.failed += 1;
        println!("{scenario:<11}FAILED: {error}");
    }

    /// Prints the summary and tells whether the run was a success. How fast the server was only
    /// counts when that is asked for: a busy machine misses bars too.
    pub(crate) fn finish(self, strict: bool) -> bool {
        let Self { missed, skipped, failed } = self;
        println!("bars missed: {missed}; scenarios skipped: {skipped}; failed: {failed}");
        failed == 0 && !(strict && missed + skipped > 0)
    }
}

/// Prints a figure with its bar; tells whether that is met, and if not says so in the given word.
fn line(scenario: &str, what: &str, figure: f64, unit: Unit, bar: Bar, missed: &str) -> bool {
    let (bar, met) = match bar {
        Bar::AtLeast(least) => (format!(">= {}", Figure(least, unit)), Some(figure >= least)),
        Bar::AtMost(most) => (format!("<= {}", Figure(most, unit)), Some(figure <= most)),
        Bar::None => (String::new(), None),
    };
    let verdict = match met {
        Some(true) => "ok",
        Some(false) => missed,
        None => "",
    };
    let figure = Figure(figure, unit).to_string();
    println!("{}", format!("{scenario:<11}{what:<54}{figure:>12}   {bar:<13}{verdict}").trim());
    met != Some(false)
}

/// A figure with its unit.
struct Figure(f64, Unit);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(figure, unit) = self;
        match unit {
            Unit::PerSecond => write!(f, "{:.1} M/s", figure / 1e6),
            Unit::Seconds => write!(f, "{figure:.2} s"),
            Unit::Milliseconds => write!(f, "{:.3} ms", figure * 1e3),
            Unit::Microseconds => write!(f, "{:.3} µs", figure * 1e6),
            Unit::Ratio => write!(f, "{figure:.2}"),
            Unit::Percent => write!(f, "{:.2} %", figure * 100.0),
            Unit::Bytes => write!(f, "{figure:.0} B"),
            Unit::Mebibytes => write!(f, "{:.1} MiB", figure / (1024.0 * 1024.0)),
            Unit::Count => write!(f, "{figure:.0}"),
        }
    }
}

/// A count as a real number, to divide it.
#[allow(clippy::cast_precision_loss, reason = "counts stay far below the 2^53 that are exact")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}
