//! Which files are taken for a store, and which are left alone.

use super::*;
use crate::store::samples::{records, said};

#[test]
fn a_store_that_is_just_given_up_can_be_opened() {
    let directory = Directory::new();
    let store = directory.open();
    let (path, (starts, has_started)) = (directory.file(), std::sync::mpsc::channel());
    let next = std::thread::spawn(move || {
        starts.send(()).unwrap();
        SqliteStore::open(path).map(drop)
    });
    has_started.recv().unwrap();
    drop(store);
    next.join().unwrap().unwrap();
}

#[test]
fn a_second_store_on_the_same_file_is_refused_until_the_first_is_gone() {
    let directory = Directory::new();
    let store = directory.open();
    assert!(matches!(SqliteStore::open(directory.file()), Err(StoreError::InUse)));
    drop(store);
    directory.open();
}

#[test]
fn another_file_is_refused_and_left_as_it_is() {
    let directory = Directory::new();
    let text = b"Dear diary, this is no database, and long enough to have a header of 100 bytes. "
        .repeat(9);
    fs::write(directory.0.join("diary"), &text).unwrap();
    let other = Connection::open(directory.0.join("other")).unwrap();
    other.execute_batch("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)").unwrap();
    drop(other);
    for name in ["diary", "other"] {
        let path = directory.0.join(name);
        let before = fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Foreign), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    let files = fs::read_dir(&directory.0).unwrap().count();
    assert_eq!(files, 2, "nothing is put beside it");
}

#[test]
fn a_store_of_another_version_is_refused() {
    let directory = Directory::new();
    drop(directory.open());
    let refused = |version: u32| {
        let connection = Connection::open(directory.file()).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        drop(connection);
        SqliteStore::open(directory.file()).unwrap_err()
    };
    let error = refused(7);
    assert!(matches!(error, StoreError::Newer { found: 7, known: 2 }), "{error}");
    // Such files were written before there was a release.
    let error = refused(1);
    assert!(matches!(error, StoreError::Older { found: 1, oldest: 2 }), "{error}");
}

#[test]
fn a_directory_that_is_not_there_is_named_as_the_reason() {
    let directory = Directory::new();
    let error = SqliteStore::open(directory.0.join("none").join("chat.db")).unwrap_err();
    assert_eq!(error.to_string(), "cannot find the directory for it");
    let error = SqliteStore::open(&directory.0).unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
}

#[test]
fn an_empty_file_and_what_a_deleted_store_has_left_are_no_hindrance() {
    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    store.commit(&records(&[said(1, "lobby", 1, &["hello"])])).unwrap();
    // As after `kill -9`: what was said is in the file beside it.
    let wal = fs::read(directory.0.join("chat.db-wal")).unwrap();
    assert!(!wal.is_empty());
    drop(store);
    fs::write(directory.0.join("chat.db-wal"), wal).unwrap();
    fs::write(directory.file(), "").unwrap();
    let kept = directory.open().load(&all()).unwrap();
    assert_eq!((kept.epoch, kept.last), (1, 0));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new();
    let mut store = directory.open();
    store.load(&all()).unwrap();
    let files = fs::read_dir(&directory.0).unwrap().map(Result::unwrap);
    let modes: Vec<_> =
        files.map(|file| (file.path(), file.metadata().unwrap().permissions())).collect();
    assert!(modes.len() >= 3, "{modes:?}");
    for (path, permissions) in modes {
        assert_eq!(permissions.mode() & 0o777, 0o600, "{path:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new();
    drop(directory.open());
    fs::set_permissions(directory.file(), fs::Permissions::from_mode(0o400)).unwrap();
    if fs::OpenOptions::new().write(true).open(directory.file()).is_ok() {
        // Whoever may do everything may write to it.
        return;
    }
    let error = SqliteStore::open(directory.file()).unwrap_err();
    assert_eq!(error.to_string(), "cannot write to it");
}
