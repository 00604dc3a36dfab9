//! What was used on whom: stored whatever rules say, corrected without loss, found again by lot and by product.

use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stipple_shared::domain::record::NewPigmentRecord;
use stipple_shared::domain::text::Reason;
use stipple_shared::domain::trace::Certainty;
use stipple_shared::domain::{
    ClientId, HealedAs, Instant, LotId, PigmentRecordId, PractitionerId, ProductId, SessionId,
    SessionKind, SessionState, StudioId, TaskState,
};
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::lot_uses::{self, LotUseTrace};
use stipple_shared::storage::lots::{Lot, LotFilter};
use stipple_shared::storage::paging::{Page, PageRequest};
use stipple_shared::storage::pigment_records::{PigmentRecord, PigmentRecordFilter};
use stipple_shared::storage::practitioners::Practitioner;
use stipple_shared::storage::products::{Product, ProductFilter};
use stipple_shared::storage::schema::sessions;
use stipple_shared::storage::studios::Studio;
use stipple_shared::storage::tasks::{Task, TaskFilter, TaskView};
use stipple_shared::storage::{Db, Store, Tx, WriteContext};
use stipple_shared::{Error, Result};
use stipple_test_support::{Engine, TestClock, TestDatabase, engines};

/// A studio with a client who is there for a treatment.
struct Shop {
    store: Store,
    clock: TestClock,
    studio: StudioId,
    client: ClientId,
    practitioner: PractitionerId,
    session: SessionId,
    _database: TestDatabase,
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn reason() -> Reason {
    Reason::literal("Written down wrongly.")
}

fn first_page(limit: usize) -> PageRequest {
    PageRequest {
        limit,
        after: None,
        updated_since: None,
    }
}

fn pointers(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(fields) => fields.into_iter().map(|field| field.pointer).collect(),
        other => panic!("not invalid but {other:?}"),
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (&'static str, Vec<Value>) {
    match result {
        Err(Error::Refused {
            code, conflicts, ..
        }) => (code, conflicts),
        other => panic!("not refused but {other:?}"),
    }
}

impl Shop {
    fn open(engine: Engine) -> Self {
        let database = TestDatabase::create(engine);
        let clock = TestClock::new();
        let store = database.open(clock.clock());
        let (studio, client, practitioner) = store
            .write_blocking(WriteContext::worker(), |tx| {
                let studio = Studio::open(
                    tx,
                    &read(json!({
                        "name": "Studio North", "sender_name": "Studio North",
                        "time_zone": "Pacific/Auckland", "opening_hours": [],
                    })),
                )?;
                let client = Client::register(
                    tx,
                    &read(json!({"studio_id": studio.id, "given_name": "Alex", "family_name": "Sample"})),
                )?;
                let practitioner = Practitioner::add(
                    tx,
                    &read(json!({"name": "Robin Example", "licence_number": "L-100", "working_hours": []})),
                )?;
                Ok((studio.id, client.id, practitioner.id))
            })
            .unwrap();
        let session = SessionId::new();
        let starts_at = clock.now();
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(session),
                sessions::studio_id.eq(studio),
                sessions::client_id.eq(client),
                sessions::kind.eq(SessionKind::Treatment),
                sessions::state.eq(SessionState::Arrived),
                sessions::practitioner_id.eq(practitioner),
                sessions::duration_minutes.eq(180),
                sessions::starts_at.eq(starts_at),
                sessions::ends_at.eq(starts_at + chrono::TimeDelta::hours(3)),
                sessions::blocked_until.eq(starts_at + chrono::TimeDelta::hours(3)),
                sessions::schedule_version.eq(1_i64),
                sessions::overrides.eq("[]"),
                sessions::nonconformities.eq("[]"),
                sessions::version.eq(1_i64),
                sessions::change.eq(0_i64),
                sessions::created_at.eq(starts_at),
                sessions::updated_at.eq(starts_at),
            ))
            .execute(&mut database.connect())
            .unwrap();
        Self {
            store,
            clock,
            studio,
            client,
            practitioner,
            session,
            _database: database,
        }
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.store.write_blocking(WriteContext::worker(), write)
    }

    fn read<T>(&self, look: impl FnOnce(&mut Db) -> Result<T>) -> T {
        self.store.read_blocking(look).unwrap()
    }

    fn product(&self, kind: &str, shade: &str) -> ProductId {
        let new =
            read(json!({"kind": kind, "maker": "Sample Inks", "brand": "Grey", "shade": shade}));
        self.write(move |tx| Product::add(tx, &new)).unwrap().id
    }

    fn lot(&self, product: ProductId, more: Value) -> LotId {
        let mut body = json!({"product_id": product});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let new = read(body);
        self.write(move |tx| Lot::add(tx, &new)).unwrap().id
    }

    /// A record by the book with this pigment.
    fn new_record(&self, pigment: Value) -> Value {
        json!({
            "session_id": self.session,
            "zones": [{"zone": "crown", "density_percent": 30, "layer": 1}],
            "mix": {"pigments": [pigment]},
            "label_information_given_at": self.clock.now(),
        })
    }

    fn record(&self, body: Value) -> Result<PigmentRecord> {
        let new: NewPigmentRecord = read(body);
        self.write(move |tx| PigmentRecord::record(tx, &new))
    }

    fn amend(&self, id: PigmentRecordId, body: Value) -> Result<PigmentRecord> {
        let new: NewPigmentRecord = read(body);
        self.write(move |tx| PigmentRecord::amend(tx, id, None, &new, &reason()))
    }

    fn tasks(&self, state: TaskState) -> Vec<Task> {
        let filter = TaskFilter {
            state: Some(state),
            client_id: Some(self.client),
            ..TaskFilter::default()
        };
        let view = TaskView {
            studio_ids: Some(vec![self.studio]),
            clinical: true,
        };
        self.read(|db| Task::list(db, &view, &filter, &first_page(50)))
            .rows
    }

    fn uses_of_lot(&self, id: LotId) -> Vec<(PigmentRecordId, Certainty)> {
        certainties(self.read(|db| lot_uses::of_lot(db, id, &first_page(50))))
    }

    fn uses_of_product(&self, id: ProductId) -> Vec<(PigmentRecordId, Certainty)> {
        certainties(self.read(|db| lot_uses::of_product(db, id, &first_page(50))))
    }
}

fn certainties(page: Page<LotUseTrace>) -> Vec<(PigmentRecordId, Certainty)> {
    page.rows
        .into_iter()
        .map(|one| (one.pigment_record_id, one.certainty))
        .collect()
}

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
            shop.read(|db| PigmentRecord::find(db, id))
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
        let listed = shop.read(|db| PigmentRecord::list(db, &filter, &first_page(9)));
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
            .read(|db| lot_uses::of_lot(db, first, &first_page(50)))
            .rows;
        assert_eq!(uses.len(), 6);
        assert!(uses[0].voided && !uses[0].amended);
        assert_eq!(uses[4].kind.as_str(), "diluent");
        assert!(uses[4].amended && !uses[5].amended);

        let page = shop.read(|db| lot_uses::of_lot(db, first, &first_page(5)));
        assert_eq!(page.rows.len(), 5);
        let next = PageRequest {
            after: page.next,
            ..first_page(5)
        };
        let page = shop.read(|db| lot_uses::of_lot(db, first, &next));
        assert_eq!((page.rows.len(), page.next), (1, None));
    }
}
