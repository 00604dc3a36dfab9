//! By what lot codes are compared: also those that an older release or a shell stored.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::{Value, json};
use stipple_shared::domain::lot_key::{LotKey, lot_key};
use stipple_shared::domain::text::LotCode;
use stipple_shared::domain::trace::Certainty;
use stipple_shared::domain::{LotId, LotState, PigmentRecordId, ProductId};
use stipple_shared::storage::lots::{Lot, LotFilter};
use stipple_shared::storage::schema::lots;
use stipple_shared::storage::{Db, Store};
use stipple_test_support::{Engine, TestClock, TestDatabase, engines};

use crate::migrations::{rows, with_ids};
use crate::shop::{Shop, first_page, read, refusal};

/// Codes as people wrote them before, with what each is compared by.
const STORED: [(&str, &str); 6] = [
    ("AB-1", "ab-1"),
    ("Ab-1", "ab-1"),
    ("ab \u{2013} 1", "ab-1"),
    ("ÄRZTE 7", "ärzte7"),
    ("ａ\u{ff0d}Ω", "a-ω"),
    ("K2291/07", "k2291/07"),
];

fn lot(number: usize, code: &str, engine: Engine) -> String {
    let statement = format!(
        "INSERT INTO lots (id, product_id, code, state, version, change, created_at, updated_at) \
         VALUES (id({}), id(2), '{code}', 'available', 1, {number}, 0, 0);",
        60 + number
    );
    with_ids(&statement, engine)
}

fn keys(db: &mut Db) -> Vec<(String, Option<String>)> {
    lots::table
        .filter(lots::code.is_not_null())
        .order(lots::change)
        .select((lots::code.assume_not_null(), lots::code_key))
        .load(db)
        .unwrap()
}

fn found(store: &Store, code: &str) -> usize {
    let filter = LotFilter {
        code: Some(LotCode::parse(code).unwrap()),
        ..LotFilter::default()
    };
    let page = store
        .read_blocking(|db| Lot::list(db, &filter, &first_page(50)))
        .unwrap();
    page.rows.len()
}

#[test]
fn codes_stored_without_keys_get_them_when_the_data_is_opened() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        db.batch_execute("DELETE FROM lots").unwrap();
        let product = "INSERT INTO products (id, kind, maker, brand, label, active, version, change, created_at, updated_at)
            VALUES (id(2), 'pigment', 'Maker', 'Brand', '{}', TRUE, 1, 1, 0, 0);";
        db.batch_execute(&with_ids(product, engine)).unwrap();
        for (number, (code, _)) in STORED.iter().enumerate() {
            db.batch_execute(&lot(number, code, engine)).unwrap();
        }
        let expected = || -> Vec<(String, Option<String>)> {
            let pair = |(code, key): (&str, &str)| (code.to_owned(), Some(key.to_owned()));
            STORED.into_iter().map(pair).collect()
        };
        for (code, key) in keys(&mut db) {
            assert_eq!(key, None, "{code}");
        }
        let store = database.open(TestClock::new().clock());
        assert_eq!(keys(&mut db), expected());
        assert_eq!(found(&store, "AB - 1"), 3);
        assert_eq!(found(&store, "ärzte7"), 1);
        drop(store);

        // An older release that still runs changes a code and knows nothing of its key.
        db.batch_execute("UPDATE lots SET code = 'K2291/08' WHERE code = 'K2291/07'")
            .unwrap();
        let store = database.open(TestClock::new().clock());
        assert_eq!(
            (found(&store, "k2291/07"), found(&store, "k2291/08")),
            (0, 1)
        );
        for (code, key) in keys(&mut db) {
            assert_eq!(key, Some(lot_key(&code)));
        }
    }
}

#[test]
fn the_migration_brings_back_the_keys_of_what_it_finds() {
    for engine in engines() {
        let database = TestDatabase::create(engine);
        let mut db = database.connect();
        db.batch_execute(&rows(engine)).unwrap();
        Store::migrate(&database.url()).unwrap();
        let before = keys(&mut db);
        assert!(!before.is_empty());
        for (code, key) in before {
            assert_eq!(key, Some(lot_key(&code)));
        }
    }
}

/// A shop whose lot was entered twice before codes were compared as they are now.
struct Twice {
    shop: Shop,
    product: ProductId,
    one: LotId,
    other: LotId,
}

impl Twice {
    fn open(engine: Engine) -> Self {
        let shop = Shop::open(engine);
        let product = shop.product("pigment", "Shade 1");
        let one = shop.lot(product, json!({"code": "AB-1"}));
        let other = shop.lot(product, json!({"code": "AB-2"}));
        shop.write(move |tx| {
            let code = LotCode::literal("Ab-1");
            let key = LotKey::of(&code);
            diesel::update(lots::table.find(other))
                .set((lots::code.eq(code), lots::code_key.eq(key)))
                .execute(tx.db)?;
            Ok(())
        })
        .unwrap();
        Self {
            shop,
            product,
            one,
            other,
        }
    }

    fn record(&self, lot: LotId) -> PigmentRecordId {
        let body = self.shop.new_record(json!({"lot_id": lot}));
        self.shop.record(body).unwrap().id
    }
}

#[test]
fn a_lot_that_was_entered_twice_is_one_lot_to_a_trace() {
    for engine in engines() {
        let twice = Twice::open(engine);
        let shop = &twice.shop;
        let third = shop.lot(twice.product, json!({"code": "AB-3"}));
        let batch = shop.lot(twice.product, json!({"code": "AB-1", "batch_code": "B"}));
        let records = [twice.record(twice.one), twice.record(twice.other)];
        twice.record(third);
        twice.record(batch);
        for asked in [twice.one, twice.other] {
            let expected = records.map(|record| (record, Certainty::Exposed));
            assert_eq!(shop.uses_of_lot(asked), expected);
        }
        assert_eq!(shop.uses_of_lot(third).len(), 1);
    }
}

#[test]
fn a_lot_that_was_entered_twice_can_still_be_called_back() {
    for engine in engines() {
        let twice = Twice::open(engine);
        let other = twice.other;
        let patch = read(json!({"state": "recalled", "state_reason": "The maker asks for it."}));
        let recalled = twice
            .shop
            .write(move |tx| Lot::change(tx, other, None, &patch))
            .unwrap();
        assert_eq!(recalled.state, LotState::Recalled);
        // But what makes the codes the same anew is refused.
        let patch = read(json!({"code": "aB-1"}));
        let (code, conflicts) = refusal(
            twice
                .shop
                .write(move |tx| Lot::change(tx, other, None, &patch)),
        );
        assert_eq!(
            (code, conflicts),
            ("lot_code_taken", vec![json!({"id": twice.one})])
        );
    }
}

#[test]
fn a_lot_that_was_called_back_under_its_other_id_is_not_used_unnoticed() {
    for engine in engines() {
        let twice = Twice::open(engine);
        let shop = &twice.shop;
        let batch = shop.lot(twice.product, json!({"code": "AB-1", "batch_code": "B"}));
        let black = shop.product("pigment", "Shade 2");
        let elsewhere = shop.lot(black, json!({"code": "AB-1"}));
        let found = |lot: LotId| -> Vec<String> {
            let record = shop
                .record(shop.new_record(json!({"lot_id": lot})))
                .unwrap();
            let codes = record.nonconformities.iter().map(|one| one.code.as_str());
            codes.map(str::to_owned).collect()
        };
        let change = |lot: LotId, patch: Value| {
            let patch = read(patch);
            shop.write(move |tx| Lot::change(tx, lot, None, &patch))
                .unwrap();
        };
        assert!(found(twice.one).is_empty());
        change(
            twice.other,
            json!({"state": "recalled", "state_reason": "The maker asks for it."}),
        );
        assert_eq!(found(twice.one), ["lot_recalled"]);
        assert_eq!(found(twice.other), ["lot_recalled"]);
        // Neither another batch nor another product's lot is it.
        assert!(found(batch).is_empty());
        assert!(found(elsewhere).is_empty());

        // Which of two entries is thrown away says nothing of the bottle.
        change(
            twice.other,
            json!({"state": "discarded", "state_reason": "Entered twice."}),
        );
        assert!(found(twice.one).is_empty());
        change(twice.other, json!({"expires_on": "2026-11-24"}));
        assert_eq!(found(twice.one), ["lot_expired"]);
    }
}
