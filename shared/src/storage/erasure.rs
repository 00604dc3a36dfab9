//! Erasing who a client is. `domain::erasure` says what goes and what stays.

use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::audit::{self, AuditDraft};
use super::clients::Client;
use super::columns::Json;
use super::schema::{
    assessments, mails, pigment_records, plans, reminders, session_transitions, sessions, tasks,
};
use super::{Tx, client_search, idempotency};
use crate::domain::erasure::{blank_in_json, nobodys_names};
use crate::domain::text::{Note, Reason};
use crate::domain::{ClientId, EmailState, SessionTransitionId, TaskKind, TaskState};
use crate::error::Result;

impl Client {
    /// Erases who a client is who was taken off the list; doing so twice is as doing it once.
    pub fn erase(
        tx: &mut Tx<'_>,
        id: ClientId,
        expected: Option<i64>,
        reason: &Reason,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        if found.erased_at.is_some() {
            return Ok(found);
        }
        let before = found.unless_stale(expected)?;
        before.standing().may_be_erased()?;
        let client = before.clone().without_the_person(tx).store_over(tx)?;
        for ((purpose, granted), (_, was)) in client.choices().into_iter().zip(before.choices()) {
            if granted != was {
                client.note_choice(tx, purpose, granted)?;
            }
        }
        client_search::keep_words(tx.db, &client)?;
        blank_rows(tx, id)?;
        blank_tasks(tx, id)?;
        blank_steps(tx, id)?;
        diesel::update(mails::table.filter(mails::client_id.eq(id)))
            .set(mails::content.eq(None::<String>))
            .execute(tx.db)?;
        idempotency::change_kept_about(tx, &id.to_string(), |answer| blank_in_json(answer, id))?;
        let about = things_of(tx, id)?;
        audit::blank_details(tx.db, &about)?;
        // Without the client as they were: this entry is written after the others were blanked.
        let draft = AuditDraft::new("client.erased", "client", id.0).because(Some(reason));
        tx.audit(draft.after(&client)?);
        Ok(client)
    }

    fn without_the_person(self, tx: &Tx<'_>) -> Self {
        let (given_name, family_name) = nobodys_names();
        Self {
            external_id: None,
            given_name,
            family_name,
            preferred_name: None,
            email: None,
            email_state: EmailState::Unverified,
            telephone: None,
            date_of_birth: None,
            language: None,
            service_mail: false,
            marketing_mail: false,
            care_advice_in_mail: false,
            notes: None,
            erased_at: Some(tx.now()),
            ..self
        }
    }
}

/// Blanks columns of those of the client's rows that have something in them, which get new versions and change numbers.
macro_rules! blank {
    ($tx:expr, $id:expr, $table:ident: $first:ident $(, $column:ident)*) => {{
        let rows: Vec<Vec<u8>> = $table::table
            .filter($table::client_id.eq($id))
            .filter($table::$first.is_not_null()$(.or($table::$column.is_not_null()))*)
            .order($table::id)
            .select($table::id)
            .load($tx.db)?;
        for row in rows {
            let (change, now) = ($tx.next_change()?, $tx.now());
            diesel::update($table::table.find(row))
                .set((
                    $table::$first.eq(None::<String>),
                    $($table::$column.eq(None::<String>),)*
                    $table::version.eq($table::version + 1),
                    $table::change.eq(change),
                    $table::updated_at.eq(now),
                ))
                .execute($tx.db)?;
        }
    }};
}

fn blank_rows(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    blank!(tx, id, assessments: external_id);
    blank!(tx, id, plans: external_id);
    blank!(tx, id, sessions: external_id, notes);
    blank!(tx, id, pigment_records: external_id);
    blank!(tx, id, tasks: note, clinical_note, resolution);
    Ok(())
}

/// Closes what nobody can act upon any more. What doesn't agree with a rule in a record is still to be looked at.
fn blank_tasks(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    let open: Vec<Vec<u8>> = tasks::table
        .filter(tasks::client_id.eq(id))
        .filter(tasks::state.eq(TaskState::Open))
        .filter(tasks::kind.ne(TaskKind::Nonconformity))
        .order(tasks::id)
        .select(tasks::id)
        .load(tx.db)?;
    for task in open {
        let (change, now) = (tx.next_change()?, tx.now());
        diesel::update(tasks::table.find(task))
            .set((
                tasks::state.eq(TaskState::Done),
                tasks::closed_at.eq(now),
                tasks::resolution.eq(Note::literal("The client was erased.")),
                tasks::version.eq(tasks::version + 1),
                tasks::change.eq(change),
                tasks::updated_at.eq(now),
            ))
            .execute(tx.db)?;
    }
    Ok(())
}

/// Blanks the sessions as they were before each step; the steps themselves stay.
fn blank_steps(tx: &mut Tx<'_>, id: ClientId) -> Result<()> {
    let theirs = sessions::table
        .filter(sessions::client_id.eq(id))
        .select(sessions::id);
    let steps: Vec<(SessionTransitionId, Json<Value>)> = session_transitions::table
        .filter(session_transitions::session_id.eq_any(theirs))
        .select((
            session_transitions::id,
            session_transitions::snapshot_before,
        ))
        .load(tx.db)?;
    for (step, mut before) in steps {
        blank_in_json(&mut before.0, id);
        diesel::update(session_transitions::table.find(step))
            .set(session_transitions::snapshot_before.eq(before))
            .execute(tx.db)?;
    }
    Ok(())
}

/// The ids of the client and of all that is theirs: what the trail may tell of them.
fn things_of(tx: &mut Tx<'_>, id: ClientId) -> Result<Vec<Uuid>> {
    let mut things: Vec<Vec<u8>> = vec![id.0.as_bytes().to_vec()];
    macro_rules! add {
        ($($table:ident),+) => {$(
            things.extend(
                $table::table
                    .filter($table::client_id.eq(id))
                    .select($table::id)
                    .load::<Vec<u8>>(tx.db)?,
            );
        )+};
    }
    add!(
        assessments,
        plans,
        sessions,
        pigment_records,
        mails,
        reminders,
        tasks
    );
    things
        .iter()
        .map(|id| Uuid::from_slice(id).map_err(crate::error::Error::internal))
        .collect()
}
