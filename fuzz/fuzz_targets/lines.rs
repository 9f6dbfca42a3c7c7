//! Whatever bytes a store has, they are lines or they are refused; and what is read is the same when
//! it is written and read again.

#![no_main]

use chat_core::store::Lines;
use chat_core::wire::RoomName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (marks, bytes) = input;
    let room: RoomName = "lobby".parse().expect("a room");
    let Some(lines) = Lines::read(1, room.clone(), marks, bytes) else { return };
    assert_eq!(lines.iter().count(), lines.count());
    assert!(lines.first() <= lines.last());
    let written = lines.marks_as_bytes();
    let again = Lines::read(1, room, &written, lines.bytes()).expect("what it wrote");
    assert!(again.iter().eq(lines.iter()));
    assert!(lines.iter().all(|line| line.time >= std::time::UNIX_EPOCH));
});
