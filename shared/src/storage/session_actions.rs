//! What happens to a session once it has its time: confirmed, checked in, completed, taken back. How one ends that doesn't take
//! place is in `session_ends`.

use super::booking::refuse_unallowed_override;
use super::clients::Client;
use super::columns::Json;
use super::pigment_records::PigmentRecord;
use super::plans::Plan;
use super::practitioners::Practitioner;
use super::session_history::{self, Step};
use super::session_rules::{found_wanting, overlap_breaches};
use super::sessions::{Session, find_named_practitioner};
use super::studios::Studio;
use super::{Tx, leaving, sharing, stranded};
use crate::domain::booking::{Complete, Occurred, Revert};
use crate::domain::overriding::{MayOverride, OverridableRule};
use crate::domain::record::NewPigmentRecord;
use crate::domain::retelling::{FAST_CLOCK, TookPlace, never_recorded};
use crate::domain::session::{Circumstances, SessionAction, Transition, next};
use crate::domain::text::Reason;
use crate::domain::{Completion, Instant, PlanState, SessionId, SessionState, TaskKind};
use crate::error::{Error, FieldError, Result};

/// What an action comes to for a session as it stands.
pub(super) enum Judged {
    /// Carry it out on this, and it will stand so.
    Go(Box<Session>, SessionState),
    /// It had worked before.
    InEffect(Box<Session>),
}

/// Looks the session up and asks the rules. What had worked before says so, whatever version was expected.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    id: SessionId,
    expected: Option<i64>,
    action: SessionAction,
    occurred_at: Instant,
) -> Result<Judged> {
    let found = Session::find_seen(tx, id)?;
    let circumstances = Circumstances {
        at: occurred_at,
        starts_at: found.starts_at,
        previous: None,
    };
    match next(found.state, action, circumstances) {
        Transition::AlreadyInEffect => Ok(Judged::InEffect(Box::new(found))),
        Transition::Refused { code, detail } => {
            found.unless_stale(expected)?;
            Err(Error::refused(code, detail))
        }
        Transition::To(state) => {
            let found = found.unless_stale(expected)?;
            Ok(Judged::Go(Box::new(found), state))
        }
    }
}

/// Refuses what tells otherwise of an act than it was told before.
pub(super) fn unless_told_otherwise(
    breaches: Vec<FieldError>,
    code: &'static str,
    detail: &str,
) -> Result<()> {
    if breaches.is_empty() {
        return Ok(());
    }
    Err(Error::Refused {
        code,
        detail: detail.into(),
        breaches,
        conflicts: Vec::new(),
    })
}

/// When something happened; not in the future, where nothing has happened yet.
pub(super) fn happened_at(tx: &Tx<'_>, occurred_at: Option<Instant>) -> Result<Instant> {
    match occurred_at {
        Some(at) if at > tx.now() + FAST_CLOCK => Err(Error::invalid(
            "/occurred_at",
            "in_the_future",
            "write when it happened; that can't be in the future",
        )),
        Some(at) => Ok(at.min(tx.now())),
        None => Ok(tx.now()),
    }
}

impl Session {
    /// Notes that the client has said yes to the time.
    pub fn confirm(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Occurred,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::Confirm, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return Ok(*session),
        };
        if before
            .starts_at
            .is_some_and(|starts_at| starts_at <= occurred_at)
        {
            return Err(Error::refused(
                "already_started",
                "the session's time has come; check the client in instead",
            ));
        }
        let mut session = before.clone();
        session.confirmed_at = Some(occurred_at);
        let studio = Studio::find(tx.db, session.studio_id)?;
        let step = Step::at(SessionAction::Confirm, occurred_at);
        session.stand(tx, before, state, step, &studio)
    }

    /// Notes that the client is here.
    pub fn check_in(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Occurred,
    ) -> Result<Self> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let (before, state) = match judge(tx, id, expected, SessionAction::CheckIn, occurred_at)? {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return Ok(*session),
        };
        let mut session = before.clone();
        session.arrived_at = Some(occurred_at);
        let studio = Studio::find(tx.db, session.studio_id)?;
        let step = Step::at(SessionAction::CheckIn, occurred_at);
        session.stand(tx, before, state, step, &studio)
    }

    /// Notes that the session took place, and answers it with its pigment records that stand. This is a fact: what wasn't as
    /// it should be is listed, not refused.
    pub fn complete(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Complete,
    ) -> Result<(Self, Vec<PigmentRecord>)> {
        let occurred_at = happened_at(tx, told.occurred_at)?;
        let judged = judge(tx, id, expected, SessionAction::Complete, occurred_at)?;
        refuse_other_sessions(id, &told.pigment_records)?;
        let (before, state) = match judged {
            Judged::Go(session, state) => (*session, state),
            Judged::InEffect(session) => return session.completed_again(tx, told),
        };
        let mut session = before.clone();
        let named = tx.who_treats(told.practitioner_id, session.practitioner_id);
        if let Some(practitioner_id) = named {
            find_named_practitioner(tx, practitioner_id)?;
            sharing::reaches_practitioner(
                tx,
                session.client_id,
                Some(practitioner_id),
                session.studio_id,
                id.0,
            )?;
            session.practitioner_id = Some(practitioner_id);
        }
        if session.practitioner_id.is_none() {
            return Err(Error::invalid(
                "/practitioner_id",
                "required",
                "say who treated: the session doesn't",
            ));
        }
        session.completed_at = Some(occurred_at);
        session.completion = Some(told.completion.unwrap_or(Completion::Full));
        if let Some(notes) = &told.clinical_notes {
            session.clinical_notes = Some(notes.clone());
        }
        let studio = Studio::find(tx.db, session.studio_id)?;
        session.nonconformities = Json(found_wanting(tx, &before, &studio, occurred_at)?);
        let step = Step::at(SessionAction::Complete, occurred_at);
        let session = session.stand(tx, before, state, step, &studio)?;
        let mut records = PigmentRecord::standing(tx.db, id)?;
        for (place, record) in told.pigment_records.iter().enumerate() {
            let place = format!("/pigment_records/{place}");
            let record = PigmentRecord::record_within(tx, record, &place, &session, &studio)?;
            records.push(record);
        }
        let wrong = session.nonconformities.iter();
        if wrong.clone().any(|one| one.code.opens_task()) {
            let codes = wrong.map(|one| one.code.as_str().into()).collect();
            session.open_task(tx, TaskKind::Nonconformity, occurred_at, "codes", codes)?;
        }
        Ok((session, records))
    }

    /// Answers a repeated completion as the first one. What it tells otherwise, and what was recorded nowhere, must not be lost.
    fn completed_again(
        self: Box<Self>,
        tx: &mut Tx<'_>,
        told: &Complete,
    ) -> Result<(Self, Vec<PigmentRecord>)> {
        let told_otherwise = told.told_otherwise(&TookPlace {
            completion: self.completion,
            at: self.completed_at,
            recorded_at: self.recorded_at,
            practitioner_id: self.practitioner_id,
            clinical_notes: self.clinical_notes.as_ref(),
        });
        unless_told_otherwise(
            told_otherwise,
            "already_completed",
            "the session is completed, and what was told of it then stays; where that's wrong, take the completion back \
             with revert and complete it again",
        )?;
        let made = PigmentRecord::made_in(tx.db, self.id)?;
        let recorded = made.iter().map(PigmentRecord::recorded).collect();
        unless_told_otherwise(
            never_recorded(&told.pigment_records, recorded),
            "already_completed",
            "the session is completed, and these pigment records aren't among its own: they weren't told then, or were voided \
             since; add what is missing with POST /v1/pigment-records",
        )?;
        let standing = PigmentRecord::standing(tx.db, self.id)?;
        Ok((*self, standing))
    }

    /// Takes the last action back: the session stands as it did before, under a new version.
    pub fn revert(
        tx: &mut Tx<'_>,
        id: SessionId,
        expected: Option<i64>,
        told: &Revert,
        may_override: MayOverride,
    ) -> Result<Self> {
        let found = Self::find_seen_for_change(tx, id, expected)?;
        // What is taken back may have to be done again, or its plan is open again.
        Client::find(tx.db, found.client_id)?.unless_off_the_list()?;
        refuse_unallowed_override(told.override_.as_ref(), may_override)?;
        let Some((step, before_step)) = session_history::last_standing(tx.db, id)? else {
            return Err(Error::refused(
                "nothing_to_revert",
                "the session has no action that could be taken back",
            ));
        };
        if found.state == SessionState::Completed && !tx.scope().sees_clinical() {
            return Err(Error::Forbidden {
                detail: "taking a completion back needs the role owner or practitioner".into(),
            });
        }
        if found.state == SessionState::Completed && PigmentRecord::any_standing(tx.db, id)? {
            return Err(Error::refused(
                "has_pigment_records",
                "pigment was recorded for this session; void those records first, then take the completion back",
            ));
        }
        if matches!(found.state, SessionState::Cancelled | SessionState::NoShow) {
            take_back_place(tx, &found)?;
        }
        let now = tx.now();
        let mut session = Self {
            // What was written beside the action stays, and the row goes on from where it is.
            external_id: found.external_id.clone(),
            notes: found.notes.clone(),
            clinical_notes: found.clinical_notes.clone(),
            schedule_version: found.schedule_version,
            version: found.version,
            recorded_at: Some(now),
            ..before_step
        };
        if session.practitioner_id != found.practitioner_id
            && let Some(practitioner_id) = session.practitioner_id
        {
            if !Practitioner::find(tx.db, practitioner_id)?.active {
                return Err(Error::refused(
                    "practitioner_inactive",
                    "the session would go back to a practitioner who has left; reassign or move it instead",
                ));
            }
            sharing::reaches_practitioner(
                tx,
                session.client_id,
                Some(practitioner_id),
                session.studio_id,
                id.0,
            )?;
        }
        if session.state.holds_time() {
            let breaches = overlap_breaches(tx.db, tx.scope(), &session)?;
            if !breaches.is_empty() {
                // What was accepted of other rules when it was booked stands.
                let mut others = session.overrides.0.clone();
                others.retain(|used| used.rule != OverridableRule::Overlap);
                session.accept(&breaches, told.override_.as_ref(), may_override, now)?;
                session.overrides.0.extend(others);
            }
        }
        // The client knows of a time, a move and a cancellation, but not of a completion or of a missed session.
        let client_was_told = session.starts_at != found.starts_at
            || (found.state == SessionState::Cancelled && found.starts_at.is_some());
        if client_was_told {
            // What was sent belongs to the version that it told of, and a calendar entry only follows a higher one.
            session.schedule_version += 1;
        }
        let saved = session.save_over(tx, &found, "session.reverted", Some(&told.reason))?;
        session_history::mark_reverted(tx, step.id)?;
        let reason = Some(told.reason.to_string());
        session_history::note(
            tx,
            &found,
            &saved,
            Step {
                action: SessionAction::Revert,
                occurred_at: now,
                reason,
            },
        )?;
        let studio = Studio::find(tx.db, saved.studio_id)?;
        saved.settle(
            tx,
            client_was_told.then_some(SessionAction::Revert),
            &studio,
        )?;
        // It has its old time again, whatever has become of the hours since.
        stranded::recheck_session(tx, &saved)?;
        leaving::recheck_session(tx, &saved)?;
        Ok(saved)
    }

    /// Saves the session in its new state, notes the step, and settles what follows from it.
    pub(super) fn stand(
        mut self,
        tx: &mut Tx<'_>,
        before: Self,
        state: SessionState,
        step: Step,
        studio: &Studio,
    ) -> Result<Self> {
        self.state = state;
        self.recorded_at = Some(tx.now());
        let action = step.action;
        let name = match action {
            SessionAction::Confirm => "session.confirmed",
            SessionAction::CheckIn => "session.checked_in",
            SessionAction::Complete => "session.completed",
            SessionAction::Cancel => "session.cancelled",
            SessionAction::NoShow => "session.missed",
            _ => "session.changed",
        };
        let saved = self.save_outcome_over(tx, &before, name, step.reason.as_deref())?;
        session_history::note(tx, &before, &saved, step)?;
        let is_lost = matches!(saved.state, SessionState::Cancelled | SessionState::NoShow);
        if let Some(plan_id) = saved.plan_id.filter(|_| is_lost)
            && Plan::find(tx.db, plan_id)?.state == PlanState::Open
        {
            saved.plan_replacement(tx)?;
        }
        saved.settle(tx, Some(action), studio)?;
        Ok(saved)
    }
}

/// Refuses pigment records of another session than the one that is completed.
fn refuse_other_sessions(id: SessionId, records: &[NewPigmentRecord]) -> Result<()> {
    match records.iter().position(|record| record.session_id != id) {
        Some(place) => Err(Error::invalid(
            format!("/pigment_records/{place}/session_id"),
            "other_session",
            "name the session that is completed here",
        )),
        None => Ok(()),
    }
}

/// A planned session that took the reverted one's place gives it back; one that has its own time doesn't.
///
/// Whichever holds the place now counts: the one that first took it may have been cancelled and replaced in turn.
fn take_back_place(tx: &mut Tx<'_>, reverted: &Session) -> Result<()> {
    let (Some(plan_id), Some(ordinal)) = (reverted.plan_id, reverted.ordinal) else {
        return Ok(());
    };
    if Plan::find(tx.db, plan_id)?.state == PlanState::Closed {
        return Err(Error::refused(
            "plan_closed",
            "the plan was closed, so its place is gone; open a new plan",
        ));
    }
    let holder = Session::of_plan(tx.db, plan_id)?
        .into_iter()
        .find(|other| other.ordinal == Some(ordinal) && other.id != reverted.id);
    let Some(holder) = holder else {
        return Ok(());
    };
    if holder.state != SessionState::Planned {
        return Err(Error::refused(
            "replaced",
            format!(
                "session {} has taken this one's place in the plan and has its own time; cancel that first",
                holder.id
            ),
        ));
    }
    holder
        .call_off_planned(
            tx,
            &Reason::literal("The session that it replaced stands again."),
        )
        .map(drop)
}
