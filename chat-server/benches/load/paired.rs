//! Two things measured by turns: on a machine that other things happen on, only what was measured
//! at the same time can be compared.

use crate::Result;

/// How often each of two things is measured that are timed: many short rounds rather than a few long
/// ones, so that what else happens on the machine spoils some of them and not the median.
pub(crate) const ROUNDS: u32 = 15;

/// The medians over the rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paired {
    /// The first thing's figure.
    pub(crate) first: f64,
    /// The second thing's figure.
    pub(crate) second: f64,
    /// The first over the second; of each round, not of the medians.
    pub(crate) ratio: f64,
}

/// Measures the two by turns, so many times each.
pub(crate) fn paired(
    rounds: u32,
    mut first: impl FnMut() -> Result<f64>,
    mut second: impl FnMut() -> Result<f64>,
) -> Result<Paired> {
    let (mut firsts, mut seconds, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (one, other) = (first()?, second()?);
        firsts.push(one);
        seconds.push(other);
        ratios.push(one / other);
    }
    Ok(Paired { first: median(firsts), second: median(seconds), ratio: median(ratios) })
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
