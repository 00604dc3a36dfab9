//! When a studio wants which reminder.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::columns::Json;
use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, load_page, resource};
use super::reminder_sync::{self, REACH_OF_CARE, REACH_OF_INVITATIONS};
use super::schema::reminder_rules;
use super::studios::Studio;
use super::{Db, Scope, Tx};
use crate::domain::reminder::{ReminderRule as Rule, Timing, default_rules};
use crate::domain::reminder_rule::ReminderRulePatch;
use crate::domain::{Channel, Instant, ReminderRuleId, ReminderStep, SessionKind, StudioId};
use crate::error::{Error, Result};

/// A studio's rule for one step.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = reminder_rules, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ReminderRule {
    /// Its id.
    pub id: ReminderRuleId,
    /// Whose rule it is.
    pub studio_id: StudioId,
    /// Which step.
    pub step: ReminderStep,
    /// By which way it reaches the client.
    pub channel: Channel,
    /// For which kinds of session.
    #[schema(value_type = Vec<SessionKind>)]
    pub session_kinds: Json<Vec<SessionKind>>,
    /// When.
    #[schema(value_type = Timing)]
    pub timing: Json<Timing>,
    /// Whether it's in force.
    pub enabled: bool,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// What of a rule decides about reminders: every booking reads it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = reminder_rules)]
struct Deciding {
    step: ReminderStep,
    session_kinds: Json<Vec<SessionKind>>,
    timing: Json<Timing>,
    enabled: bool,
}

resource!(
    reminder_rules,
    ReminderRule,
    ReminderRuleId,
    "reminder_rule",
    seen: |scope| {
        let ids = scope.studio_ids()?;
        Some(Box::new(reminder_rules::studio_id.eq_any(ids.to_vec())))
    }
);

impl ReminderRule {
    /// Gives a new studio the usual rules.
    pub(super) fn make_usual(tx: &mut Tx<'_>, studio_id: StudioId) -> Result<()> {
        let now = tx.now();
        for rule in default_rules() {
            let row = Self {
                id: ReminderRuleId::new(),
                studio_id,
                step: rule.step,
                channel: Channel::Email,
                session_kinds: Json(rule.session_kinds),
                timing: Json(rule.timing),
                enabled: rule.enabled,
                version: 0,
                change: 0,
                created_at: now,
                updated_at: now,
            };
            row.create(tx, "reminder_rule.made")?;
        }
        Ok(())
    }

    /// Changes a rule. The reminders to come of the studio's sessions are scheduled anew.
    pub fn change(
        tx: &mut Tx<'_>,
        id: ReminderRuleId,
        expected: Option<i64>,
        patch: &ReminderRulePatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?;
        let mut rule = before.clone();
        patch.enabled.apply(&mut rule.enabled);
        patch.session_kinds.apply(&mut rule.session_kinds.0);
        patch.timing.apply(&mut rule.timing.0);
        if rule == before {
            return Ok(before);
        }
        rule.step
            .check_timing(rule.timing.0)
            .map_err(|advice| Error::invalid("/timing", "wrong_timing", advice))?;
        let rule = rule.save(tx, "reminder_rule.changed", None)?;
        let reach = if rule.step.is_marketing() {
            REACH_OF_INVITATIONS
        } else {
            REACH_OF_CARE
        };
        reminder_sync::sync_studio(tx, rule.studio_id, reach)?;
        Ok(rule)
    }

    /// A page of a studio's rules.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        studio_id: StudioId,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        Studio::find_in(db, scope, studio_id)?;
        let query = reminder_rules::table
            .filter(reminder_rules::studio_id.eq(studio_id))
            .into_boxed();
        load_page!(db, reminder_rules, ReminderRule, query, page)
    }

    /// A studio's rules as the schedule's rules see them.
    pub(super) fn of_studio(db: &mut Db, studio_id: StudioId) -> Result<Vec<Rule>> {
        let rows: Vec<Deciding> = reminder_rules::table
            .filter(reminder_rules::studio_id.eq(studio_id))
            .select(Deciding::as_select())
            .kept()
            .load(db)?;
        Ok(rows
            .into_iter()
            .map(|row| Rule {
                step: row.step,
                session_kinds: row.session_kinds.0,
                timing: row.timing.0,
                enabled: row.enabled,
            })
            .collect())
    }
}
