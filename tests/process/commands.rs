//! The commands that do one thing.

use std::fs;

use crate::process::{Place, complaint, succeeded};

#[test]
fn a_key_is_printed_alone_and_works() {
    let place = Place::new();
    succeeded(&place.run(&["migrate"]));
    let create = ["key", "create", "--role", "auditor", "--name", "Visitor"];
    let key = succeeded(&place.run(&create));
    assert!(key.starts_with("stipple_") && key.lines().count() == 1);
    let api = place.start(&["api"]);
    assert_eq!(api.status("/v1/studios", Some(&key)), 200);
    // While the server runs, too.
    let another = succeeded(&place.run(&create));
    assert_ne!(another, key);
    assert_eq!(api.status("/v1/studios", Some(&another)), 200);
}

#[test]
fn keys_are_listed_renewed_and_ended() {
    let place = Place::new();
    succeeded(&place.run(&["migrate"]));
    let create = ["key", "create", "--role", "auditor", "--name", "Visitor"];
    let first = succeeded(&place.run(&[&create[..], &["--expires-in-days", "7"]].concat()));
    let listed = succeeded(&place.run(&["key", "list"]));
    let (id, rest) = listed.split_once('\t').unwrap();
    assert!(rest.starts_with("auditor\tends 2"), "{listed}");
    let (known, name) = rest.trim_end().rsplit_once('\t').unwrap();
    assert_eq!(name, "Visitor");
    assert!(
        known.ends_with("never used\tall studios\tof nobody"),
        "{listed}"
    );
    let api = place.start(&["api"]);
    let second = succeeded(&place.run(&["key", "rotate", id]));
    for key in [&first, &second] {
        assert_eq!(api.status("/v1/me", Some(key)), 200);
    }
    let third = succeeded(&place.run(&["key", "rotate", id, "--overlap-minutes", "0"]));
    assert_eq!(api.status("/v1/me", Some(&second)), 401);
    assert_eq!(api.status("/v1/me", Some(&third)), 200);
    succeeded(&place.run(&["key", "revoke", id]));
    assert_eq!(api.status("/v1/me", Some(&third)), 401);
    assert!(succeeded(&place.run(&["key", "list"])).contains("\trevoked 2"));
    let nobody = place.run(&["key", "revoke", "01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14"]);
    assert_eq!(
        complaint(&nobody),
        "error: there is no api key with this id\n"
    );
    let nowhere = ["--studio", "01980b6e-3f4a-7c21-9d35-6a0e8f5b2c14"];
    let nowhere = place.run(&[&create[..], &nowhere].concat());
    assert_eq!(
        complaint(&nowhere),
        "error: studio_ids/0: name a studio that exists\n"
    );
}

#[test]
fn a_key_is_not_made_for_a_role_or_a_database_that_is_not_there() {
    let place = Place::new();
    let output = place.run(&["key", "create", "--role", "boss", "--name", "x"]);
    assert_eq!(
        complaint(&output),
        "error: --role can't be 'boss': write one of owner, practitioner, front_desk, auditor\n"
    );
    let output = place.run(&["key", "create", "--role", "owner", "--name", "x"]);
    assert_eq!(
        complaint(&output),
        "error: there is no database at stipple-data/stipple.db: start `stipple up` or `stipple migrate` first, \
         or say where it is with --data-dir (STIPPLE_DATA_DIR)\n"
    );
    assert!(!place.path("stipple-data").exists());
}

#[test]
fn migrating_twice_is_as_migrating_once() {
    let place = Place::new();
    let first = succeeded(&place.run(&["migrate"]));
    assert!(first.starts_with("the schema was brought up to date"));
    let second = succeeded(&place.run(&["migrate"]));
    assert_eq!(second, "the schema is up to date\n");
}

#[test]
fn a_test_mail_says_what_became_of_it() {
    let place = Place::new();
    let test = ["mail", "test", "alex@example.com", "--smtp-url"];
    let written = place.run(&[&test[..], &["file:mails"]].concat());
    assert_eq!(succeeded(&written), "written: the mail stands in a file\n");
    let mails: Vec<_> = fs::read_dir(place.path("mails")).unwrap().collect();
    assert_eq!(mails.len(), 1);
    let mail = fs::read(mails[0].as_ref().unwrap().path()).unwrap();
    let mail = mail_parser::MessageParser::default().parse(&mail).unwrap();
    assert_eq!(mail.subject(), Some("A test of the mail settings"));

    // Port 1 of this machine is closed.
    let server = ["smtp://127.0.0.1:1", "--mail-from", "desk@example.com"];
    let refused = place.run(&[&test[..], &server].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        complaint(&refused).starts_with("error: transient in phase connect"),
        "{refused:?}"
    );

    let nowhere = place.run(&test[..3]);
    assert!(complaint(&nowhere).contains("STIPPLE_SMTP_URL"));
}

#[test]
fn mails_are_tried_with_the_same_flags_as_they_are_sent_with() {
    let place = Place::new();
    let flags = ["--data-dir", "data", "--smtp-url", "file:mails"];
    let test = [&["mail", "test", "alex@example.com"][..], &flags].concat();
    let written = place.run(&test);
    assert_eq!(succeeded(&written), "written: the mail stands in a file\n");
    assert!(!place.path("data").exists(), "trying a mail makes no data");
    succeeded(&place.run(&["migrate", "--data-dir", "data"]));
    succeeded(&place.run(&test));
    assert_eq!(fs::read_dir(place.path("mails")).unwrap().count(), 2);

    // What the demo mustn't do in earnest isn't tried from it either.
    drop(place.start(&["up", "--demo", "--data-dir", "demo"]));
    let earnest = [
        "mail",
        "test",
        "alex@example.com",
        "--data-dir",
        "demo",
        "--smtp-url",
        "smtp://127.0.0.1:1",
        "--mail-from",
        "desk@example.com",
    ];
    let refused = complaint(&place.run(&earnest));
    assert!(
        refused.contains("the demo sends no real mails"),
        "{refused}"
    );
}

#[test]
fn a_database_that_cannot_be_used_is_named() {
    let place = Place::new();
    fs::create_dir_all(place.path("broken")).unwrap();
    fs::write(place.path("broken/stipple.db"), "no database\n".repeat(500)).unwrap();
    fs::create_dir_all(place.path("directory/stipple.db")).unwrap();
    for directory in ["broken", "directory"] {
        for command in ["up", "api", "worker", "migrate"] {
            let output = place.run(&[command, "--data-dir", directory]);
            let told = complaint(&output);
            let path = format!("{directory}/stipple.db can't be used: ");
            assert!(told.contains(&path), "{command}: {told}");
        }
    }
}

#[test]
fn a_worker_tells_how_it_is_and_nothing_else() {
    let place = Place::new();
    let output = place.run(&["worker", "--log", "off"]);
    assert!(complaint(&output).contains("there is no database"));
    succeeded(&place.run(&["migrate"]));
    let worker = place.start(&["worker"]);
    worker.wait_until_ready();
    for path in ["/livez", "/metrics"] {
        assert_eq!(worker.status(path, None), 200, "{path}");
    }
    assert_eq!(worker.status("/v1/studios", None), 404);
    worker.signal("TERM");
    assert_eq!(worker.wait().0.code(), Some(0));
}
