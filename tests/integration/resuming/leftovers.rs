//! What a connection that is lost leaves on its way: half of a line, or a line that comes late.

use chat_core::testing::TestServer;

use super::program::{ask, in_session, lose, program, resume, session, told};

#[test]
fn half_a_line_is_not_said_and_the_whole_one_is() {
    let server = TestServer::start();
    let (mut bob, mut plain) = (program(&server), server.join());
    let (mut ada, first) = in_session(&server);
    ada.send("@label=1 the whole li");
    let conn = server.conn_of(&ada);
    ada.end_sending();
    server.farewell_of(conn);
    // Whoever has no tags has nothing but the end of the stream to end a line.
    plain.send("goodbye");
    plain.end_sending();
    assert!(told(&mut bob).text.ends_with(": goodbye"));
    let (mut ada, ..) = resume(&server, &first);
    assert_eq!(ask(&mut ada, "1", "the whole line").kind(), "sent");
    assert!(told(&mut bob).text.ends_with(": the whole line"));
}

#[test]
fn half_a_number_is_none() {
    let server = TestServer::with(|config| config.resume.lines = 1);
    let mut bob = program(&server);
    let (mut ada, mut first) = in_session(&server);
    for number in 0..12 {
        ask(&mut bob, &number.to_string(), "hello");
        first.msgid = told(&mut ada).number("msgid").unwrap();
    }
    assert_eq!(first.msgid, 12);
    lose(&server, ada);
    let mut half = server.join();
    half.send(format!("/resume {} {} 1", first.token, first.epoch));
    half.end_sending();
    half.expect_end();
    // It has lost nothing since the twelfth, whatever it would have since the first.
    let (_, missed, answer) = resume(&server, &first);
    assert_eq!((missed.len(), answer.tag("lost")), (0, None), "{answer:?}");
}

#[test]
fn who_is_back_can_come_back_again_though_an_older_attempt_comes_late() {
    let server = TestServer::with(|config| config.resume.lines = 1);
    let mut bob = program(&server);
    let (ada, first) = in_session(&server);
    lose(&server, ada);
    ask(&mut bob, "1", "one");
    ask(&mut bob, "2", "two");
    let (mut ada, missed, answer) = resume(&server, &first);
    assert_eq!((missed.len(), answer.tag("lost")), (1, Some("1")));
    let second = session(&answer);
    // What it had sent before, on a way on which it waits no more.
    let (late, ..) = resume(&server, &first);
    ada.expect_end();
    lose(&server, late);
    ask(&mut bob, "3", "three");
    let (mut ada, missed, answer) = resume(&server, &second);
    assert_eq!((answer.kind(), missed.len()), ("answer", 1), "{answer:?}");
    assert_eq!(answer.tag("lost"), None, "it knows that already");
    let third = session(&answer);
    ask(&mut ada, "4", "/who");
    lose(&server, ada);
    // All that came before is good no more.
    for former in [&first, &second] {
        assert_eq!(resume(&server, former).2.kind(), "error");
    }
    assert_eq!(resume(&server, &third).2.kind(), "answer");
}
