//! Assessments.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::clients::Client;
use super::columns::Json;
use super::erasure::refuse_returning;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::practitioners::Practitioner;
use super::references::{named, of_another_client, studio_for};
use super::schema::assessments;
use super::scope::client_is_seen;
use super::sessions::Session;
use super::{Db, Scope, Tx};
use crate::domain::assessment::{
    AssessmentPatch, Expectation, NewAssessment, check_expectations, check_occurred_at,
    same_expectations,
};
use crate::domain::patch::Patch;
use crate::domain::salt::SaltScore;
use crate::domain::text::{ExternalId, Name, Note};
use crate::domain::{
    AssessmentId, ClientId, Fitzpatrick, HairTexture, Indication, Instant, Ludwig, Norwood,
    PractitionerId, Savin, ScalpType, SessionId, StudioId, Undertone,
};
use crate::error::{Error, Result};

/// What was seen and said in a consultation.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = assessments, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Assessment {
    /// Its id.
    pub id: AssessmentId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// Who was assessed.
    pub client_id: ClientId,
    /// Where.
    pub studio_id: StudioId,
    /// By whom.
    pub practitioner_id: PractitionerId,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// Why the client comes.
    pub indication: Indication,
    /// The Norwood-Hamilton grade.
    pub norwood: Option<Norwood>,
    /// The Ludwig grade.
    pub ludwig: Option<Ludwig>,
    /// The image of the Savin scale that is nearest.
    pub savin: Option<Savin>,
    /// The loss in the four regions of the scalp, with total and band.
    #[schema(value_type = Option<SaltScore>)]
    pub salt: Option<Json<SaltScore>>,
    /// The Fitzpatrick skin type.
    pub fitzpatrick: Option<Fitzpatrick>,
    /// The skin's tone.
    pub skin_tone: Option<Name>,
    /// The hue under the skin's colour.
    pub undertone: Option<Undertone>,
    /// How the scalp's skin is.
    pub scalp_type: Option<ScalpType>,
    /// The hair's colour.
    pub hair_colour: Option<Name>,
    /// How the hair is.
    pub hair_texture: Option<HairTexture>,
    /// Scars.
    pub scars: Option<Note>,
    /// What the client wants.
    pub goals: Option<Note>,
    /// Notes for those who treat.
    pub notes: Option<Note>,
    /// What the client has understood.
    #[schema(value_type = Vec<Expectation>)]
    pub expectations: Json<Vec<Expectation>>,
    /// When it took place.
    pub occurred_at: Instant,
    /// When it was entered here.
    pub recorded_at: Instant,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was created.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(assessments, Assessment, AssessmentId, "assessment", seen: |scope| {
    client_is_seen!(scope, assessments::client_id)
});

/// Which assessments are asked for.
#[derive(Clone, Debug, Default)]
pub struct AssessmentFilter {
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
    /// Those of this client.
    pub client_id: Option<ClientId>,
    /// Those of this studio.
    pub studio_id: Option<StudioId>,
}

impl Assessment {
    /// Records an assessment.
    pub fn record(tx: &mut Tx<'_>, new: &NewAssessment) -> Result<Self> {
        let id = AssessmentId::new();
        let now = tx.now();
        let client = named(Client::find_seen(tx, new.client_id), "/client_id")?;
        let client = client.unless_off_the_list()?;
        let studio_id = studio_for(tx, new.studio_id, &client)?;
        let practitioner_id = who_assessed(tx, new)?;
        refuse_taken_external_id!(tx.db, assessments, id, &new.external_id);
        let assessment = Self {
            id,
            external_id: new.external_id.clone(),
            client_id: new.client_id,
            studio_id,
            practitioner_id,
            session_id: new.session_id,
            indication: new.indication,
            norwood: new.norwood,
            ludwig: new.ludwig,
            savin: new.savin,
            salt: new.salt.map(|regions| Json(SaltScore::from(regions))),
            fitzpatrick: new.fitzpatrick,
            skin_tone: new.skin_tone.clone(),
            undertone: new.undertone,
            scalp_type: new.scalp_type,
            hair_colour: new.hair_colour.clone(),
            hair_texture: new.hair_texture,
            scars: new.scars.clone(),
            goals: new.goals.clone(),
            notes: new.notes.clone(),
            expectations: Json(new.expectations.clone()),
            occurred_at: new.occurred_at.unwrap_or(now),
            recorded_at: now,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        assessment.check(tx, None)?;
        assessment.create(tx, "assessment.recorded")
    }

    /// Changes an assessment; the audit trail keeps what stood there before.
    pub fn change(
        tx: &mut Tx<'_>,
        id: AssessmentId,
        expected: Option<i64>,
        patch: &AssessmentPatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut assessment = before.clone();
        patch.external_id.apply(&mut assessment.external_id);
        patch.practitioner_id.apply(&mut assessment.practitioner_id);
        patch.session_id.apply(&mut assessment.session_id);
        patch.indication.apply(&mut assessment.indication);
        patch.norwood.apply(&mut assessment.norwood);
        patch.ludwig.apply(&mut assessment.ludwig);
        patch.savin.apply(&mut assessment.savin);
        match patch.salt {
            Patch::Absent => {}
            Patch::Null => assessment.salt = None,
            Patch::Value(regions) => assessment.salt = Some(Json(SaltScore::from(regions))),
        }
        patch.fitzpatrick.apply(&mut assessment.fitzpatrick);
        patch.skin_tone.apply(&mut assessment.skin_tone);
        patch.undertone.apply(&mut assessment.undertone);
        patch.scalp_type.apply(&mut assessment.scalp_type);
        patch.hair_colour.apply(&mut assessment.hair_colour);
        patch.hair_texture.apply(&mut assessment.hair_texture);
        patch.scars.apply(&mut assessment.scars);
        patch.goals.apply(&mut assessment.goals);
        patch.notes.apply(&mut assessment.notes);
        if let Some(told) = patch.expectations.value()
            && !same_expectations(&before.expectations, told)
        {
            assessment.expectations = Json(told.clone());
        }
        patch.occurred_at.apply(&mut assessment.occurred_at);
        if assessment == before {
            return Ok(before);
        }
        refuse_returning!(
            tx,
            assessments,
            &before,
            &assessment,
            external_id,
            goals,
            notes
        );
        refuse_taken_external_id!(tx.db, assessments, id, &assessment.external_id);
        assessment.check(tx, Some(&before))?;
        assessment.save(tx, "assessment.changed", None)
    }

    /// A page of assessments.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &AssessmentFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = assessments::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(assessments::external_id.eq(external_id.clone()));
        }
        if let Some(client_id) = filter.client_id {
            query = query.filter(assessments::client_id.eq(client_id));
        }
        if let Some(studio_id) = filter.studio_id {
            query = query.filter(assessments::studio_id.eq(studio_id));
        }
        load_page!(db, assessments, Assessment, query, page)
    }

    /// What it names must be there to be seen, unless it was named before.
    fn check(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<()> {
        check_occurred_at(self.occurred_at, tx.now())?;
        if before.is_none_or(|before| before.expectations != self.expectations) {
            check_expectations(&self.expectations, tx.now())?;
        }
        if before.is_none_or(|before| before.practitioner_id != self.practitioner_id) {
            named(
                Practitioner::find_seen(tx, self.practitioner_id),
                "/practitioner_id",
            )?;
        }
        let was_there = before.is_some_and(|before| before.session_id == self.session_id);
        if let Some(session_id) = self.session_id.filter(|_| !was_there) {
            let session = named(Session::find_seen(tx, session_id), "/session_id")?;
            if session.client_id != self.client_id {
                return Err(of_another_client("/session_id"));
            }
        }
        Ok(())
    }
}

/// Whoever is named, else the session's practitioner, else whoever's key it is.
fn who_assessed(tx: &mut Tx<'_>, new: &NewAssessment) -> Result<PractitionerId> {
    let of_session = match (new.practitioner_id, new.session_id) {
        (None, Some(id)) => named(Session::find_seen(tx, id), "/session_id")?.practitioner_id,
        _ => None,
    };
    tx.who_treats(new.practitioner_id, of_session)
        .or(of_session)
        .ok_or_else(|| {
            Error::invalid(
                "/practitioner_id",
                "required",
                "say who assessed: neither a session nor the key does",
            )
        })
}
