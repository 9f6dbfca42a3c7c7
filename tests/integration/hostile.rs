//! Peers that are up to no good: what the server does about each of them, and that the others do
//! not notice.

use std::net::SocketAddr;

use chat_core::testing::{Attack, Hostile, Peer, TestServer, check_pairs};
use chat_core::{CloseReason, ConnId, ServerConfig};

/// Two who chat, and one who attacks.
struct Scene {
    server: TestServer,
    a: Peer,
    b: Peer,
    attack: Attack,
    conn: ConnId,
}

impl Scene {
    /// Lets somebody attack a server at which two are chatting.
    #[track_caller]
    fn of(kind: Hostile) -> Scene {
        Scene::at(TestServer::start(), kind)
    }

    #[track_caller]
    fn at(server: TestServer, kind: Hostile) -> Scene {
        let (mut a, mut b) = (server.join(), server.join());
        chat(&mut a, &mut b, "before");
        let attack = kind.attack(server.addr());
        let conn = server.wait_for(attack.addr);
        Scene { server, a, b, attack, conn }
    }

    /// What the one who attacks is heard to say, is this.
    #[track_caller]
    fn is_heard(&mut self, text: &str) {
        let name = format!("{}: ", self.attack.addr.port());
        let mut heard = String::new();
        // On a busy machine a pause can end a message, as in a chunk.
        while heard != text {
            let line = self.b.line();
            heard.push_str(line.strip_prefix(&name).unwrap_or_else(|| panic!("{line:?}")));
            assert!(text.starts_with(&heard), "{heard:?} was heard, not {text:?}");
        }
    }

    /// The server has closed it for this reason.
    #[track_caller]
    fn is_closed(&self, reason: CloseReason) {
        assert_eq!(self.server.farewell_of(self.conn), reason);
    }

    /// These notices and the end of the stream are all that it reads.
    #[track_caller]
    fn is_told(&mut self, notices: &[&str]) {
        let peer = self.attack.peer.as_mut().expect("it is connected");
        peer.expect_all(notices);
        peer.expect_end();
    }

    /// It is in, and those who chat do not notice.
    #[track_caller]
    fn stays(&mut self) {
        chat(&mut self.a, &mut self.b, "during");
        let clients = self.server.handle().clients().unwrap();
        assert!(clients.iter().any(|client| client.conn == self.conn), "{clients:?}");
    }

    /// When it has gone, all is as before.
    #[track_caller]
    fn ends(mut self) {
        chat(&mut self.a, &mut self.b, "still during");
        drop(self.attack);
        self.server.farewell_of(self.conn);
        chat(&mut self.a, &mut self.b, "after");
        self.server.wait_for_stats("the two are left", |stats| stats.clients == 2);
        let conns = [&self.a, &self.b].map(|peer| self.server.conn_of(peer));
        self.server.stop();
        let stays = check_pairs(&self.server.events().all());
        assert_eq!(stays.len(), 3);
        for conn in conns {
            assert_eq!(stays[&conn].reason, Some(CloseReason::Shutdown));
        }
    }
}

/// Lets two say something to each other, whatever others say meanwhile.
#[track_caller]
fn chat(a: &mut Peer, b: &mut Peer, text: &str) {
    a.say(text);
    while b.line() != a.says(text) {}
    b.say(text);
    while a.line() != b.says(text) {}
}

#[test]
fn one_who_never_reads_is_closed_when_it_is_too_far_behind() {
    let server = TestServer::narrow(8192, |config| config.limits.backlog = 64 * 1024);
    let mut scene = Scene::at(server, Hostile::NeverReads);
    scene.is_heard("I am all ears");
    scene.stays();
    let text = "x".repeat(500);
    let mut said = 0;
    while scene.server.handle().stats().closed.too_slow == 0 {
        assert!(said < 10_000, "still not closed after {said} lines");
        chat(&mut scene.a, &mut scene.b, &text);
        said += 1;
    }
    scene.is_closed(CloseReason::TooSlow);
    scene.ends();
}

#[test]
fn one_who_leaves_its_end_half_open_is_heard_and_let_go() {
    let mut scene = Scene::of(Hostile::HalfOpen);
    scene.is_heard("half a li");
    scene.is_closed(CloseReason::EndOfStream);
    scene.is_told(&[]);
    scene.ends();
}

#[test]
fn one_who_sends_a_byte_at_a_time_is_heard() {
    let mut scene = Scene::of(Hostile::OneByteAtATime);
    scene.is_heard("one-byte-at-a-time.");
    scene.stays();
    scene.ends();
}

#[test]
fn one_who_breaks_off_is_gone() {
    let scene = Scene::of(Hostile::Resets);
    scene.is_closed(CloseReason::Reset);
    scene.ends();
}

#[test]
fn one_who_sends_an_endless_line_reads_why_it_is_closed() {
    let mut scene = Scene::of(Hostile::EndlessLine);
    scene.is_closed(CloseReason::EndlessLine);
    let limits = ServerConfig::default().limits;
    scene.is_told(&[
        &format!("* line refused: it is longer than {} bytes", limits.line),
        &format!("* closed: {} bytes came without a line end", limits.endless_line),
    ]);
    scene.ends();
}

#[test]
fn one_who_speaks_tls_reads_why_it_is_closed() {
    let mut scene = Scene::of(Hostile::TlsHello);
    scene.is_closed(CloseReason::OtherProtocol);
    scene.is_told(&["* closed: this is a plain-text chat, it does not speak TLS"]);
    scene.ends();
}

#[test]
fn one_who_sends_garbage_stays() {
    let mut scene = Scene::of(Hostile::Garbage);
    scene.stays();
    scene.server.wait_for_stats("some garbage", |stats| stats.bytes_in > 16 * 1024);
    scene.ends();
}

#[test]
fn one_who_floods_is_heard_to_the_end() {
    let mut scene = Scene::of(Hostile::Floods);
    let port = scene.attack.addr.port();
    for number in 0..5000 {
        scene.b.expect(&format!("{port}: flood {number}"));
    }
    scene.stays();
    scene.ends();
}

#[test]
fn one_who_connects_and_drops_is_gone() {
    let scene = Scene::of(Hostile::ConnectsAndDrops);
    scene.is_closed(CloseReason::EndOfStream);
    scene.ends();
}

#[test]
fn all_of_them_at_once_are_not_noticed() {
    let mut server = TestServer::start();
    let (mut a, mut b) = (server.join(), server.join());
    let mut attacks = Vec::new();
    for round in 0..3 {
        for kind in Hostile::ALL {
            attacks.push(kind.attack(server.addr()));
            chat(&mut a, &mut b, &format!("{kind:?} {round}"));
        }
    }
    let came: Vec<SocketAddr> = attacks.iter().map(|attack| attack.addr).collect();
    drop(attacks);
    server.wait_for_stats("the two are left", |stats| {
        stats.clients == 2 && stats.accepted == 2 + came.len() as u64
    });
    chat(&mut a, &mut b, "after");
    server.stop();
    let stays = check_pairs(&server.events().all());
    for addr in came {
        assert!(stays.values().any(|stay| stay.addr == addr && stay.reason.is_some()), "{addr}");
    }
}
