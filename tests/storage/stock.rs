//! What was used on whom: stored whatever rules say, corrected without loss, found again by lot and by product.

use serde_json::{Value, json};
use stipple_shared::Error;
use stipple_shared::domain::trace::Certainty;
use stipple_shared::domain::{HealedAs, Instant, LotId, ProductId, SessionId, TaskState};
use stipple_shared::storage::lots::{Lot, LotFilter};
use stipple_shared::storage::paging::PageRequest;
use stipple_shared::storage::pigment_records::{PigmentRecord, PigmentRecordFilter};
use stipple_shared::storage::products::{Product, ProductFilter};
use stipple_shared::storage::{Scope, lot_uses};
use stipple_test_support::engines;

use crate::shop::{Shop, first_page, pointers, read, reason, refusal};

#[test]
fn products_and_lots_have_one_name_each() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let grey = shop.product("pigment", "Shade 1");
        shop.product("diluent", "Shade 1");
        let again = read(json!({
            "kind": "pigment", "maker": "Sample Inks", "brand": "Grey", "shade": "Shade 1",
        }));
        let (code, conflicts) = refusal(shop.write(move |tx| Product::add(tx, &again)));
        assert_eq!(
            (code, conflicts),
            ("product_taken", vec![json!({"id": grey})])
        );

        let lot = shop.lot(grey, json!({"code": "K-1"}));
        shop.lot(grey, json!({"code": "K-1", "batch_code": "B"}));
        shop.lot(grey, json!({"no_code_reason": "Nothing is printed."}));
        shop.lot(grey, json!({"no_code_reason": "Nothing is printed."}));
        let again = read(json!({"product_id": grey, "code": "K-1"}));
        let (code, conflicts) = refusal(shop.write(move |tx| Lot::add(tx, &again)));
        assert_eq!(
            (code, conflicts),
            ("lot_code_taken", vec![json!({"id": lot})])
        );
        let nowhere = read(json!({"product_id": ProductId::new(), "code": "K-1"}));
        let unknown = shop.write(move |tx| Lot::add(tx, &nowhere)).unwrap_err();
        assert_eq!(pointers(unknown), ["/product_id"]);

        let filter = LotFilter {
            product_id: Some(grey),
            ..LotFilter::default()
        };
        let page = shop.read(|db| Lot::list(db, &filter, &first_page(3)));
        assert_eq!(page.rows.len(), 3);
        let next = PageRequest {
            after: page.next,
            ..first_page(3)
        };
        let page = shop.read(|db| Lot::list(db, &filter, &next));
        assert_eq!((page.rows.len(), page.next), (1, None));
    }
}

#[test]
fn a_patch_clears_sets_and_leaves() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let product = shop.product("pigment", "Shade 1");
        let change = |patch: Value, expected| {
            let patch = read(patch);
            shop.write(move |tx| Product::change(tx, product, expected, &patch))
        };
        change(
            json!({"label": {"sterile": true}, "period_after_opening_days": 365}),
            Some(1),
        )
        .unwrap();
        let changed = change(
            json!({"shade": null, "label": {"nickel_statement": false}}),
            Some(2),
        )
        .unwrap();
        assert_eq!(changed.shade, None);
        assert_eq!(changed.period_after_opening_days, Some(365));
        assert_eq!(
            (changed.label.sterile, changed.label.nickel_statement),
            (Some(true), Some(false))
        );
        assert!(matches!(
            change(json!({"active": false}), Some(2)),
            Err(Error::Stale { current: 3 })
        ));
        change(json!({"active": false}), None).unwrap();
        let filter = ProductFilter {
            active: Some(true),
            ..ProductFilter::default()
        };
        assert!(
            shop.read(|db| Product::list(db, &filter, &first_page(9)))
                .rows
                .is_empty()
        );

        let lot = shop.lot(product, json!({"code": "K-1", "expires_on": "2027-06-01"}));
        let change = |patch: Value| {
            let patch = read(patch);
            shop.write(move |tx| Lot::change(tx, lot, None, &patch))
        };
        let unexplained = change(json!({"state": "quarantined"})).unwrap_err();
        assert_eq!(pointers(unexplained), ["/state_reason"]);
        change(json!({"state": "quarantined", "state_reason": "The seal was broken."})).unwrap();
        // The reason for holding it back doesn't explain why it's gone.
        assert!(change(json!({"state": "discarded"})).is_err());
        let released = change(json!({"state": "available", "expires_on": null})).unwrap();
        assert_eq!(
            (
                released.state_reason,
                released.expires_on,
                released.expiry_precision
            ),
            (None, None, None)
        );
    }
}

#[test]
fn what_happened_is_stored_with_what_is_wrong_about_it() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let pigment = shop.product("pigment", "Shade 1");
        let good = shop.lot(
            pigment,
            json!({"code": "K-1", "expires_on": "2026-11-01", "expiry_precision": "month"}),
        );
        let by_the_book = shop
            .record(shop.new_record(json!({"lot_id": good})))
            .unwrap();
        assert!(by_the_book.nonconformities.is_empty());
        assert_eq!(by_the_book.client_id, shop.client);
        assert_eq!(by_the_book.practitioner_id, shop.practitioner);
        assert_eq!(by_the_book.licence_number.as_deref(), Some("L-100"));
        assert!(shop.tasks(TaskState::Open).is_empty());

        // Nine in the evening of 25 November at the studio: expired since the day before.
        let expired = shop.lot(pigment, json!({"code": "K-2", "expires_on": "2026-11-24"}));
        let record = shop
            .record(shop.new_record(json!({"lot_id": expired})))
            .unwrap();
        assert_eq!(record.nonconformities[0].code.as_str(), "lot_expired");
        let tasks = shop.tasks(TaskState::Open);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0].session_id, Some(shop.session));
        assert_eq!(
            Value::Object(tasks[0].detail.0.clone()),
            json!({"pigment_record_id": record.id, "codes": ["lot_expired"]})
        );

        let mut early = shop.new_record(json!({"lot_id": expired}));
        early["occurred_at"] = json!("2026-11-23T09:00:00Z");
        early["label_information_given_at"] = json!("2026-11-23T08:00:00Z");
        let from_paper = shop.record(early.clone()).unwrap();
        assert!(from_paper.nonconformities.is_empty());
        assert_eq!(from_paper.recorded_at, shop.clock.now());

        early["occurred_at"] = json!("2026-11-26T09:00:00Z");
        assert_eq!(pointers(shop.record(early).unwrap_err()), ["/occurred_at"]);
        let mut nowhere = shop.new_record(json!({"lot_id": LotId::new()}));
        nowhere["needle"] =
            json!({"lot": {"unknown_lot_reason": "Thrown away.", "product_id": ProductId::new()}});
        assert_eq!(
            pointers(shop.record(nowhere).unwrap_err()),
            ["/mix/pigments/0/lot_id", "/needle/lot/product_id"]
        );
    }
}

#[test]
fn a_correction_takes_the_place_of_what_was_wrong() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let pigment = shop.product("pigment", "Shade 1");
        let recalled = shop.lot(pigment, json!({"code": "K-1", "state": "recalled", "state_reason": "The maker called it back."}));
        let good = shop.lot(pigment, json!({"code": "K-2"}));
        let mut body = shop.new_record(json!({"lot_id": recalled}));
        body["occurred_at"] = json!("2026-11-25T07:00:00Z");
        body["label_information_given_at"] = json!("2026-11-25T06:00:00Z");
        let wrong = shop.record(body).unwrap();
        let verdict = HealedAs::LighterThanIntended;
        let id = wrong.id;
        shop.write(move |tx| PigmentRecord::judge_healed(tx, id, None, verdict))
            .unwrap();

        let mut right = shop.new_record(json!({"lot_id": good}));
        right["label_information_given_at"] = json!("2026-11-25T06:00:00Z");
        let second = shop.amend(wrong.id, right.clone()).unwrap();
        assert_eq!(second.amends_record_id, Some(wrong.id));
        assert_eq!(
            second.occurred_at,
            Instant::parse("2026-11-25T07:00:00Z").unwrap()
        );
        assert_eq!(second.healed_as, Some(verdict));
        assert!(second.nonconformities.is_empty());
        assert_eq!(
            shop.read(|db| PigmentRecord::find_in(db, &Scope::all(), id))
                .amended_by_record_id,
            Some(second.id)
        );
        assert!(shop.tasks(TaskState::Open).is_empty());
        assert_eq!(shop.tasks(TaskState::Done).len(), 1);

        let third = shop.amend(second.id, right.clone()).unwrap();
        let newest = vec![json!({"id": third.id})];
        assert_eq!(
            refusal(shop.amend(wrong.id, right.clone())),
            ("already_amended", newest.clone())
        );
        assert_eq!(
            refusal(shop.write(move |tx| PigmentRecord::void(tx, id, None, &reason()))),
            ("already_amended", newest)
        );
        let mut elsewhere = right.clone();
        elsewhere["session_id"] = json!(SessionId::new());
        assert_eq!(
            pointers(shop.amend(third.id, elsewhere).unwrap_err()),
            ["/record/session_id"]
        );

        let id = third.id;
        let voided = shop
            .write(move |tx| PigmentRecord::void(tx, id, Some(1), &reason()))
            .unwrap();
        let again = shop
            .write(move |tx| PigmentRecord::void(tx, id, Some(1), &reason()))
            .unwrap();
        assert_eq!((voided.version, again.version), (2, 2));
        assert_eq!(refusal(shop.amend(id, right)).0, "record_voided");
        let filter = PigmentRecordFilter {
            lot_id: Some(good),
            ..PigmentRecordFilter::default()
        };
        let listed =
            shop.read(|db| PigmentRecord::list(db, &Scope::all(), &filter, &first_page(9)));
        assert_eq!(listed.rows.len(), 2);
    }
}

#[test]
fn a_trace_misses_no_use() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let grey = shop.product("pigment", "Shade 1");
        let black = shop.product("pigment", "Shade 2");
        let first = shop.lot(grey, json!({"code": "K-1"}));
        let second = shop.lot(grey, json!({"code": "K-2"}));
        let bare = shop.lot(grey, json!({"no_code_reason": "Nothing is printed."}));
        let other = shop.lot(black, json!({"code": "K-1"}));
        let record = |pigment: Value| shop.record(shop.new_record(pigment)).unwrap().id;
        let why = "The bottle was thrown away.";
        let of_first = record(json!({"lot_id": first}));
        let of_second = record(json!({"lot_id": second}));
        let of_bare = record(json!({"lot_id": bare}));
        record(json!({"lot_id": other}));
        let of_product = record(json!({"unknown_lot_reason": why, "product_id": grey}));
        record(json!({"unknown_lot_reason": why, "product_id": black}));
        let of_nothing_known = record(json!({"unknown_lot_reason": why}));

        use Certainty::{Exposed, Possible};
        assert_eq!(
            shop.uses_of_lot(first),
            [
                (of_first, Exposed),
                (of_bare, Possible),
                (of_product, Possible),
                (of_nothing_known, Possible)
            ]
        );
        assert_eq!(
            shop.uses_of_product(grey),
            [
                (of_first, Exposed),
                (of_second, Exposed),
                (of_bare, Exposed),
                (of_product, Exposed),
                (of_nothing_known, Possible)
            ]
        );

        // In another place than it belongs in it's found all the same, and a voided or amended record says so.
        let mut body = shop.new_record(json!({"lot_id": other}));
        body["mix"]["diluent"] = json!({"lot_id": first});
        let as_diluent = shop.record(body.clone()).unwrap().id;
        shop.amend(as_diluent, body).unwrap();
        shop.write(move |tx| PigmentRecord::void(tx, of_first, None, &reason()))
            .unwrap();
        let uses = shop
            .read(|db| lot_uses::of_lot(db, &Scope::all(), first, &first_page(50)))
            .rows;
        assert_eq!(uses.len(), 6);
        assert!(uses[0].voided && !uses[0].amended);
        assert_eq!(uses[4].kind.as_str(), "diluent");
        assert!(uses[4].amended && !uses[5].amended);

        let page = shop.read(|db| lot_uses::of_lot(db, &Scope::all(), first, &first_page(5)));
        assert_eq!(page.rows.len(), 5);
        let next = PageRequest {
            after: page.next,
            ..first_page(5)
        };
        let page = shop.read(|db| lot_uses::of_lot(db, &Scope::all(), first, &next));
        assert_eq!((page.rows.len(), page.next), (1, None));
    }
}
