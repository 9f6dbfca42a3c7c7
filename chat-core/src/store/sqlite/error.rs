//! What SQLite's errors mean to whoever uses the store.

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

/// Makes a `map_err` argument out of the action that failed, as in "cannot open it".
pub(super) fn failed(action: &'static str) -> impl FnOnce(Error) -> StoreError {
    move |error| match (error.sqlite_error_code(), &error) {
        (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _)
        | (
            None,
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
            | Error::InvalidColumnType(..)
            | Error::QueryReturnedNoRows,
        ) => StoreError::Damaged(format!("{action}: {error}")),
        (Some(ErrorCode::DiskFull), _) => StoreError::Full(error.to_string()),
        _ => StoreError::Failed { action, source: error.into() },
    }
}

/// What was read cannot have been written.
pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} cannot be read"))
}
