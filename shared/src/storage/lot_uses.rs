//! The ground of a recall: who was treated with a lot or a product, and who may have been.
//!
//! A page costs as many queries as there are kinds of things in it, however many uses it has.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::Serialize;
use utoipa::ToSchema;

use super::clients::Client;
use super::exposures::{self, maybe_used};
use super::paging::{Page, PageRequest, load_page};
use super::pigment_records::PigmentRecord;
use super::practitioners::Practitioner;
use super::record_lots::RecordLot;
use super::schema::{
    clients, pigment_record_lots, pigment_records, practitioners, sessions, studios,
};
use super::sessions::Session;
use super::studios::Studio;
use super::{Db, Scope};
use crate::domain::pigment::Mix;
use crate::domain::safety_notice::Concerned;
use crate::domain::text::{EmailAddress, ExternalId, Language, Name, Telephone};
use crate::domain::trace::{Certainty, Traced};
use crate::domain::{
    ClientId, EmailState, Instant, LotId, PigmentRecordId, PractitionerId, ProductId, ProductKind,
    SessionId, SessionKind, SessionState, StudioId, Zone,
};
use crate::error::{Error, Result};

/// One record in which something was used, or may have been.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LotUseTrace {
    /// The record.
    pub pigment_record_id: PigmentRecordId,
    /// In which session.
    pub session_id: SessionId,
    /// On whom.
    pub client_id: ClientId,
    /// Where.
    pub studio_id: StudioId,
    /// By whom.
    pub practitioner_id: PractitionerId,
    /// As what it was used.
    pub kind: ProductKind,
    /// In which zones. Null where the key doesn't see the client.
    pub zones: Option<Vec<Zone>>,
    /// When. Null where the key doesn't see the client.
    pub occurred_at: Option<Instant>,
    /// Whether the record was taken back, as one on the wrong client is.
    pub voided: bool,
    /// Whether another record has taken this one's place: what counts is the newest.
    pub amended: bool,
    /// How sure it is.
    pub certainty: Certainty,
    /// What was mixed, thinned with what and how far. Null where the key doesn't see the client.
    pub mix: Option<Mix>,
    /// Who the client is and how they're reached. Null where the key doesn't see them: a trace reaches all studios, and
    /// another studio's clients are told by that one.
    pub client: Option<TracedClient>,
    /// When it took place and what for. Null where the key doesn't see the session.
    pub session: Option<TracedSession>,
    /// The studio's name. Null where the key doesn't see it.
    pub studio_name: Option<Name>,
    /// The practitioner's name. Null where the key doesn't see them.
    pub practitioner_name: Option<Name>,
    /// Their licence number as it was then. Null where the key doesn't see them.
    pub licence_number: Option<Name>,
}

/// Whom a recall has to reach, and how.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TracedClient {
    /// Another system's name for them.
    pub external_id: Option<ExternalId>,
    /// Given name.
    pub given_name: Name,
    /// Family name.
    pub family_name: Name,
    /// What they like to be called.
    pub preferred_name: Option<Name>,
    /// Where their mails go.
    pub email: Option<EmailAddress>,
    /// What is known of the address: one that bounced reaches nobody.
    pub email_state: EmailState,
    /// Their number.
    pub telephone: Option<Telephone>,
    /// The language of their mails.
    pub language: Option<Language>,
    /// When they were taken off the list, where they were: a recall concerns them all the same.
    pub deleted_at: Option<Instant>,
    /// When who they are was erased, where it was: they count, and can't be reached any more.
    pub erased_at: Option<Instant>,
}

/// In what something was used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TracedSession {
    /// On which day, by the studio's clock: when it took place, or, until that is told, when it's booked for.
    pub date: NaiveDate,
    /// What for.
    pub kind: SessionKind,
    /// Where it stands.
    pub state: SessionState,
    /// When it started, where it had a time.
    pub starts_at: Option<Instant>,
    /// When it ended, once it took place.
    pub completed_at: Option<Instant>,
}

/// A page of the uses of a lot. A lot that isn't known, or had no code, may have been this one.
pub fn of_lot(
    db: &mut Db,
    scope: &Scope,
    id: LotId,
    page: &PageRequest,
) -> Result<Page<LotUseTrace>> {
    clients_exposed(db, scope, Concerned::Lot(id), page)
}

/// A page of the uses of a product, all its lots. A product that isn't known may have been this one.
pub fn of_product(
    db: &mut Db,
    scope: &Scope,
    id: ProductId,
    page: &PageRequest,
) -> Result<Page<LotUseTrace>> {
    clients_exposed(db, scope, Concerned::Product(id), page)
}

fn clients_exposed(
    db: &mut Db,
    scope: &Scope,
    what: Concerned,
    page: &PageRequest,
) -> Result<Page<LotUseTrace>> {
    use pigment_record_lots as used;

    let traced = exposures::traced(db, what)?;
    let candidates = maybe_used!(&traced).select(used::record_id);
    let query = pigment_records::table
        .filter(pigment_records::id.eq_any(candidates))
        .into_boxed();
    let records: Page<PigmentRecord> = load_page!(db, pigment_records, PigmentRecord, query, page)?;

    let ids: Vec<PigmentRecordId> = records.rows.iter().map(|record| record.id).collect();
    let mut judged: HashMap<PigmentRecordId, (Certainty, ProductKind)> = HashMap::new();
    let rows: Vec<RecordLot> = used::table
        .filter(used::record_id.eq_any(ids))
        .order((used::record_id, used::position))
        .select(RecordLot::as_select())
        .load(db)?;
    for row in rows {
        let Some(certainty) = traced.certainty(row.kind, row.product_id, row.lot_id) else {
            continue;
        };
        let best = judged.entry(row.record_id).or_insert((certainty, row.kind));
        if certainty < best.0 {
            *best = (certainty, row.kind);
        }
    }
    let around = Around::of(db, scope, &records.rows)?;
    let told = |record: PigmentRecord| {
        let (certainty, kind) = judged
            .get(&record.id)
            .copied()
            .unwrap_or((Certainty::Possible, traced.kind));
        around.tell(record, certainty, kind)
    };
    Ok(Page {
        rows: records.rows.into_iter().map(told).collect::<Result<_>>()?,
        next: records.next,
        latest_change: records.latest_change,
    })
}

/// What stands around the records of a page.
struct Around {
    clients: HashMap<ClientId, TracedClient>,
    sessions: HashMap<SessionId, Session>,
    studios: HashMap<StudioId, Studio>,
    practitioners: HashMap<PractitionerId, Name>,
    scope: Scope,
}

impl Around {
    fn of(db: &mut Db, scope: &Scope, records: &[PigmentRecord]) -> Result<Self> {
        let client_ids: Vec<ClientId> = records.iter().map(|record| record.client_id).collect();
        let mut seen_clients = clients::table
            .filter(clients::id.eq_any(client_ids))
            .into_boxed();
        if let Some(seen) = Client::seen(scope) {
            seen_clients = seen_clients.filter(seen);
        }
        let clients = seen_clients
            .select(Client::as_select())
            .load::<Client>(db)?
            .into_iter()
            .map(|client| (client.id, TracedClient::from(client)))
            .collect();
        let session_ids: Vec<SessionId> = records.iter().map(|record| record.session_id).collect();
        let mut seen_sessions = sessions::table
            .filter(sessions::id.eq_any(session_ids))
            .into_boxed();
        if let Some(seen) = Session::seen(scope) {
            seen_sessions = seen_sessions.filter(seen);
        }
        let sessions = seen_sessions
            .select(Session::as_select())
            .load::<Session>(db)?
            .into_iter()
            .map(|session| (session.id, session))
            .collect();
        let studio_ids: Vec<StudioId> = records.iter().map(|record| record.studio_id).collect();
        let studios = studios::table
            .filter(studios::id.eq_any(studio_ids))
            .select(Studio::as_select())
            .load::<Studio>(db)?
            .into_iter()
            .map(|studio| (studio.id, studio))
            .collect();
        let practitioner_ids: Vec<PractitionerId> = records
            .iter()
            .map(|record| record.practitioner_id)
            .collect();
        let mut seen_practitioners = practitioners::table
            .filter(practitioners::id.eq_any(practitioner_ids))
            .into_boxed();
        if let Some(seen) = Practitioner::seen(scope) {
            seen_practitioners = seen_practitioners.filter(seen);
        }
        let practitioners = seen_practitioners
            .select((practitioners::id, practitioners::name))
            .load::<(PractitionerId, Name)>(db)?
            .into_iter()
            .collect();
        Ok(Self {
            clients,
            sessions,
            studios,
            practitioners,
            scope: scope.clone(),
        })
    }

    fn tell(
        &self,
        record: PigmentRecord,
        certainty: Certainty,
        kind: ProductKind,
    ) -> Result<LotUseTrace> {
        let Some(studio) = self.studios.get(&record.studio_id) else {
            return Err(Error::internal("a record's studio is not stored"));
        };
        // A record is seen by whoever sees its client.
        let client = self.clients.get(&record.client_id).cloned();
        let is_seen = client.is_some();
        let session = self.sessions.get(&record.session_id);
        let sees_practitioner = self.practitioners.contains_key(&record.practitioner_id);
        let zones = record.zones.as_slice().iter().map(|one| one.zone);
        Ok(LotUseTrace {
            pigment_record_id: record.id,
            session_id: record.session_id,
            client_id: record.client_id,
            studio_id: record.studio_id,
            practitioner_id: record.practitioner_id,
            kind,
            zones: is_seen.then(|| zones.collect()),
            occurred_at: is_seen.then_some(record.occurred_at),
            voided: record.voided_at.is_some(),
            amended: record.amended_by_record_id.is_some(),
            certainty,
            mix: is_seen.then(|| record.mix.0.clone()),
            client,
            session: session.map(|session| TracedSession {
                date: session
                    .completed_at
                    .or(session.starts_at)
                    .unwrap_or(record.occurred_at)
                    .day_at(studio.time_zone.0),
                kind: session.kind,
                state: session.state,
                starts_at: session.starts_at,
                completed_at: session.completed_at,
            }),
            studio_name: self
                .scope
                .sees_studio(studio.id)
                .then(|| studio.name.clone()),
            practitioner_name: self.practitioners.get(&record.practitioner_id).cloned(),
            licence_number: record.licence_number.filter(|_| sees_practitioner),
        })
    }
}

impl From<Client> for TracedClient {
    fn from(client: Client) -> Self {
        Self {
            external_id: client.external_id,
            given_name: client.given_name,
            family_name: client.family_name,
            preferred_name: client.preferred_name,
            email: client.email,
            email_state: client.email_state,
            telephone: client.telephone,
            language: client.language,
            deleted_at: client.deleted_at,
            erased_at: client.erased_at,
        }
    }
}
