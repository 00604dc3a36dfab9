//! The reminder ledger: which mail is to go when, and what became of it. It's never pruned while the session lives.
//!
//! `reminder_sync` writes its rows, `reminder_actions` has what staff do with one.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::audit::AuditDraft;
use super::kept::SaveRow;
use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, finders, load_page, savers, seers};
use super::schema::reminders;
use super::scope::{Seen, both, client_is_seen};
use super::{Db, Scope, Tx};
use crate::domain::interval::Interval;
use crate::domain::ledger::Row;
use crate::domain::news::{Knowledge, Told};
use crate::domain::{
    Anchor, Channel, ClientId, Instant, MailId, PlanId, ReminderId, ReminderState, ReminderStep,
    SessionId, StudioId,
};
use crate::error::{Error, Result};

/// A row of the ledger.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = reminders, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Reminder {
    /// Its id.
    pub id: ReminderId,
    /// Whose studio's.
    pub studio_id: StudioId,
    /// For whom.
    pub client_id: ClientId,
    /// About which session.
    pub session_id: SessionId,
    /// Of which plan.
    pub plan_id: Option<PlanId>,
    /// Which step.
    pub step: ReminderStep,
    /// By which way.
    pub channel: Channel,
    /// Whether it belongs to one time of the session or to the session whatever its time.
    pub anchor: Anchor,
    /// The session's time that it was scheduled for.
    pub schedule_version: i64,
    /// What became of it.
    pub state: ReminderState,
    /// Why.
    pub state_reason: Option<String>,
    /// When it's to go.
    pub due_at: Instant,
    /// After this it's of no use.
    pub useful_until: Instant,
    /// The mail that carries it.
    pub mail_id: Option<MailId>,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was scheduled.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// When the session starts by the time that it speaks of, where it speaks of one.
    pub session_starts_at: Option<Instant>,
    /// When the session ends by that time.
    pub session_ends_at: Option<Instant>,
    /// Whether it answers what the client did themself, who knows of it thereby.
    pub answers_client: bool,
    /// When it was sent, where it was asked for once more since.
    pub sent_before_at: Option<Instant>,
}

/// Why a reminder that staff don't want isn't sent.
pub(super) const CANCELLED_BY_STAFF: &str = "cancelled_by_staff";

finders!(pub(crate), reminders, Reminder, ReminderId, "reminder");
savers!(reminders, Reminder, "reminder");
seers!(reminders, Reminder, ReminderId, "reminder", |scope| {
    // A reminder tells when its session is, so it's seen where that is seen.
    let at_studio = scope.studio_ids().map(|ids| -> Seen<reminders::table> {
        Box::new(reminders::studio_id.eq_any(ids.to_vec()))
    });
    both(at_studio, client_is_seen!(scope, reminders::client_id))
});

/// Which reminders are asked for.
#[derive(Clone, Debug, Default)]
pub struct ReminderFilter {
    /// Those for this client.
    pub client_id: Option<ClientId>,
    /// Those about this session.
    pub session_id: Option<SessionId>,
    /// Those of this studio.
    pub studio_id: Option<StudioId>,
    /// Those in any of these states.
    pub states: Vec<ReminderState>,
    /// Those of any of these steps.
    pub steps: Vec<ReminderStep>,
    /// Those due at this instant or later.
    pub due_from: Option<Instant>,
    /// Those due before this instant.
    pub due_before: Option<Instant>,
}

impl Reminder {
    /// A page of the ledger.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &ReminderFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = reminders::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(client_id) = filter.client_id {
            query = query.filter(reminders::client_id.eq(client_id));
        }
        if let Some(session_id) = filter.session_id {
            query = query.filter(reminders::session_id.eq(session_id));
        }
        if let Some(studio_id) = filter.studio_id {
            query = query.filter(reminders::studio_id.eq(studio_id));
        }
        if !filter.states.is_empty() {
            query = query.filter(reminders::state.eq_any(filter.states.clone()));
        }
        if !filter.steps.is_empty() {
            query = query.filter(reminders::step.eq_any(filter.steps.clone()));
        }
        if let Some(from) = filter.due_from {
            query = query.filter(reminders::due_at.ge(from));
        }
        if let Some(before) = filter.due_before {
            query = query.filter(reminders::due_at.lt(before));
        }
        load_page!(db, reminders, Reminder, query, page)
    }

    /// All rows about a session, superseded ones too.
    pub(super) fn of_session(db: &mut Db, session_id: SessionId) -> Result<Vec<Self>> {
        Ok(reminders::table
            .filter(reminders::session_id.eq(session_id))
            .select(Self::as_select())
            .kept()
            .load(db)?)
    }

    /// The time that it speaks of, where it speaks of one.
    pub(super) fn time(&self) -> Option<Interval> {
        Some(Interval::new(
            self.session_starts_at?,
            self.session_ends_at?,
        ))
    }

    /// What the rows that share a mail are ordered by.
    pub(super) fn place_in_mail(&self) -> (u8, ReminderId) {
        (self.step.place_in_mail(), self.id)
    }

    /// Whether nothing has been sent of it, nothing can have been, and nobody decided that nothing should.
    fn is_open(&self) -> bool {
        match self.state {
            ReminderState::Scheduled => true,
            ReminderState::Suppressed => self.state_reason.as_deref() != Some(CANCELLED_BY_STAFF),
            _ => false,
        }
    }

    /// What the rules look at.
    pub(super) fn row(&self) -> Row {
        Row {
            step: self.step,
            anchor: self.anchor,
            state: self.state,
            is_open: self.is_open(),
            schedule_version: self.schedule_version,
            due_at: self.due_at,
            told_start: self.session_starts_at,
        }
    }

    /// Ends the row, because another takes its place or nothing is to be sent of it any more.
    pub(super) fn supersede(self, tx: &mut Tx<'_>, reason: &str) -> Result<()> {
        let ended = self.store_superseded(tx, reason)?;
        tx.audit(
            AuditDraft::new("reminder.superseded", "reminder", ended.id.0)
                .before(&self)?
                .after(&ended)?,
        );
        Ok(())
    }

    /// The same without an audit entry, for a caller that makes one of many.
    pub(super) fn store_superseded(&self, tx: &mut Tx<'_>, reason: &str) -> Result<Self> {
        let ended = Self {
            state: ReminderState::Superseded,
            state_reason: Some(reason.to_owned()),
            finished_at: Some(tx.now()),
            version: self.version + 1,
            change: tx.next_change()?,
            updated_at: tx.now(),
            ..self.clone()
        };
        let ending = Ending {
            state: ended.state,
            state_reason: ended.state_reason.as_deref(),
            finished_at: ended.finished_at,
            version: ended.version,
            change: ended.change,
            updated_at: ended.updated_at,
        };
        let saved = SaveRow::<Ending<'static>, _>::new(
            "reminders",
            ending.as_changeset(),
            &self.id.0,
            &self.version,
        )
        .kept()
        .execute(tx.db)?;
        if saved == 0 {
            return Err(Error::Stale {
                current: Self::find(tx.db, self.id)?.version,
            });
        }
        Ok(ended)
    }
}

/// What changes of a row that ends. To write all of it anew would touch each index, and every act of a session ends some.
#[derive(AsChangeset)]
#[diesel(table_name = reminders, treat_none_as_null = true)]
struct Ending<'a> {
    state: ReminderState,
    state_reason: Option<&'a str>,
    finished_at: Option<Instant>,
    version: i64,
    change: i64,
    updated_at: Instant,
}

/// What the client knows of a session's time, by all of its rows.
pub(super) fn knowledge_of(rows: &[Reminder]) -> Knowledge {
    let told: Vec<Told> = rows
        .iter()
        .filter(|row| row.anchor == Anchor::Schedule)
        .map(|row| Told {
            step: row.step,
            state: row.state,
            schedule_version: row.schedule_version,
            time: row.time(),
            answers_client: row.answers_client,
            sent_before: row.sent_before_at.is_some(),
        })
        .collect();
    Knowledge::of(&told)
}
