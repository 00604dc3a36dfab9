//! By what products' names are compared: also those that an older release or a shell stored.

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::json;
use stipple_shared::domain::ProductId;
use stipple_shared::domain::lot_key::LotKey;
use stipple_shared::domain::product_key::ProductKey;
use stipple_shared::domain::text::{LotCode, Name};
use stipple_shared::domain::trace::Certainty;
use stipple_shared::storage::lots::Lot;
use stipple_shared::storage::products::Product;
use stipple_shared::storage::schema::{lots, products};
use stipple_shared::storage::{Db, Store};
use stipple_test_support::{Engine, TestClock, TestDatabase, engines};

use crate::migrations::{rows, with_ids};
use crate::shop::{Shop, read, refusal};

/// Brands as people wrote them before, with what each product is compared by.
const STORED: [(&str, &str); 4] = [
    ("Nero", "inkag nero n1"),
    ("NERO", "inkag nero n1"),
    ("Ne ro", "inkag nero n1"),
    ("Grey", "inkag grey n1"),
];

fn product(number: usize, brand: &str, engine: Engine) -> String {
    let statement = format!(
        "INSERT INTO products (id, kind, maker, brand, shade, label, active, version, change, created_at, updated_at) \
         VALUES (id({}), 'pigment', 'Ink AG', '{brand}', 'N1', '{{}}', TRUE, 1, {number}, 0, 0);",
        60 + number
    );
    with_ids(&statement, engine)
}

fn keys(db: &mut Db) -> Vec<(String, Option<String>)> {
    products::table
        .order(products::change)
        .select((products::brand, products::name_key))
        .load(db)
        .unwrap()
}

#[test]
fn products_stored_without_keys_get_them_when_the_data_is_opened_and_twins_stay() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        for (number, (brand, _)) in STORED.iter().enumerate() {
            db.batch_execute(&product(number, brand, engine)).unwrap();
        }
        assert!(keys(&mut db).iter().all(|(_, key)| key.is_none()));
        let expected: Vec<(String, Option<String>)> = STORED
            .into_iter()
            .map(|(brand, key)| (brand.to_owned(), Some(key.to_owned())))
            .collect();
        drop(database.open(TestClock::new().clock()));
        assert_eq!(keys(&mut db), expected);

        // An older release that still runs changes a name and knows nothing of its key.
        db.batch_execute("UPDATE products SET brand = 'Rosso' WHERE brand = 'Grey'")
            .unwrap();
        drop(database.open(TestClock::new().clock()));
        assert_eq!(
            keys(&mut db).last(),
            Some(&("Rosso".to_owned(), Some("inkag rosso n1".to_owned())))
        );
    }
}

#[test]
fn the_migration_brings_back_the_keys_of_what_it_finds() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        db.batch_execute(&rows(engine)).unwrap();
        Store::migrate(&database.url()).unwrap();
        let found = keys(&mut db);
        assert_eq!(
            found,
            [("Grey".to_owned(), Some("sampleinks grey".to_owned()))]
        );
    }
}

/// A shop whose product was entered twice before names were compared as they are now.
struct Twice {
    shop: Shop,
    one: ProductId,
    other: ProductId,
}

impl Twice {
    fn open(engine: Engine) -> Self {
        let shop = Shop::open(engine);
        let one = shop.product("pigment", "Shade 1");
        let other = shop.product("pigment", "Shade 2");
        shop.write(move |tx| {
            let shade = Name::literal("SHADE 1");
            let key = ProductKey::of(
                &Name::literal("Sample Inks"),
                &Name::literal("Grey"),
                Some(&shade),
            );
            diesel::update(products::table.find(other))
                .set((products::shade.eq(shade), products::name_key.eq(key)))
                .execute(tx.db)?;
            Ok(())
        })
        .unwrap();
        Self { shop, one, other }
    }
}

#[test]
fn a_product_that_was_entered_twice_is_one_product_to_a_recall() {
    for engine in engines() {
        let twice = Twice::open(engine);
        let shop = &twice.shop;
        let third = shop.product("pigment", "Shade 3");
        let insert = |product: ProductId, code: &str| shop.lot(product, json!({"code": code}));
        let lots = [insert(twice.one, "AB-1"), insert(twice.other, "AB-2")];
        let elsewhere = insert(third, "AB-1");
        let records = lots.map(|lot| {
            let body = shop.new_record(json!({"lot_id": lot}));
            shop.record(body).unwrap().id
        });
        let unknown_lot = shop
            .record(shop.new_record(json!({
                "product_id": twice.other, "unknown_lot_reason": "The label was torn.",
            })))
            .unwrap()
            .id;
        shop.record(shop.new_record(json!({"lot_id": elsewhere})))
            .unwrap();
        for asked in [twice.one, twice.other] {
            let all = [records[0], records[1], unknown_lot];
            assert_eq!(
                shop.uses_of_product(asked),
                all.map(|record| (record, Certainty::Exposed))
            );
        }
        // A use whose lot isn't known may have been of the lot, whichever entry of the product it names.
        assert_eq!(
            shop.uses_of_lot(lots[0]),
            [
                (records[0], Certainty::Exposed),
                (unknown_lot, Certainty::Possible)
            ]
        );
        assert_eq!(shop.uses_of_lot(elsewhere).len(), 1);
    }
}

#[test]
fn a_product_that_was_entered_twice_gets_no_second_lot_of_a_code_and_can_still_be_put_away() {
    for engine in engines() {
        let twice = Twice::open(engine);
        let shop = &twice.shop;
        let lot = shop.lot(twice.one, json!({"code": "AB-1"}));
        let again = read(json!({"product_id": twice.other, "code": "ab-1"}));
        let (code, conflicts) = refusal(shop.write(move |tx| Lot::add(tx, &again)));
        assert_eq!(
            (code, conflicts),
            ("lot_code_taken", vec![json!({"id": lot})])
        );
        let other = twice.other;
        let patch = read(json!({"active": false}));
        let put_away = shop
            .write(move |tx| Product::change(tx, other, None, &patch))
            .unwrap();
        assert!(!put_away.active);
        let patch = read(json!({"shade": "Shade 4"}));
        shop.write(move |tx| Product::change(tx, other, None, &patch))
            .unwrap();
        // But what makes the names the same anew is refused.
        let patch = read(json!({"shade": "shade 1"}));
        let refused = refusal(shop.write(move |tx| Product::change(tx, other, None, &patch)));
        assert_eq!(refused, ("product_taken", vec![json!({"id": twice.one})]));
    }
}

#[test]
fn each_entry_of_an_opened_bottle_is_judged_by_its_own_products_days() {
    for engine in engines() {
        let twice = Twice::open(engine);
        let shop = &twice.shop;
        let days_ago = |days: i64| {
            (shop.clock.now() - TimeDelta::days(days))
                .utc()
                .date_naive()
        };
        let own = shop.lot(twice.one, json!({"code": "AB-1"}));
        let other = shop.lot(
            twice.other,
            json!({"code": "AB-2", "opened_on": days_ago(60)}),
        );
        // It was entered under both products before codes were compared as they are now.
        let code = LotCode::literal("AB-1");
        shop.write(move |tx| {
            diesel::update(lots::table.find(other))
                .set((lots::code.eq(&code), lots::code_key.eq(LotKey::of(&code))))
                .execute(tx.db)?;
            Ok(())
        })
        .unwrap();
        let lasts = |product: ProductId, days: i64| {
            let patch = read(json!({"period_after_opening_days": days}));
            shop.write(move |tx| Product::change(tx, product, None, &patch))
                .unwrap();
        };
        let is_over = || {
            let facts = shop.read(|db| Lot::facts(db, &[own]));
            let (_, facts) = facts[&own];
            let today = days_ago(0);
            facts
                .opening
                .is_some_and(|opening| opening.is_over_on(today))
        };
        for (own_days, other_days, expected) in [(365, 30, true), (30, 365, false)] {
            lasts(twice.one, own_days);
            lasts(twice.other, other_days);
            assert_eq!(is_over(), expected, "{own_days} and {other_days}");
        }
    }
}
