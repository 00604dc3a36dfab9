//! Wrong settings, and what is said about each, word for word.

use crate::process::{Place, complaint};

/// A flag with a wrong value, and what is said.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "--listen",
        "localhost",
        "--listen (STIPPLE_LISTEN) can't be 'localhost': write an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080",
    ),
    (
        "--threads",
        "0",
        "--threads (STIPPLE_THREADS) can't be '0': write a number from 1 to 256",
    ),
    (
        "--database-url",
        "mysql://desk:secret@db.example.com/stipple",
        "--database-url (STIPPLE_DATABASE_URL) can't be read: write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE",
    ),
    (
        "--audit-key",
        "secret",
        "--audit-key (STIPPLE_AUDIT_KEY) can't be read: write at least 32 bytes in base64, for instance what `openssl rand -base64 32` prints",
    ),
    (
        "--smtp-url",
        "http://desk:secret@mail.example.com",
        "--smtp-url (STIPPLE_SMTP_URL): begin with smtp://, smtps:// or file:, nothing else",
    ),
    (
        "--smtp-url",
        "",
        "--smtp-url (STIPPLE_SMTP_URL) can't be read: it's empty: write a value, or leave the setting out",
    ),
    (
        "--smtp-url",
        "smtp://mail.example.com",
        "--mail-from (STIPPLE_MAIL_FROM): with an SMTP server, say which address mails come from",
    ),
    (
        "--mail-from",
        "the desk",
        "--mail-from (STIPPLE_MAIL_FROM) can't be read: write one e-mail address, such as alex@example.com",
    ),
    (
        "--mails-per-minute",
        "0",
        "--mails-per-minute (STIPPLE_MAILS_PER_MINUTE) can't be '0': write a number from 1 to 100000",
    ),
    (
        "--public-url",
        "book.example.com",
        "--public-url (STIPPLE_PUBLIC_URL) can't be 'book.example.com': write http:// or https:// and a host, as in https://book.example.com",
    ),
    (
        "--rate-limit",
        "lots",
        "--rate-limit (STIPPLE_RATE_LIMIT) can't be 'lots': write a number from 1 to 1000000000, or off",
    ),
    (
        "--max-connections",
        "5",
        "--max-connections (STIPPLE_MAX_CONNECTIONS) can't be '5': write a number from 10 to 1000000",
    ),
    (
        "--trusted-proxies",
        "127.0.0.1,proxy",
        "--trusted-proxies (STIPPLE_TRUSTED_PROXIES) can't be 'proxy': write IP addresses or networks, as in 127.0.0.1,10.1.0.0/16; a name can't be trusted",
    ),
    (
        "--allowed-origins",
        "*",
        "--allowed-origins (STIPPLE_ALLOWED_ORIGINS) can't be '*': write each origin exactly: http:// or https://, a host and perhaps a port, nothing after it, as in https://desk.example.com",
    ),
    (
        "--log",
        "verbose",
        "--log (STIPPLE_LOG) can't be 'verbose': write error, warn, info, debug, trace or off, or PART=LEVEL, several with commas",
    ),
    (
        "--data-dir",
        "/dev/null/stipple",
        "--data-dir (STIPPLE_DATA_DIR): /dev/null/stipple can't be made: Not a directory (os error 20)",
    ),
];

#[test]
fn a_wrong_value_is_named_by_its_flag_and_its_environment_name() {
    let place = Place::new();
    for (flag, value, said) in WRONG {
        let expected = format!("error: {said}\n");
        let by_flag = place.run(&["up", flag, value]);
        assert_eq!(complaint(&by_flag), expected);
        assert_eq!(by_flag.status.code(), Some(2));
        let name = format!(
            "STIPPLE_{}",
            flag.trim_start_matches('-')
                .replace('-', "_")
                .to_uppercase()
        );
        let by_environment = place.command(&["up"]).env(name, value).output().unwrap();
        assert_eq!(complaint(&by_environment), expected);
        assert!(!expected.contains("secret"), "{expected}");
    }
    // Whoever is refused leaves nothing behind.
    assert!(!place.path("stipple-data").exists());
}

#[test]
fn help_never_shows_a_secret_of_the_environment() {
    let place = Place::new();
    let mut command = place.command(&["up", "--help"]);
    for name in [
        "STIPPLE_DATABASE_URL",
        "STIPPLE_AUDIT_KEY",
        "STIPPLE_SMTP_URL",
        "STIPPLE_MAIL_FROM",
    ] {
        command.env(name, "very-secret");
    }
    let output = command.output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("STIPPLE_SMTP_URL"), "{help}");
    assert!(!help.contains("very-secret"), "{help}");
}
