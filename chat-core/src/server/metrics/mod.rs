//! The statistics, published through the `metrics` facade: with the feature `metrics`.

#[cfg(not(feature = "metrics"))]
mod disabled;
#[cfg(feature = "metrics")]
mod enabled;
#[cfg(feature = "metrics")]
mod samples;

#[cfg(not(feature = "metrics"))]
pub(super) use disabled::Publisher;
#[cfg(feature = "metrics")]
pub(super) use enabled::Publisher;
