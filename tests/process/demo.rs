//! What `--demo` keeps away from.

use crate::process::{Place, complaint, succeeded};

#[test]
fn the_demo_has_a_place_and_mails_of_its_own() {
    let place = Place::new();
    let demo = place.start(&["up", "--demo"]);
    demo.wait_until_ready();
    demo.signal("TERM");
    let (status, printed) = demo.wait();
    assert_eq!(status.code(), Some(0));
    assert!(printed.contains("stipple-demo/mail"), "{printed}");
    assert!(!place.path("stipple-data").exists());
    let again = place.start(&["up", "--demo"]);
    again.wait_until_ready();
}

#[test]
fn the_demo_leaves_a_studios_data_alone() {
    let place = Place::new();
    drop(place.start(&["up"]));
    let output = place.run(&["up", "--demo", "--data-dir", "stipple-data"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        complaint(&output),
        "error: --demo (STIPPLE_DEMO): this database holds a studio's data; leave --demo out, or choose another \
         --data-dir (STIPPLE_DATA_DIR) or --database-url (STIPPLE_DATABASE_URL)\n"
    );
}

#[test]
fn a_database_in_which_nothing_was_stored_may_become_the_demos() {
    let place = Place::new();
    succeeded(&place.run(&["migrate", "--data-dir", "stipple-demo"]));
    let demo = place.start(&["up", "--demo"]);
    demo.wait_until_ready();
}

#[test]
fn no_real_server_gets_the_demos_mails() {
    let place = Place::new();
    let server = [
        "--smtp-url",
        "smtp://mail.example.com",
        "--mail-from",
        "desk@example.com",
    ];
    let expected = "error: --smtp-url (STIPPLE_SMTP_URL): the demo sends no real mails: leave this out, \
                    or name a directory as in file:mails\n";
    let output = place.run(&[&["up", "--demo"][..], &server].concat());
    assert_eq!(complaint(&output), expected);
    drop(place.start(&["up", "--demo"]));
    // The mark stays with the database, whoever opens it.
    for command in ["up", "worker"] {
        let on_demo = [command, "--data-dir", "stipple-demo", "--log", "off"];
        let output = place.run(&[&on_demo[..], &server].concat());
        assert_eq!(complaint(&output), expected, "{command}");
    }
}
