//! Pigment records: append-only, each with what in it doesn't agree with a rule.

mod writing;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::columns::Json;
use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, load_page, resource};
use super::references::named;
use super::schema::{pigment_record_lots, pigment_records};
use super::scope::client_is_seen;
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use super::{Db, Scope, Tx};
use crate::domain::nonconformity::Nonconformity;
use crate::domain::pigment::{LotUse, Mix, Needle, Zones};
use crate::domain::record::NewPigmentRecord;
use crate::domain::retelling::Recorded;
use crate::domain::text::{ExternalId, Name, Note, Reason};
use crate::domain::{
    ClientId, HealedAs, Instant, LotId, PigmentRecordId, PractitionerId, ProductId, SessionId,
    StudioId,
};
use crate::error::{Error, Result};

/// What went into whom.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = pigment_records, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PigmentRecord {
    /// Its id.
    pub id: PigmentRecordId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// In which session.
    pub session_id: SessionId,
    /// Into whom.
    pub client_id: ClientId,
    /// Where.
    pub studio_id: StudioId,
    /// Who did it.
    pub practitioner_id: PractitionerId,
    /// Their licence number as it was then.
    pub licence_number: Option<Name>,
    /// The zones that were treated.
    #[schema(value_type = Zones)]
    pub zones: Json<Zones>,
    /// What was mixed.
    #[schema(value_type = Mix)]
    pub mix: Json<Mix>,
    /// What carried the pigment in.
    #[schema(value_type = Option<Needle>)]
    pub needle: Option<Json<Needle>>,
    /// What numbed the skin.
    #[schema(value_type = Option<LotUse>)]
    pub anaesthetic: Option<Json<LotUse>>,
    /// Which machine.
    pub machine: Option<Name>,
    /// The machine's strokes in a second.
    pub speed_hertz: Option<i32>,
    /// When the client was given the label's information.
    pub label_information_given_at: Option<Instant>,
    /// How the skin reacted during the session.
    pub reactions: Option<Note>,
    /// Notes.
    pub notes: Option<Note>,
    /// What in it doesn't agree with a rule.
    #[schema(value_type = Vec<Nonconformity>)]
    pub nonconformities: Json<Vec<Nonconformity>>,
    /// The record that this one corrects.
    pub amends_record_id: Option<PigmentRecordId>,
    /// What was wrong with that one.
    pub amend_reason: Option<Reason>,
    /// The record that corrects this one; where it's null, this is the newest.
    pub amended_by_record_id: Option<PigmentRecordId>,
    /// When it was taken back, where it was.
    pub voided_at: Option<Instant>,
    /// Why it was taken back.
    pub void_reason: Option<Reason>,
    /// How the work looked once it had healed.
    pub healed_as: Option<HealedAs>,
    /// When it was used.
    pub occurred_at: Instant,
    /// When it was written down here.
    pub recorded_at: Instant,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was written down here.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(
    pigment_records,
    PigmentRecord,
    PigmentRecordId,
    "pigment_record",
    seen: |scope| client_is_seen!(scope, pigment_records::client_id)
);

/// Which records are asked for.
#[derive(Clone, Debug, Default)]
pub struct PigmentRecordFilter {
    /// Those of this client.
    pub client_id: Option<ClientId>,
    /// Those of this session.
    pub session_id: Option<SessionId>,
    /// Those that name this lot, of whatever kind.
    pub lot_id: Option<LotId>,
    /// Those that name this product, or a lot of it.
    pub product_id: Option<ProductId>,
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
}

impl PigmentRecord {
    /// Writes down what was used. A breach of a rule doesn't stop it: it's listed, and staff get a task.
    pub fn record(tx: &mut Tx<'_>, new: &NewPigmentRecord) -> Result<Self> {
        let session = named(Session::find_seen(tx, new.session_id), "/session_id")?;
        let studio = Studio::find(tx.db, session.studio_id)?;
        Self::write_down(tx, new, "", &session, &studio, None)
    }

    /// The same for a record that stands inside of a session's completion, at this place.
    ///
    /// Unless it says otherwise, what it tells of happened when the session was completed.
    pub(super) fn record_within(
        tx: &mut Tx<'_>,
        new: &NewPigmentRecord,
        at: &str,
        session: &Session,
        studio: &Studio,
    ) -> Result<Self> {
        let new = NewPigmentRecord {
            occurred_at: new.occurred_at.or(session.completed_at),
            ..new.clone()
        };
        Self::write_down(tx, &new, at, session, studio, None)
    }

    /// The records of a session that were neither voided nor amended, in the order in which they were made.
    pub fn standing(db: &mut Db, session_id: SessionId) -> Result<Vec<Self>> {
        Ok(pigment_records::table
            .filter(pigment_records::session_id.eq(session_id))
            .filter(pigment_records::voided_at.is_null())
            .filter(pigment_records::amended_by_record_id.is_null())
            .order(pigment_records::id)
            .select(Self::as_select())
            .kept()
            .load(db)?)
    }

    /// The records of a session that weren't voided, also those that were amended since.
    pub(super) fn made_in(db: &mut Db, session_id: SessionId) -> Result<Vec<Self>> {
        Ok(pigment_records::table
            .filter(pigment_records::session_id.eq(session_id))
            .filter(pigment_records::voided_at.is_null())
            .order(pigment_records::id)
            .select(Self::as_select())
            .load(db)?)
    }

    /// What it says.
    pub(super) fn recorded(&self) -> Recorded<'_> {
        Recorded {
            practitioner_id: self.practitioner_id,
            zones: &self.zones.0,
            mix: &self.mix.0,
            needle: self.needle.as_ref().map(|needle| &needle.0),
            anaesthetic: self.anaesthetic.as_ref().map(|anaesthetic| &anaesthetic.0),
            machine: self.machine.as_ref(),
            speed_hertz: self.speed_hertz,
            label_information_given_at: self.label_information_given_at,
            reactions: self.reactions.as_ref(),
            notes: self.notes.as_ref(),
            occurred_at: self.occurred_at,
            external_id: self.external_id.as_ref(),
        }
    }

    /// Whether a session has records that were neither voided nor amended.
    pub(super) fn any_standing(db: &mut Db, session_id: SessionId) -> Result<bool> {
        let standing: i64 = pigment_records::table
            .filter(pigment_records::session_id.eq(session_id))
            .filter(pigment_records::voided_at.is_null())
            .filter(pigment_records::amended_by_record_id.is_null())
            .count()
            .kept()
            .get_result(db)?;
        Ok(standing > 0)
    }

    /// Puts a corrected record in the place of one that was wrong; the wrong one stays to be read.
    pub fn amend(
        tx: &mut Tx<'_>,
        id: PigmentRecordId,
        expected: Option<i64>,
        new: &NewPigmentRecord,
        reason: &Reason,
    ) -> Result<Self> {
        let mut wrong = Self::find_seen(tx, id)?;
        wrong.refuse_amended(tx.db)?;
        Self::find_seen_for_change(tx, id, expected)?;
        if wrong.voided_at.is_some() {
            return Err(Error::refused(
                "record_voided",
                "this record was taken back; make a new one",
            ));
        }
        if new.session_id != wrong.session_id {
            return Err(Error::invalid(
                "/record/session_id",
                "other_session",
                "a correction stays in its session; void this record and make a new one in the other session",
            ));
        }
        // Whoever sees the record may correct it, wherever its session was.
        let session = Session::find(tx.db, wrong.session_id)?;
        let studio = Studio::find(tx.db, session.studio_id)?;
        let amends = Some((&wrong, reason));
        let amendment = Self::write_down(tx, new, "/record", &session, &studio, amends)?;
        wrong.amended_by_record_id = Some(amendment.id);
        wrong.save(tx, "pigment_record.amended", Some(reason))?;
        Task::close_for(tx, &task_key(id), "The record was amended.")?;
        Ok(amendment)
    }

    /// Takes a record back; doing so twice is as doing it once. It stays to be read, and a trace still shows it.
    pub fn void(
        tx: &mut Tx<'_>,
        id: PigmentRecordId,
        expected: Option<i64>,
        reason: &Reason,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        if found.voided_at.is_some() {
            return Ok(found);
        }
        let mut record = Self::find_seen_for_change(tx, id, expected)?;
        record.refuse_amended(tx.db)?;
        record.voided_at = Some(tx.now());
        record.void_reason = Some(reason.clone());
        let record = record.save(tx, "pigment_record.voided", Some(reason))?;
        Task::close_for(tx, &task_key(id), "The record was taken back.")?;
        Ok(record)
    }

    /// Says how the work looks now that it has healed; a later look may say otherwise.
    pub fn judge_healed(
        tx: &mut Tx<'_>,
        id: PigmentRecordId,
        expected: Option<i64>,
        verdict: HealedAs,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        if found.healed_as == Some(verdict) {
            return Ok(found);
        }
        let mut record = Self::find_seen_for_change(tx, id, expected)?;
        record.refuse_amended(tx.db)?;
        if record.voided_at.is_some() {
            return Err(Error::refused(
                "record_voided",
                "this record was taken back; judge the one that took its place",
            ));
        }
        record.healed_as = Some(verdict);
        record.save(tx, "pigment_record.judged", None)
    }

    /// A page of records, voided and amended ones included: each says so itself.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &PigmentRecordFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = pigment_records::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(client_id) = filter.client_id {
            query = query.filter(pigment_records::client_id.eq(client_id));
        }
        if let Some(session_id) = filter.session_id {
            query = query.filter(pigment_records::session_id.eq(session_id));
        }
        if let Some(lot_id) = filter.lot_id {
            query = query.filter(
                pigment_records::id.eq_any(
                    pigment_record_lots::table
                        .filter(pigment_record_lots::lot_id.eq(lot_id))
                        .select(pigment_record_lots::record_id),
                ),
            );
        }
        if let Some(product_id) = filter.product_id {
            query = query.filter(
                pigment_records::id.eq_any(
                    pigment_record_lots::table
                        .filter(pigment_record_lots::product_id.eq(product_id))
                        .select(pigment_record_lots::record_id),
                ),
            );
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(pigment_records::external_id.eq(external_id.clone()));
        }
        load_page!(db, pigment_records, PigmentRecord, query, page)
    }

    /// Refuses to touch a record that another has taken the place of, and names the newest.
    fn refuse_amended(&self, db: &mut Db) -> Result<()> {
        let Some(mut newest) = self.amended_by_record_id else {
            return Ok(());
        };
        while let Some(next) = Self::find(db, newest)?.amended_by_record_id {
            newest = next;
        }
        Err(Error::Refused {
            code: "already_amended",
            detail: format!("this record was amended; the newest is {newest}"),
            breaches: Vec::new(),
            conflicts: vec![json!({ "id": newest })],
        })
    }
}

/// The task that a record's nonconformities open.
fn task_key(id: PigmentRecordId) -> String {
    format!("nonconformity:{id}")
}
