//! `stipple up`, from the first start to the last signal.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::process::{Place, agent, complaint, get, mode, succeeded};

#[test]
fn the_first_start_makes_all_that_is_needed_and_the_second_finds_it() {
    let place = Place::new();
    let first = place.start(&["up"]);
    first.wait_until_ready();
    let key = place.read("stipple-data/owner.key");
    assert_eq!(first.status("/v1/studios", Some(&key)), 200);
    assert_eq!(first.status("/v1/studios", None), 401);
    assert_eq!(mode(&place.path("stipple-data")), 0o700);
    for secret in ["owner.key", "audit.key"] {
        let path = place.path("stipple-data").join(secret);
        assert_eq!(mode(&path), 0o600, "{secret}");
    }
    first.signal("TERM");
    let (status, printed) = first.wait();
    assert_eq!(status.code(), Some(0));
    assert!(printed.contains("stipple-data/owner.key"), "{printed}");
    assert!(printed.contains("reminders are held"), "{printed}");
    assert!(printed.contains("curl "), "{printed}");
    assert!(!printed.contains(key.trim()), "the key itself was printed");

    let second = place.start(&["up"]);
    assert_eq!(place.read("stipple-data/owner.key"), key);
    assert_eq!(second.status("/v1/studios", Some(&key)), 200);
    second.signal("INT");
    assert_eq!(second.wait().0.code(), Some(0));
}

#[test]
fn what_is_no_http_is_no_error_of_ours() {
    let place = Place::new();
    let up = place.start(&["up"]);
    up.wait_until_ready();
    for (sent, answered) in [
        (
            "GET /livez HTTP/1.1\r\nHost localhost\r\n\r\n",
            "HTTP/1.1 400",
        ),
        (
            "\u{16}\u{3}\u{1} a handshake of TLS\r\n\r\n",
            "HTTP/1.1 400",
        ),
        (
            "POST /v1/studios HTTP/1.1\r\nContent-Length: much\r\n\r\n",
            "HTTP/1.1 400",
        ),
        (
            &format!("GET / HTTP/1.1\r\nX-Long: {}", "a".repeat(200_000)),
            "HTTP/1.1 431",
        ),
    ] {
        let mut stream = TcpStream::connect(up.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        // Where it's refused early the rest can't be sent.
        let _sent = stream.write_all(sent.as_bytes());
        let mut answer = Vec::new();
        let _ended = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.starts_with(answered) || answer.is_empty(),
            "{answer}"
        );
    }
    assert_eq!(up.status("/livez", None), 200);
    let log = up.log();
    assert!(log.contains("\"level\":\"DEBUG\""), "{log}");
    let errors: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("\"level\":\"ERROR\"") || line.contains("\"level\":\"WARN\""))
        .filter(|line| line.contains("actix"))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn once_it_has_stopped_the_files_are_whole() {
    let place = Place::new();
    let serving = place.start(&["up"]);
    serving.wait_until_ready();
    let key = place.read("stipple-data/owner.key");
    assert_eq!(
        get(&agent(), &serving.url("/v1/studios"), Some(key.trim())),
        200
    );
    let log = place.path("stipple-data/stipple.db-wal");
    let length = || std::fs::metadata(&log).map_or(0, |log| log.len());
    assert!(length() > 0);
    serving.signal("TERM");
    assert_eq!(serving.wait().0.code(), Some(0));
    assert_eq!(length(), 0);
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let place = Place::new();
    let serving = place.start(&["up"]);
    let agent = agent();
    assert_eq!(get(&agent, &serving.url("/livez"), None), 200);
    let began = Instant::now();
    serving.signal("TERM");
    assert_eq!(serving.wait().0.code(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_under_way() {
    let place = Place::new();
    let serving = place.start(&["up"]);
    serving.wait_until_ready();
    let key = place.read("stipple-data/owner.key");
    // A request whose body never comes keeps the server waiting.
    let mut stuck = TcpStream::connect(serving.address()).unwrap();
    write!(
        stuck,
        "POST /v1/studios HTTP/1.1\r\nHost: stipple\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{",
        key.trim()
    )
    .unwrap();
    // The server must have begun to read it.
    std::thread::sleep(Duration::from_millis(500));
    serving.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    serving.signal("TERM");
    assert_eq!(serving.wait().0.code(), Some(130));
}

#[test]
fn two_processes_share_one_file() {
    let place = Place::new();
    let (first, second) = std::thread::scope(|scope| {
        let [first, second] = ["up", "api"].map(|command| scope.spawn(|| place.start(&[command])));
        (first.join().unwrap(), second.join().unwrap())
    });
    let key = place.read("stipple-data/owner.key");
    for serving in [&first, &second] {
        serving.wait_until_ready();
        assert_eq!(serving.status("/v1/studios", Some(&key)), 200);
    }
}

#[test]
fn a_place_that_is_taken_is_said() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in ["up", "api"] {
        let output = place.run(&[command, "--listen", &address, "--log", "off"]);
        assert_eq!(output.status.code(), Some(2));
        let complaint = complaint(&output);
        let expected = format!("error: --listen (STIPPLE_LISTEN): {address}: ");
        assert!(complaint.starts_with(&expected), "{complaint}");
    }
}

#[test]
fn an_audit_key_that_is_missing_is_never_made_anew() {
    let place = Place::new();
    drop(place.start(&["up"]));
    fs::remove_file(place.path("stipple-data/audit.key")).unwrap();
    let output = place.run(&["up", "--log", "off"]);
    assert_eq!(
        complaint(&output),
        "error: the database has an audit trail, but its key isn't at stipple-data/audit.key: put that file back, \
         or give the key with --audit-key (STIPPLE_AUDIT_KEY)\n"
    );
    assert!(!place.path("stipple-data/audit.key").exists());
}

#[test]
fn the_way_to_another_key_leads_to_the_same_data() {
    let place = Place::new();
    let restored = ["up", "--data-dir", "restored here"];
    for (start, hint) in [
        (&["up"][..], "NAME` makes another"),
        (&restored, "NAME --data-dir 'restored here'` makes another"),
    ] {
        drop(place.start(start));
        let directory = start.get(2).copied().unwrap_or("stipple-data");
        fs::remove_file(place.path(directory).join("owner.key")).unwrap();
        let again = place.start(start);
        again.signal("TERM");
        let (_status, printed) = again.wait();
        assert!(printed.contains(hint), "{printed}");
    }
    let create = ["key", "create", "--role", "owner", "--name", "Owner"];
    let there = ["--data-dir", "restored here"];
    let key = succeeded(&place.run(&[&create[..], &there].concat()));
    let serving = place.start(&restored);
    assert_eq!(serving.status("/v1/studios", Some(&key)), 200);
}

#[test]
fn an_owners_key_of_another_database_is_not_replaced() {
    let place = Place::new();
    drop(place.start(&["up"]));
    let key = place.read("stipple-data/owner.key");
    let output = place.run(&["up", "--database-url", "sqlite:other.db", "--log", "off"]);
    let complaint = complaint(&output);
    assert!(complaint.contains("move that file away"), "{complaint}");
    assert_eq!(place.read("stipple-data/owner.key"), key);
}

#[test]
fn what_is_not_a_terminal_gets_the_log_as_json() {
    let place = Place::new();
    let output = place.run(&["migrate", "--log", "trace"]);
    succeeded(&output);
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}
