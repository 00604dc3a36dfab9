//! A studio with a client, products and lots, for the tests of what was used on whom.

use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stipple_shared::domain::record::NewPigmentRecord;
use stipple_shared::domain::text::Reason;
use stipple_shared::domain::trace::Certainty;
use stipple_shared::domain::{
    ClientId, LotId, PigmentRecordId, PractitionerId, ProductId, SessionId, SessionKind,
    SessionState, StudioId, TaskState,
};
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::lot_uses::{self, LotUseTrace};
use stipple_shared::storage::lots::Lot;
use stipple_shared::storage::paging::{Page, PageRequest};
use stipple_shared::storage::pigment_records::PigmentRecord;
use stipple_shared::storage::practitioners::Practitioner;
use stipple_shared::storage::products::Product;
use stipple_shared::storage::schema::sessions;
use stipple_shared::storage::studios::Studio;
use stipple_shared::storage::tasks::{Task, TaskFilter};
use stipple_shared::storage::{Db, Scope, Store, Tx, WriteContext};
use stipple_shared::{Error, Result};
use stipple_test_support::{Engine, TestClock, TestDatabase};

/// A studio with a client who is there for a treatment.
pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) clock: TestClock,
    pub(crate) studio: StudioId,
    pub(crate) client: ClientId,
    pub(crate) practitioner: PractitionerId,
    pub(crate) session: SessionId,
    _database: TestDatabase,
}

pub(crate) fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(crate) fn reason() -> Reason {
    Reason::literal("Written down wrongly.")
}

pub(crate) fn first_page(limit: usize) -> PageRequest {
    PageRequest {
        limit,
        after: None,
        updated_since: None,
    }
}

pub(crate) fn pointers(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(fields) => fields.into_iter().map(|field| field.pointer).collect(),
        other => panic!("not invalid but {other:?}"),
    }
}

pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (&'static str, Vec<Value>) {
    match result {
        Err(Error::Refused {
            code, conflicts, ..
        }) => (code, conflicts),
        other => panic!("not refused but {other:?}"),
    }
}

impl Shop {
    pub(crate) fn open(engine: Engine) -> Self {
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

    pub(crate) fn write<T: Send + 'static>(
        &self,
        write: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.store.write_blocking(WriteContext::worker(), write)
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&mut Db) -> Result<T>) -> T {
        self.store.read_blocking(look).unwrap()
    }

    pub(crate) fn product(&self, kind: &str, shade: &str) -> ProductId {
        let new =
            read(json!({"kind": kind, "maker": "Sample Inks", "brand": "Grey", "shade": shade}));
        self.write(move |tx| Product::add(tx, &new)).unwrap().id
    }

    pub(crate) fn lot(&self, product: ProductId, more: Value) -> LotId {
        let mut body = json!({"product_id": product});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let new = read(body);
        self.write(move |tx| Lot::add(tx, &new)).unwrap().id
    }

    /// A record by the book with this pigment.
    pub(crate) fn new_record(&self, pigment: Value) -> Value {
        json!({
            "session_id": self.session,
            "zones": [{"zone": "crown", "density_percent": 30, "layer": 1}],
            "mix": {"pigments": [pigment]},
            "label_information_given_at": self.clock.now(),
        })
    }

    pub(crate) fn record(&self, body: Value) -> Result<PigmentRecord> {
        let new: NewPigmentRecord = read(body);
        self.write(move |tx| PigmentRecord::record(tx, &new))
    }

    pub(crate) fn amend(&self, id: PigmentRecordId, body: Value) -> Result<PigmentRecord> {
        let new: NewPigmentRecord = read(body);
        self.write(move |tx| PigmentRecord::amend(tx, id, None, &new, &reason()))
    }

    pub(crate) fn tasks(&self, state: TaskState) -> Vec<Task> {
        let filter = TaskFilter {
            state: Some(state),
            client_id: Some(self.client),
            ..TaskFilter::default()
        };
        let scope = Scope::all().in_studios(Some(vec![self.studio]));
        self.read(|db| Task::list(db, &scope, &filter, &first_page(50)))
            .rows
    }

    pub(crate) fn uses_of_lot(&self, id: LotId) -> Vec<(PigmentRecordId, Certainty)> {
        certainties(self.read(|db| lot_uses::of_lot(db, &Scope::all(), id, &first_page(50))))
    }

    pub(crate) fn uses_of_product(&self, id: ProductId) -> Vec<(PigmentRecordId, Certainty)> {
        certainties(self.read(|db| lot_uses::of_product(db, &Scope::all(), id, &first_page(50))))
    }
}

pub(crate) fn certainties(page: Page<LotUseTrace>) -> Vec<(PigmentRecordId, Certainty)> {
    page.rows
        .into_iter()
        .map(|one| (one.pigment_record_id, one.certainty))
        .collect()
}
