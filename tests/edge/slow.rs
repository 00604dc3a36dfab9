//! Slow clients: each is waited for so long and no longer, and nobody else waits with it.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use socket2::SockRef;
use stipple_api::{EdgeOptions, Times};
use stipple_shared::domain::Role;
use stipple_test_support::http::TestServerOptions;
use stipple_test_support::{TestServer, engines};

use crate::each_with;
use crate::wire::{Wire, until};

fn impatient(edge: &mut EdgeOptions) {
    edge.times = Times {
        head: Duration::from_secs(1),
        body: Duration::from_millis(700),
        answer: Duration::from_secs(10),
        idle: Duration::from_secs(1),
        stalled: Duration::from_millis(800),
        end: Duration::from_millis(300),
    };
}

/// Sends a byte now and then until the other side has had enough.
fn dribble(wire: &mut Wire) -> Duration {
    let began = Instant::now();
    until("the slow connection is ended", || {
        !wire.send("x") || wire.is_ended()
    });
    began.elapsed()
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    each_with(impatient, |server| {
        let mut wire = Wire::open(server.address());
        assert!(wire.send("GET /v1/me HTTP/1.1\r\nHost: local"));
        assert_eq!(wire.answer().unwrap().status, 408);
        assert!(wire.is_ended());
        // Nor does it help to send a little at a time.
        let mut wire = Wire::open(server.address());
        assert!(wire.send("GET /v1/me HTTP/1.1\r\nHost: local"));
        dribble(&mut wire);
    });
}

#[test]
fn the_second_head_of_a_connection_is_no_other() {
    each_with(impatient, |server| {
        let mut wire = Wire::open(server.address());
        assert_eq!(wire.ask("GET", "/livez", &[]).status, 200);
        assert!(wire.send("GET /v1/me HTTP/1.1\r\nHost: local"));
        dribble(&mut wire);
    });
}

#[test]
fn a_body_that_does_not_come_is_answered_and_the_connection_ended() {
    each_with(impatient, |server| {
        let secret = &server.key(Role::Owner).secret;
        let mut wire = Wire::open(server.address());
        assert!(wire.send(&format!(
            "POST /v1/studios HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\
             Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"name\""
        )));
        let answer = wire.answer().unwrap();
        assert_eq!(answer.status, 408);
        assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
        assert_eq!(answer.json()["code"], "request_timeout");
        dribble(&mut wire);

        let mut wire = Wire::open(server.address());
        assert!(wire.send(
            "POST /my/mails/nothing HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx"
        ));
        let answer = wire.answer().unwrap();
        assert_eq!(answer.status, 408);
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_reads_nothing_is_let_go() {
    each_with(impatient, |server| {
        let mut wire = Wire::open(server.address());
        SockRef::from(&wire.stream)
            .set_recv_buffer_size(4 * 1024)
            .unwrap();
        for _ in 0..40 {
            assert!(wire.send("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        }
        // Nothing is read: what tells is that nothing more can be sent.
        until("the connection is ended", || !wire.send("x"));
    });
}

#[test]
fn slow_clients_keep_nobody_else_waiting() {
    for engine in engines() {
        let mut options = TestServerOptions::on(engine);
        // One thread, so that a single one that waits would be felt by all.
        options.threads = 1;
        options.edge.connections = NonZeroU32::new(2_000).unwrap();
        let server = TestServer::start_with(options);
        let secret = server.key(Role::Owner).secret.clone();
        let slow: Vec<Wire> = (0..400)
            .map(|number| {
                let mut wire = Wire::open(server.address());
                let head = "POST /v1/studios HTTP/1.1\r\nHost: localhost\r\n";
                assert!(wire.send(head));
                if number % 2 == 0 {
                    assert!(wire.send(&format!(
                        "Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n\
                         Content-Length: 1000\r\n\r\n{{"
                    )));
                }
                wire
            })
            .collect();
        let began = Instant::now();
        for _ in 0..100 {
            server.get("/v1/me").expect(200);
        }
        let studio_id = server.studio().id();
        server.client(&studio_id);
        // The first of the slow ones is let go after ten seconds.
        assert!(began.elapsed() < Duration::from_secs(8));
        assert_eq!(slow.len(), 400);
    }
}
