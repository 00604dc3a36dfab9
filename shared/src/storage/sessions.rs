//! Sessions: what takes a practitioner's, a client's and a room's time.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clients::Client;
use super::columns::Json;
use super::erasure::refuse_returning;
use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, Position, load_page, refuse_taken_external_id, resource};
use super::practitioners::Practitioner;
use super::references::{named, studio_for};
use super::schema::sessions;
use super::scope::{Seen, both, client_is_seen};
use super::{Db, Scope, Tx, sharing};
use crate::domain::booking::{NewSession, SessionPatch};
use crate::domain::nonconformity::Nonconformity;
use crate::domain::overriding::OverrideUsed;
use crate::domain::text::{ExternalId, Note, Reason};
use crate::domain::{
    ClientId, Completion, EndedBy, Instant, PlanId, PractitionerId, RoomId, SessionId, SessionKind,
    SessionState, StudioId,
};
use crate::error::{Error, Result};

/// A session.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Queryable,
    Selectable,
    Insertable,
    AsChangeset,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[diesel(table_name = sessions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Session {
    /// Its id; it stays through every move.
    pub id: SessionId,
    /// Another system's name for it.
    pub external_id: Option<ExternalId>,
    /// Where.
    pub studio_id: StudioId,
    /// Who is treated.
    pub client_id: ClientId,
    /// The plan that it belongs to.
    pub plan_id: Option<PlanId>,
    /// Its place in the plan, from 1.
    pub ordinal: Option<i32>,
    /// The cancelled or missed session whose place it took.
    pub replaces_session_id: Option<SessionId>,
    /// What for.
    pub kind: SessionKind,
    /// Where it stands.
    pub state: SessionState,
    /// Who treats.
    pub practitioner_id: Option<PractitionerId>,
    /// Which room.
    pub room_id: Option<RoomId>,
    /// How long it takes, in minutes.
    pub duration_minutes: i32,
    /// When it starts.
    pub starts_at: Option<Instant>,
    /// When it ends.
    pub ends_at: Option<Instant>,
    /// Until when practitioner and room are kept free after it.
    pub blocked_until: Option<Instant>,
    /// Raised whenever a calendar has to follow: when its time changes, when it's called off, and when either is taken
    /// back. Reminders belong to one of them, and it's the SEQUENCE of the calendar entry.
    pub schedule_version: i64,
    /// Why it may overlap another one, where somebody allowed that. Absent for the front desk.
    pub overlap_reason: Option<Reason>,
    /// The rules that were overridden for its present time, and why. Absent for the front desk.
    #[schema(value_type = Vec<OverrideUsed>, required = false)]
    pub overrides: Json<Vec<OverrideUsed>>,
    /// What wasn't as it should have been when it took place. Absent for the front desk.
    #[schema(value_type = Vec<Nonconformity>, required = false)]
    pub nonconformities: Json<Vec<Nonconformity>>,
    /// When it was booked for its present time.
    pub booked_at: Option<Instant>,
    /// When the client said yes to its present time.
    pub confirmed_at: Option<Instant>,
    /// When the client came.
    pub arrived_at: Option<Instant>,
    /// When it ended, once it took place.
    pub completed_at: Option<Instant>,
    /// Whether all that was planned was done.
    pub completion: Option<Completion>,
    /// When it was called off or found missed.
    pub ended_at: Option<Instant>,
    /// Who called it off.
    pub ended_by: Option<EndedBy>,
    /// Why it was called off, or what is known of why the client didn't come.
    pub end_reason: Option<Reason>,
    /// Whether its client called it off after the studio's cut-off, `cancellation_cutoff_hours` before its start, as that was
    /// then; null where it isn't cancelled.
    pub cancelled_late: Option<bool>,
    /// When its last state was written down, which may be long after it came about.
    pub recorded_at: Option<Instant>,
    /// Notes for all staff.
    pub notes: Option<Note>,
    /// Notes for those who treat. Absent for the front desk.
    #[schema(required = false)]
    pub clinical_notes: Option<Note>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was planned.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

resource!(sessions, Session, SessionId, "session", seen: sessions_seen);

/// The sessions at the studios that are seen, of the clients who are.
fn sessions_seen(scope: &Scope) -> Option<Seen<sessions::table>> {
    let at_studio = scope
        .studio_ids()
        .map(|ids| -> Seen<_> { Box::new(sessions::studio_id.eq_any(ids.to_vec())) });
    // Who has a session at a studio is seen there: only whose clients they are is left to ask.
    let anywhere = scope.clone().in_studios(None);
    both(at_studio, client_is_seen!(&anywhere, sessions::client_id))
}

/// A treatment session that a plan plans.
#[derive(Clone, Debug)]
pub struct NewPlannedSession {
    /// Where.
    pub studio_id: StudioId,
    /// Who is treated.
    pub client_id: ClientId,
    /// The plan.
    pub plan_id: PlanId,
    /// Its place in the plan.
    pub ordinal: i32,
    /// What for.
    pub kind: SessionKind,
    /// Who treats, where the plan says so.
    pub practitioner_id: Option<PractitionerId>,
    /// How long it takes.
    pub duration_minutes: i32,
}

/// Which sessions are asked for.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
    /// Those of this client.
    pub client_id: Option<ClientId>,
    /// Those of this plan.
    pub plan_id: Option<PlanId>,
    /// Those at this studio.
    pub studio_id: Option<StudioId>,
    /// Those with this practitioner.
    pub practitioner_id: Option<PractitionerId>,
    /// Those in any of these states.
    pub states: Vec<SessionState>,
    /// Those that were called off late, or those that were called off in time.
    pub cancelled_late: Option<bool>,
    /// Those of this kind.
    pub kind: Option<SessionKind>,
    /// Those that start at this instant or later.
    pub starts_from: Option<Instant>,
    /// Those that start before this instant.
    pub starts_before: Option<Instant>,
    /// Those that took place at this instant or later.
    pub completed_from: Option<Instant>,
    /// Those that took place before this instant.
    pub completed_before: Option<Instant>,
}

impl SessionFilter {
    fn is_about_time(&self) -> bool {
        self.starts_from.is_some() || self.starts_before.is_some()
    }
}

impl Session {
    /// A session that nothing has happened to yet.
    fn blank(
        tx: &Tx<'_>,
        studio_id: StudioId,
        client_id: ClientId,
        kind: SessionKind,
        duration_minutes: i32,
    ) -> Self {
        let now = tx.now();
        Self {
            id: SessionId::new(),
            external_id: None,
            studio_id,
            client_id,
            plan_id: None,
            ordinal: None,
            replaces_session_id: None,
            kind,
            state: SessionState::Planned,
            practitioner_id: None,
            room_id: None,
            duration_minutes,
            starts_at: None,
            ends_at: None,
            blocked_until: None,
            schedule_version: 1,
            overlap_reason: None,
            overrides: Json(Vec::new()),
            nonconformities: Json(Vec::new()),
            booked_at: None,
            confirmed_at: None,
            arrived_at: None,
            completed_at: None,
            completion: None,
            ended_at: None,
            ended_by: None,
            end_reason: None,
            cancelled_late: None,
            recorded_at: None,
            notes: None,
            clinical_notes: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// A session outside of a plan's series, not stored yet.
    pub(super) fn draft_single(tx: &mut Tx<'_>, new: &NewSession) -> Result<Self> {
        if new.kind == SessionKind::Treatment {
            return Err(Error::invalid(
                "/kind",
                "needs_plan",
                "open a plan: it plans its treatment sessions, which are then booked",
            ));
        }
        let client = named(Client::find_seen(tx, new.client_id), "/client_id")?;
        let client = client.unless_off_the_list()?;
        let is_named_by_booking = new
            .booking
            .as_ref()
            .is_some_and(|booking| booking.practitioner_id.is_some());
        let own = tx.own_practitioner().filter(|_| !is_named_by_booking);
        let practitioner_id = new.practitioner_id.or(own);
        if let Some(practitioner_id) = practitioner_id {
            find_named_practitioner(tx, practitioner_id)?;
        }
        let studio_id = studio_for(tx, new.studio_id, &client)?;
        let mut session = Self::blank(
            tx,
            studio_id,
            client.id,
            new.kind,
            i32::from(new.duration_minutes.get()),
        );
        refuse_taken_external_id!(tx.db, sessions, session.id, &new.external_id);
        session.external_id = new.external_id.clone();
        session.practitioner_id = practitioner_id;
        session.notes = new.notes.clone();
        sharing::reaches_studio(tx, client.id, studio_id, session.id.0)?;
        sharing::reaches_practitioner(
            tx,
            client.id,
            session.practitioner_id,
            studio_id,
            session.id.0,
        )?;
        Ok(session)
    }

    /// Plans a treatment session of a plan.
    pub fn plan(tx: &mut Tx<'_>, new: &NewPlannedSession) -> Result<Self> {
        let mut session = Self::blank(
            tx,
            new.studio_id,
            new.client_id,
            new.kind,
            new.duration_minutes,
        );
        session.plan_id = Some(new.plan_id);
        session.ordinal = Some(new.ordinal);
        session.practitioner_id = new.practitioner_id;
        session.create(tx, "session.planned")
    }

    /// Plans the session that takes the place of a cancelled or missed one in its plan.
    pub(super) fn plan_replacement(&self, tx: &mut Tx<'_>) -> Result<Self> {
        let mut session = Self::blank(
            tx,
            self.studio_id,
            self.client_id,
            self.kind,
            self.duration_minutes,
        );
        session.plan_id = self.plan_id;
        session.ordinal = self.ordinal;
        session.practitioner_id = self.practitioner_id;
        session.replaces_session_id = Some(self.id);
        session.create(tx, "session.planned")
    }

    /// Changes what a session says beside its time and state.
    pub fn change(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        patch: &SessionPatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut session = before.clone();
        if let Some(minutes) = patch.duration_minutes.value() {
            session.duration_minutes = i32::from(minutes.get());
        }
        patch.practitioner_id.apply(&mut session.practitioner_id);
        patch.notes.apply(&mut session.notes);
        patch.clinical_notes.apply(&mut session.clinical_notes);
        patch.external_id.apply(&mut session.external_id);
        if session == before {
            return Ok(before);
        }
        let gets_another = session.practitioner_id != before.practitioner_id;
        if (gets_another || session.duration_minutes != before.duration_minutes)
            && session.state != SessionState::Planned
        {
            if session.state == SessionState::Completed {
                return Err(Error::refused(
                    "session_final",
                    "the session took place: take that back with revert, then complete it again and say with \
                     practitioner_id who treated; pigment records have to be voided first and recorded anew",
                ));
            }
            return Err(Error::refused(
                "already_booked",
                "the session has its time; move it to change how long it takes or who treats",
            ));
        }
        if let Some(practitioner_id) = session.practitioner_id.filter(|_| gets_another) {
            find_named_practitioner(tx, practitioner_id)?;
            sharing::reaches_practitioner(
                tx,
                session.client_id,
                Some(practitioner_id),
                session.studio_id,
                id.0,
            )?;
        }
        refuse_returning!(
            tx,
            sessions,
            &before,
            &session,
            external_id,
            notes,
            clinical_notes
        );
        refuse_taken_external_id!(tx.db, sessions, id, &session.external_id);
        session.save(tx, "session.changed", None)
    }

    /// The sessions of a plan that still count: cancelled and missed ones are left out.
    pub fn of_plan(db: &mut Db, plan_id: PlanId) -> Result<Vec<Self>> {
        Ok(sessions::table
            .filter(sessions::plan_id.eq(plan_id))
            .filter(sessions::state.ne(SessionState::Cancelled))
            .filter(sessions::state.ne(SessionState::NoShow))
            .order(sessions::ordinal)
            .select(Self::as_select())
            .kept()
            .load(db)?)
    }

    /// A page of sessions: by start where a time is asked for, else in order of creation.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = sessions::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(sessions::external_id.eq(external_id.clone()));
        }
        if let Some(client_id) = filter.client_id {
            query = query.filter(sessions::client_id.eq(client_id));
        }
        if let Some(plan_id) = filter.plan_id {
            query = query.filter(sessions::plan_id.eq(plan_id));
        }
        if let Some(studio_id) = filter.studio_id {
            query = query.filter(sessions::studio_id.eq(studio_id));
        }
        if let Some(practitioner_id) = filter.practitioner_id {
            query = query.filter(sessions::practitioner_id.eq(practitioner_id));
        }
        if !filter.states.is_empty() {
            query = query.filter(sessions::state.eq_any(filter.states.clone()));
        }
        if let Some(late) = filter.cancelled_late {
            query = query.filter(sessions::cancelled_late.eq(late));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(sessions::kind.eq(kind));
        }
        if let Some(from) = filter.starts_from {
            query = query.filter(sessions::starts_at.ge(from));
        }
        if let Some(before) = filter.starts_before {
            query = query.filter(sessions::starts_at.lt(before));
        }
        if let Some(from) = filter.completed_from {
            query = query.filter(sessions::completed_at.ge(from));
        }
        if let Some(before) = filter.completed_before {
            query = query.filter(sessions::completed_at.lt(before));
        }
        if !filter.is_about_time() || page.updated_since.is_some() {
            return load_page!(db, sessions, Session, query, page);
        }
        if let Some((at, id)) = page.after_instant() {
            let id = SessionId(id);
            query = query.filter(
                sessions::starts_at
                    .gt(at)
                    .or(sessions::starts_at.eq(at).and(sessions::id.gt(id))),
            );
        }
        let rows: Vec<Self> = query
            .filter(sessions::starts_at.is_not_null())
            .order((sessions::starts_at.asc(), sessions::id.asc()))
            .limit(page.rows())
            .select(Self::as_select())
            .load(db)?;
        Page::cut(db, rows, page, |row| match row.starts_at {
            Some(at) => Position::At(at, row.id.0),
            None => Position::Id(row.id.0),
        })
    }
}

/// A practitioner whom a request names: one who isn't there is the request's fault.
pub(super) fn find_named_practitioner(tx: &mut Tx<'_>, id: PractitionerId) -> Result<Practitioner> {
    named(Practitioner::find_seen(tx, id), "/practitioner_id")
}

/// Where a session holds its time. Not `eq_any`, with which no statement stays prepared.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn holds_time() -> _ {
    let booked: &'static str = "booked";
    let confirmed: &'static str = "confirmed";
    let arrived: &'static str = "arrived";
    sessions::state
        .eq(booked)
        .or(sessions::state.eq(confirmed))
        .or(sessions::state.eq(arrived))
}
