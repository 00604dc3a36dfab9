//! The words under which clients are found: those of what is stored, also where an older release or a shell stored it.

use diesel::connection::SimpleConnection as _;
use stipple_shared::domain::client::{ClientPatch, NewClient};
use stipple_shared::domain::text::SearchText;
use stipple_shared::storage::client_search::{Way, astray, search};
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::{Db, Scope, Store, WriteContext};
use stipple_test_support::{Engine, TestClock, TestDatabase, engines};

use crate::migrations::with_ids;
use crate::shop::Shop;

/// So many that they don't fit into one batch.
const CLIENTS: usize = 1203;

fn found(store: &Store, text: &str) -> Vec<String> {
    let text = SearchText::parse(text).unwrap();
    store
        .read_blocking(|db| search(db, &Scope::all(), &text, 200, None))
        .unwrap()
        .clients
        .iter()
        .map(|client| client.family_name.as_str().to_owned())
        .collect()
}

/// A connection to the database, with a studio in it.
fn with_studio(database: &TestDatabase, engine: Engine) -> Db {
    let mut db = database.connect();
    let studio = "INSERT INTO studios (id, name, sender_name, service_label, time_zone, language, opening_hours, cancellation_cutoff_hours, version, change, created_at, updated_at)
        VALUES (id(2), 'Studio', 'Studio', 'appointment', 'Europe/London', 'en', '[]', 48, 1, 2, 0, 0);";
    db.batch_execute(&with_ids(studio, engine)).unwrap();
    db
}

#[test]
fn clients_stored_without_words_get_them_when_the_data_is_opened() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = with_studio(&database, engine);
        for number in 0..CLIENTS {
            let family = format!("Beispiel{number}");
            let statement = without_words(number, "Zoë", &family, engine);
            db.batch_execute(&with_ids(&statement, engine)).unwrap();
        }
        let store = database.open(TestClock::new().clock());
        assert_eq!(found(&store, "ZOE beispiel1202"), ["Beispiel1202"]);
        assert_eq!(found(&store, "beispiel77").len(), 11);
        assert!(store.read_blocking(astray).unwrap().is_empty());
        // The second time nothing is left to do.
        drop(store);
        let store = database.open(TestClock::new().clock());
        assert_eq!(found(&store, "beispiel0"), ["Beispiel0"]);
    }
}

#[test]
fn words_follow_each_change_and_no_change_that_fails() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let (store, studio) = (&shop.store, shop.studio);
        let new: NewClient = serde_json::from_value(serde_json::json!({
            "studio_id": studio, "given_name": "Zoë", "family_name": "Beispiel",
            "email": "zoe@client.example", "telephone": "+354 555 0101", "external_id": "crm-1",
        }))
        .unwrap();
        let client = store
            .write_blocking(WriteContext::command_line(), move |tx| {
                Client::register(tx, &new)
            })
            .unwrap();
        for text in ["zoe", "client.ex", "0101", "crm", "555"] {
            let expected = usize::from(text != "555");
            assert_eq!(found(store, text).len(), expected, "{text}");
        }
        let patch =
            |json: serde_json::Value| -> ClientPatch { serde_json::from_value(json).unwrap() };
        let change =
            patch(serde_json::json!({"given_name": "Ada", "email": null, "telephone": "5550202"}));
        store
            .write_blocking(WriteContext::command_line(), move |tx| {
                Client::change(tx, client.id, None, &change)
            })
            .unwrap();
        for (text, expected) in [
            ("zoe", 0),
            ("client", 0),
            ("0101", 0),
            ("0202", 1),
            ("ada bei", 1),
        ] {
            assert_eq!(found(store, text).len(), expected, "{text}");
        }
        let stale = patch(serde_json::json!({"given_name": "Lost"}));
        store
            .write_blocking(WriteContext::command_line(), move |tx| {
                Client::change(tx, client.id, Some(1), &stale)
            })
            .unwrap_err();
        assert!(found(store, "lost").is_empty());
        assert!(store.read_blocking(astray).unwrap().is_empty());
    }
}

/// A client whose words are made when the data is opened.
fn without_words(number: usize, given: &str, family: &str, engine: Engine) -> String {
    let id = format!("{:032x}", 1000 + number);
    let literal = match engine {
        Engine::Sqlite => format!("X'{id}'"),
        Engine::Postgres => format!("'\\x{id}'::bytea"),
    };
    format!(
        "INSERT INTO clients (id, studio_id, given_name, family_name, email_state, service_mail, marketing_mail, care_advice_in_mail, version, change, created_at, updated_at) \
         VALUES ({literal}, id(2), '{given}', '{family}', 'unverified', TRUE, FALSE, FALSE, 1, {number}, 0, 0); \
         INSERT INTO clients_without_words (client_id) VALUES ({literal});"
    )
}

/// Everybody who is found, page by page.
fn found_in_pages(store: &Store, text: &str, limit: usize) -> (Vec<String>, Option<Way>) {
    let text = SearchText::parse(text).unwrap();
    let (mut all, mut way, mut after) = (Vec::new(), None, None);
    loop {
        let page = store
            .read_blocking(|db| search(db, &Scope::all(), &text, limit, after.as_ref()))
            .unwrap();
        let full_name = |client: &Client| {
            format!(
                "{} {}",
                client.given_name.as_str(),
                client.family_name.as_str()
            )
        };
        all.extend(page.clients.iter().map(full_name));
        after = page.next;
        match &after {
            Some(position) => way = Some(position.way),
            None => return (all, way),
        }
    }
}

#[test]
fn who_has_two_common_words_is_found_by_both_together_once() {
    let given = ["Ada", "Bea", "Zoe Zoelle"];
    let family = ["Beispiel", "Muster", "Probe"];
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = with_studio(&database, engine);
        let mut names = Vec::new();
        let mut statements = String::new();
        for number in 0..4000 {
            // All pairs but one, so that two words that many have can also be nobody's.
            let (one, two) = (number % 3, number / 3 % 3);
            let family = if (one, two) == (0, 0) {
                "Rest"
            } else {
                family[two]
            };
            names.push(format!("{} {family}", given[one]));
            statements += &without_words(number, given[one], family, engine);
        }
        db.batch_execute(&with_ids(&statements, engine)).unwrap();
        let store = database.open(TestClock::new().clock());
        for (text, words, paired) in [
            ("zoe beispiel", ["Zoe", "Beispiel"], true),
            ("beisp zoel", ["Zoelle", "Beispiel"], true),
            ("MUST bea", ["Bea", "Muster"], true),
            ("ada beispiel", ["Ada", "Beispiel"], false),
            ("zoe zoelle", ["Zoe", "Zoelle"], false),
        ] {
            let expected: Vec<&String> = names
                .iter()
                .filter(|name| words.iter().all(|word| name.contains(word)))
                .collect();
            let (mut all, way) = found_in_pages(&store, text, 60);
            assert_eq!(all.len(), expected.len(), "{text}");
            all.sort();
            let mut expected: Vec<String> = expected.into_iter().cloned().collect();
            expected.sort();
            assert_eq!(all, expected, "{text}");
            assert_eq!(
                matches!(way, Some(Way::Pair(..))),
                paired,
                "{text}: {way:?}"
            );
        }
    }
}
