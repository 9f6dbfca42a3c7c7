//! What happens at each limit.

use chat_core::testing::{Peer, TestServer, eventually};
use chat_core::{CloseReason, ServerConfig};

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_one_is_not() {
    let server = TestServer::start();
    let limit = ServerConfig::default().limits.line;
    let (mut a, mut b) = (server.join(), server.join());
    // Just as long as it may be, with either end.
    let longest = "x".repeat(limit);
    a.send(format!("{longest}\n{longest}\r\n"));
    b.expect_all([a.says(&longest), a.says(&longest)]);
    a.send(format!("{longest}y\nshort\n"));
    b.expect(&a.says("short"));
    a.expect(&format!("* line refused: it is longer than {limit} bytes"));
    // Refused as soon as that is sure, however much of it follows.
    a.send("z".repeat(limit * 3));
    a.expect(&format!("* line refused: it is longer than {limit} bytes"));
    a.send("the rest of it\nshort again\n");
    b.expect(&a.says("short again"));
    server.wait_for_stats("two refused, four heard", |stats| {
        (stats.clients, stats.lines_refused, stats.lines_in) == (2, 2, 4)
    });
}

#[test]
fn the_limit_of_a_line_can_be_set() {
    let server = TestServer::with(|config| config.limits.line = 5);
    let (mut a, mut b) = (server.join(), server.join());
    a.send("12345\n123456\n54321\r\n654321\r\n");
    b.expect_all([a.says("12345"), a.says("54321")]);
    a.expect("* 2 lines refused: they are longer than 5 bytes");
}

#[test]
fn a_line_without_an_end_closes_the_connection() {
    let server = TestServer::start();
    let limit = ServerConfig::default().limits.endless_line;
    let (mut a, mut b, mut c) = (server.join(), server.join(), server.join());
    let conn = server.conn_of(&a);
    a.send("before\n");
    b.expect(&a.says("before"));
    // It is told of the line, then of the end; and what it goes on sending disturbs neither.
    drop(a.try_send(vec![b'x'; limit + 1]));
    drop(a.try_send(vec![b'y'; 100_000]));
    let line = ServerConfig::default().limits.line;
    a.expect(&format!("* line refused: it is longer than {line} bytes"));
    a.expect(&format!("* closed: {limit} bytes came without a line end"));
    a.expect_end();
    assert_eq!(server.farewell_of(conn), CloseReason::EndlessLine);
    c.say("undisturbed");
    b.expect(&c.says("undisturbed"));
    assert_eq!(server.handle().stats().closed.endless_line, 1);
}

#[test]
fn those_who_come_when_it_is_full_read_why_and_are_counted() {
    let server = TestServer::with(|config| config.limits.clients = 2);
    let (mut a, mut b) = (server.join(), server.join());
    for refused in 1..=3 {
        let mut peer = Peer::connect(server.addr());
        peer.expect("* the server is full (2 clients), try again later");
        peer.expect_end();
        let stats = server.wait_for_stats("refused", |stats| stats.refused.full == refused);
        assert_eq!((stats.clients, stats.accepted), (2, 2));
    }
    // Those who are in notice nothing of it.
    a.say("quiet in here");
    b.expect(&a.says("quiet in here"));

    let conn = server.conn_of(&a);
    a.say("exit");
    a.expect_end();
    drop(a);
    server.farewell_of(conn);
    // There is room again as soon as the connection is closed to the last.
    let mut late = eventually("room for one more", || {
        let mut peer = Peer::connect(server.addr());
        if peer.try_send("me\n").is_err() {
            return Err("refused while sending".to_owned());
        }
        let events = server.events().all();
        let is_in = |event: &_| matches!(event, chat_core::ServerEvent::Connected { addr, .. } if *addr == peer.addr());
        if events.iter().any(is_in) { Ok(peer) } else { Err(format!("{events:?}")) }
    });
    late.say("made it");
    while b.line() != late.says("made it") {}
}

#[test]
fn a_tls_hello_is_turned_away() {
    let server = TestServer::start();
    let (mut witness, mut other) = (server.join(), server.join());
    // The beginning of a ClientHello, with a newline and an "exit" in its random bytes.
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc\nexit\nhello\n\xff\xfe\n";
    let mut tls = server.join();
    let conn = server.conn_of(&tls);
    tls.send(hello);
    tls.expect("* closed: this is a plain-text chat, it does not speak TLS");
    tls.expect_end();
    assert_eq!(server.farewell_of(conn), CloseReason::OtherProtocol);

    // Of the "hello" in those bytes nobody has heard anything.
    other.say("sane words");
    witness.expect(&other.says("sane words"));
    server.wait_for_stats("one line, one refused", |stats| {
        (stats.lines_in, stats.closed.other_protocol) == (1, 1)
    });
}

#[test]
fn those_same_bytes_later_in_a_connection_are_just_bytes() {
    let server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    a.send(b"hi\n\x16\x03 there\n");
    b.expect_all([a.says("hi"), a.says("\u{fffd}\u{fffd} there")]);
}

#[test]
fn garbage_disturbs_nobody() {
    let server = TestServer::start();
    let (mut a, mut b, mut garbage) = (server.join(), server.join(), server.join());
    let mut random = chat_core::testing::Random::new(7);
    for _ in 0..100 {
        let bytes: Vec<u8> = (0..1000).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        if garbage.try_send(bytes).is_err() {
            break;
        }
    }
    a.say("-- the end of it --");
    while b.line() != a.says("-- the end of it --") {}
    // Whatever became of the one who sent it, the two others are still here.
    assert!(server.handle().clients().unwrap().len() >= 2);
}

#[test]
fn notices_that_are_not_read_close_the_connection() {
    // Sockets that take little, so that it is the queue which has to take the notices.
    let server = TestServer::narrow(4096, |config| config.limits.direct = 2000);
    let mut peer = server.join_narrow(2048);
    let conn = server.conn_of(&peer);
    let notice = "n".repeat(200);
    for _ in 0..100_000 {
        if server.handle().send_to(conn, &notice).is_err() {
            break;
        }
    }
    assert_eq!(server.farewell_of(conn), CloseReason::TooSlow);
    let read = peer.rest_until_broken();
    let whole = read.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    assert!(whole.clone().count() > 0);
    assert!(whole.into_iter().all(|line| line == format!("* {notice}\n").as_bytes()));
}

#[test]
fn everything_works_with_the_smallest_queues() {
    let server = TestServer::with(|config| {
        config.io_threads = 3;
        config.limits.inbox = 1;
        config.limits.feed = 1;
        config.limits.clients = 30;
    });
    let mut peers: Vec<Peer> = (0..30).map(|_| server.join()).collect();
    let readers: Vec<_> = peers
        .iter()
        .map(|peer| {
            let mut reader = peer.reader();
            std::thread::spawn(move || (0..29 * 20).map(|_| reader.line()).count())
        })
        .collect();
    for number in 0..20 {
        for peer in &mut peers {
            peer.say(&number.to_string());
        }
    }
    for reader in readers {
        assert_eq!(reader.join().unwrap(), 29 * 20);
    }
}

/// Whoever speaks before reading has unread bytes at the server; they must not undo the reason.
#[test]
fn whoever_is_refused_reads_why_even_after_speaking() {
    let server = TestServer::with(|config| config.limits.clients = 1);
    let _first = server.join();
    let mut peer = Peer::connect(server.addr());
    for _ in 0..100 {
        if peer.try_send("let me in\n".repeat(10)).is_err() {
            break;
        }
    }
    peer.expect("* the server is full (1 clients), try again later");
    peer.expect_end();
}

/// After the end a peer is read from only so that it takes notice. One that sends on and on is cut
/// off, and keeps nobody busy until then.
#[test]
fn whoever_sends_on_after_the_end_is_cut_off() {
    let server = TestServer::start();
    let mut peer = server.join();
    let conn = server.conn_of(&peer);
    let block = vec![b'x'; 64 * 1024];
    while peer.try_send(&block).is_ok() {}
    assert_eq!(server.farewell_of(conn), CloseReason::EndlessLine);
    let taken = server.handle().stats().bytes_in;
    assert!(taken < 1024 * 1024, "{taken} bytes were taken from one who had been told to go");
}
