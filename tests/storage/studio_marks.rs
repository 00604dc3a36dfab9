//! The marks by which a search of few studios passes others' clients by: they hide nobody who is seen.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::json;
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::studio_marks::studio_marks;
use stipple_shared::domain::text::SearchText;
use stipple_shared::domain::{ClientId, StudioId};
use stipple_shared::storage::Scope;
use stipple_shared::storage::client_search::{astray, search};
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::plans::Plan;
use stipple_shared::storage::schema::client_search_words;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::studios::Studio;
use stipple_test_support::{Engine, TestDatabase, engines};
use uuid::Uuid;

use crate::migrations::{rows, with_ids};
use crate::shop::{Shop, read};

/// At which of these studios a client is found, each asked for alone.
fn found_at(shop: &Shop, id: ClientId, studios: [StudioId; 3]) -> [bool; 3] {
    assert!(shop.read(astray).is_empty());
    let text = SearchText::parse("al sample").unwrap();
    studios.map(|studio| {
        let scope = Scope::all().in_studios(Some(vec![studio]));
        let page = shop.read(|db| search(db, &scope, &text, 50, None));
        page.clients.iter().any(|client| client.id == id)
    })
}

fn open_studio(shop: &Shop, name: &'static str) -> StudioId {
    let studio = shop.write(move |tx| {
        Studio::open(
            tx,
            &read(json!({
                "name": name, "sender_name": name,
                "time_zone": "Pacific/Auckland", "opening_hours": [],
            })),
        )
    });
    studio.unwrap().id
}

#[test]
fn a_client_is_found_where_they_come_and_no_longer_where_they_neither_live_nor_come() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let (here, there, elsewhere) = (
            open_studio(&shop, "Studio West"),
            open_studio(&shop, "Studio South"),
            open_studio(&shop, "Studio East"),
        );
        let new = json!({"studio_id": here, "given_name": "Alex", "family_name": "Sample"});
        let id = shop
            .write(move |tx| Client::register(tx, &read(new.clone())))
            .unwrap()
            .id;
        let studios = [here, there, elsewhere];
        assert_eq!(found_at(&shop, id, studios), [true, false, false]);

        shop.write(move |tx| {
            let new = json!({
                "client_id": id, "studio_id": there, "kind": "consultation", "duration_minutes": 30,
            });
            Session::arrange(tx, &read(new), MayOverride::No)
        })
        .unwrap();
        assert_eq!(found_at(&shop, id, studios), [true, true, false]);

        shop.write(move |tx| Client::change(tx, id, None, &read(json!({"studio_id": elsewhere}))))
            .unwrap();
        assert_eq!(found_at(&shop, id, studios), [false, true, true]);

        shop.write(move |tx| {
            let new = json!({
                "client_id": id, "studio_id": here, "indication": "general_thinning",
                "treatment_sessions": 1, "session_minutes": 180, "gaps": [],
            });
            Plan::open(tx, &read(new))
        })
        .unwrap();
        assert_eq!(found_at(&shop, id, studios), [true, true, true]);

        // New words are marked as the old ones were.
        shop.write(move |tx| Client::change(tx, id, None, &read(json!({"given_name": "Ali"}))))
            .unwrap();
        assert_eq!(found_at(&shop, id, studios), [true, true, true]);
    }
}

/// The statements of the migration that brought the marks: there, and back.
fn migration(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::Sqlite => (
            include_str!("../../migrations/sqlite/2026-11-27-000071_studio_marks/up.sql"),
            include_str!("../../migrations/sqlite/2026-11-27-000071_studio_marks/down.sql"),
        ),
        Engine::Postgres => (
            include_str!("../../migrations/postgres/2026-11-27-000071_studio_marks/up.sql"),
            include_str!("../../migrations/postgres/2026-11-27-000071_studio_marks/down.sql"),
        ),
    }
}

#[test]
fn the_migration_marks_what_was_there_as_the_program_does() {
    // Of all kinds of last bytes, two with the same mark among them.
    const LAST: [u8; 12] = [0, 1, 9, 10, 15, 16, 46, 47, 93, 160, 171, 255];
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        db.batch_execute(&rows(engine)).unwrap();
        let literal = |digits: String| match engine {
            Engine::Sqlite => format!("X'{digits}'"),
            Engine::Postgres => format!("'\\x{digits}'::bytea"),
        };
        let mut expected: Vec<(String, i64)> = Vec::new();
        for (number, last) in LAST.into_iter().enumerate() {
            let studio = StudioId(Uuid::from_u128((0xab << 64) | u128::from(last)));
            let studio_id = literal(studio.0.simple().to_string());
            let client_id = literal(format!("{:032x}", 5000 + number));
            let word = format!("word{number:02}");
            let statements = format!(
                "INSERT INTO studios (id, name, sender_name, service_label, time_zone, language, opening_hours, cancellation_cutoff_hours, version, change, created_at, updated_at)
                 VALUES ({studio_id}, 'Studio', 'Studio', 'appointment', 'Europe/London', 'en', '[]', 48, 1, 2, 0, 0);
                 INSERT INTO clients (id, studio_id, given_name, family_name, email_state, service_mail, marketing_mail, care_advice_in_mail, version, change, created_at, updated_at)
                 VALUES ({client_id}, {studio_id}, 'Alex', 'Sample', 'unverified', TRUE, FALSE, FALSE, 1, 6, 0, 0);
                 INSERT INTO client_search_words (word, client_id) VALUES ('{word}', {client_id});
                 INSERT INTO sessions (id, studio_id, client_id, kind, state, duration_minutes, schedule_version, overrides, nonconformities, version, change, created_at, updated_at)
                 VALUES ({client_id}, id(2), {client_id}, 'consultation', 'planned', 30, 1, '[]', '[]', 1, 10, 0, 0);"
            );
            db.batch_execute(&with_ids(&statements, engine)).unwrap();
            expected.push((word, studio_marks([studio, StudioId(Uuid::from_u128(2))])));
        }
        let marked = client_search_words::table
            .filter(client_search_words::word.like("word%"))
            .order(client_search_words::word)
            .select((client_search_words::word, client_search_words::studio_marks));
        let unknown: Vec<(String, i64)> = marked.load(&mut db).unwrap();
        assert!(unknown.iter().all(|(_, marks)| *marks == -1), "{unknown:?}");

        let (up, down) = migration(engine);
        db.batch_execute(down).unwrap();
        db.batch_execute(up).unwrap();
        assert_eq!(marked.load::<(String, i64)>(&mut db).unwrap(), expected);
    }
}
