//! Where what is said is kept, as options.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_core::store::{SqliteStore, StoreError};
use chat_core::with_causes;
use clap::Args;

/// Where what is said is kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Store")]
pub(super) struct StoreArgs {
    /// Keep what is said in this file, so that it outlives the server; it is created if there is none
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,

    /// Delete lines that are older than this [default: none for its age]
    #[arg(long, value_name = "DAYS", requires = "store", value_parser = clap::value_parser!(u64).range(1..))]
    store_age: Option<u64>,

    /// Delete the oldest lines when there are more bytes of them than this; the file is up to twice as
    /// large
    #[arg(long, value_name = "BYTES", requires = "store", default_value_t = SqliteStore::DEFAULT_BYTES,
        value_parser = clap::value_parser!(u64).range(1..))]
    store_bytes: u64,
}

impl StoreArgs {
    /// The store that was asked for, if one was.
    pub(super) fn open(&self) -> Result<Option<SqliteStore>, Box<dyn Error>> {
        let Some(path) = &self.store else { return Ok(None) };
        let store = SqliteStore::open(path).map_err(|error| self.explain(&error))?;
        let age =
            self.store_age.map(|days| Duration::from_hours(days.saturating_mul(24).min(AGES)));
        Ok(Some(store.age(age).bytes(self.store_bytes)))
    }

    /// Says of which store an error is.
    pub(super) fn explain(&self, error: &StoreError) -> Box<dyn Error> {
        let path = self.store.as_deref().unwrap_or(Path::new("in memory"));
        format!("cannot use the store {}: {}", path.display(), with_causes(error)).into()
    }
}

/// As many hours as the age of the universe has: more would not fit into a duration.
const AGES: u64 = 120_000_000_000_000;
