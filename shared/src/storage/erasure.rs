//! Erasing who a client is. `domain::erasure` says what goes and what stays.

use diesel::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::{self, AuditDraft};
use super::clients::Client;
use super::columns::Json;
use super::delivery::hindrance_name;
use super::reminders::Reminder;
use super::schema::{
    assessments, clients, mails, pigment_records, plans, reminders, safety_notice_recipients,
    session_transitions, sessions, tasks,
};
use super::sessions::Session;
use super::{Tx, client_search, idempotency, safety_notices};
use crate::domain::client_removal::ClientStanding;
use crate::domain::erasure::{blank_in_json, nobodys_names, returning};
use crate::domain::text::{Note, Reason};
use crate::domain::{
    ClientId, EmailState, ReminderState, ReminderStep, SessionTransitionId, TaskId, TaskKind,
    TaskState,
};
use crate::error::{Error, Result};

/// Why reminders to whoever was erased ended.
pub(super) const CLIENT_ERASED: &str = "client_erased";

/// How the audit trail names an erasure.
const ERASURE: &str = "client.erased";

/// How the tasks end that nobody can act upon any more.
const NOBODY_LEFT: &str = "The client was erased.";

impl Client {
    /// Erases who a client is who was taken off the list; doing so twice is as doing it once, and takes what came since.
    pub fn erase(
        tx: &mut Tx<'_>,
        id: ClientId,
        expected: Option<i64>,
        reason: &Reason,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        let before = match found.erased_at {
            Some(_) => found,
            None => found.unless_stale(expected)?,
        };
        before.standing().may_be_erased()?;
        refuse_untold(tx, &before)?;
        let (client, mut blanked) = before.blank(tx)?;
        blanked += blank_rows(tx, id)?;
        blanked += blank_tasks(tx, id)?;
        blanked += blank_steps(tx, id)?;
        blanked += end_reminders(tx, id)?;
        blanked += safety_notices::clear_of_client(tx, id)?;
        blanked += diesel::update(mails::table.filter(mails::client_id.eq(id)))
            .filter(mails::content.is_not_null())
            .set(mails::content.eq(None::<String>))
            .execute(tx.db)?;
        idempotency::forget_client(tx, id)?;
        let about = things_of(tx, id)?;
        blanked += audit::blank_details(tx.db, &about, ERASURE)?;
        if blanked > 0 {
            // Without the client as they were: this entry is written after the others were blanked.
            let draft = AuditDraft::new(ERASURE, "client", id.0).because(Some(reason));
            tx.audit(draft.after(&client)?);
        }
        Ok(client)
    }

    /// Refuses to store anew, with what is an erased client's, what goes with an erasure: each field of the table that the
    /// write brings something into.
    pub(super) fn refuse_returning(
        tx: &mut Tx<'_>,
        id: ClientId,
        table: &str,
        at: &str,
        brought: &[(&str, bool)],
    ) -> Result<()> {
        let returning = returning(table, at, brought);
        if returning.is_empty() {
            return Ok(());
        }
        let (deleted_at, erased_at) = clients::table
            .find(id)
            .select((clients::deleted_at, clients::erased_at))
            .first(tx.db)?;
        ClientStanding::of(deleted_at, erased_at).may_get(returning)
    }

    /// The client without the person, and how many rows that changed.
    fn blank(self, tx: &mut Tx<'_>) -> Result<(Self, usize)> {
        let client = self.clone().without_the_person(tx);
        if client == self {
            return Ok((self, 0));
        }
        let client = client.store_over(tx)?;
        for ((purpose, granted), (_, was)) in client.choices().into_iter().zip(self.choices()) {
            if granted != was {
                client.note_choice(tx, purpose, granted)?;
            }
        }
        client_search::keep_words(tx.db, &client)?;
        Ok((client, 1))
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
            erased_at: self.erased_at.or(Some(tx.now())),
            ..self
        }
    }
}

/// Refuses what would put words with an erased client's thing again: of the fields named, those that go with an erasure.
macro_rules! refuse_returning {
    ($tx:expr, $table:ident, $before:expr, $after:expr, $($field:ident),+) => {{
        let (before, after) = ($before, $after);
        $crate::storage::clients::Client::refuse_returning(
            $tx,
            after.client_id,
            stringify!($table),
            "",
            &[$((
                stringify!($field),
                $crate::domain::erasure::brings(before.$field.as_ref(), after.$field.as_ref()),
            )),+],
        )?;
    }};
}

pub(super) use refuse_returning;

/// Refuses while the client is still to be told that a session is off: nobody could be told any more.
fn refuse_untold(tx: &mut Tx<'_>, client: &Client) -> Result<()> {
    let waiting: Vec<Reminder> = reminders::table
        .filter(reminders::client_id.eq(client.id))
        .filter(reminders::step.eq(ReminderStep::CancelledNotice))
        .filter(reminders::state.eq_any([ReminderState::Scheduled, ReminderState::Leased]))
        .order((reminders::due_at, reminders::id))
        .select(Reminder::as_select())
        .load(tx.db)?;
    let mut conflicts = Vec::new();
    for reminder in waiting {
        let session = Session::find(tx.db, reminder.session_id)?;
        if hindrance_name(tx.db, &reminder, &session, client, tx.now())?.is_some() {
            continue;
        }
        // Reminders at a studio that isn't seen have no names.
        conflicts.push(if tx.scope().sees_studio(reminder.studio_id) {
            json!({
                "reminder_id": reminder.id,
                "session_id": reminder.session_id,
                "state": reminder.state,
                "due_at": reminder.due_at,
            })
        } else {
            json!({"due_at": reminder.due_at})
        });
    }
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Error::Refused {
        code: "cancellation_waits",
        detail: "the client is still to be told that a session is off, and can't be told once they're erased: send each reminder \
                 that conflicts names with POST /v1/reminders/{id}/send-now and wait until it's sent, or call it off with \
                 POST /v1/reminders/{id}/cancel"
            .into(),
        breaches: Vec::new(),
        conflicts,
    })
}

/// Ends what can't be sent any more. What a worker has in its hands it ends itself, by the same reason.
fn end_reminders(tx: &mut Tx<'_>, id: ClientId) -> Result<usize> {
    let scheduled: Vec<Reminder> = reminders::table
        .filter(reminders::client_id.eq(id))
        .filter(reminders::state.eq(ReminderState::Scheduled))
        .order(reminders::id)
        .select(Reminder::as_select())
        .load(tx.db)?;
    for reminder in &scheduled {
        reminder.store_superseded(tx, CLIENT_ERASED)?;
    }
    Ok(scheduled.len())
}

/// Blanks columns of those of the client's rows that have something in them, which get new versions and change numbers.
/// Answers how many these were.
macro_rules! blank {
    ($tx:expr, $id:expr, $table:ident: $first:ident $(, $column:ident)* $(; but $kept:expr)?) => {{
        let rows: Vec<Vec<u8>> = $table::table
            .filter($table::client_id.eq($id))
            .filter($table::$first.is_not_null()$(.or($table::$column.is_not_null()))*)
            $(.filter($kept))?
            .order($table::id)
            .select($table::id)
            .load($tx.db)?;
        let count = rows.len();
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
        count
    }};
}

fn blank_rows(tx: &mut Tx<'_>, id: ClientId) -> Result<usize> {
    // What an erasure itself wrote tells nothing of anybody.
    let tells_something = tasks::resolution
        .is_null()
        .or(tasks::resolution.ne(Note::literal(NOBODY_LEFT)));
    Ok(blank!(tx, id, assessments: external_id)
        + blank!(tx, id, plans: external_id)
        + blank!(tx, id, sessions: external_id, notes)
        + blank!(tx, id, pigment_records: external_id)
        + blank!(tx, id, safety_notice_recipients: note)
        + blank!(tx, id, tasks: note, clinical_note, resolution; but tells_something))
}

/// Of these somebody can still act upon: they're about the record of the treatment, and not about the person.
const OF_THE_RECORD: [TaskKind; 2] = [TaskKind::Nonconformity, TaskKind::OutcomeMissing];

/// Closes what nobody can act upon any more.
fn blank_tasks(tx: &mut Tx<'_>, id: ClientId) -> Result<usize> {
    let open: Vec<Vec<u8>> = tasks::table
        .filter(tasks::client_id.eq(id))
        .filter(tasks::state.eq(TaskState::Open))
        .filter(tasks::kind.ne_all(OF_THE_RECORD))
        .order(tasks::id)
        .select(tasks::id)
        .load(tx.db)?;
    let count = open.len();
    for task in open {
        let (change, now) = (tx.next_change()?, tx.now());
        diesel::update(tasks::table.find(task))
            .set((
                tasks::state.eq(TaskState::Done),
                tasks::closed_at.eq(now),
                tasks::resolution.eq(Note::literal(NOBODY_LEFT)),
                tasks::version.eq(tasks::version + 1),
                tasks::change.eq(change),
                tasks::updated_at.eq(now),
            ))
            .execute(tx.db)?;
    }
    Ok(count + blank_keys(tx, id)?)
}

/// Takes the hash of what the client wrote out of the keys of their reports and wishes: whoever guesses the words could prove
/// them.
fn blank_keys(tx: &mut Tx<'_>, id: ClientId) -> Result<usize> {
    let written: Vec<(TaskId, TaskKind, String)> = tasks::table
        .filter(tasks::client_id.eq(id))
        .filter(tasks::kind.eq_any([TaskKind::ClientReport, TaskKind::MoveRequested]))
        .select((tasks::id, tasks::kind, tasks::dedupe_key))
        .load(tx.db)?;
    let mut blanked = 0;
    for (task, kind, key) in written {
        let bare = format!("{kind}:{task}");
        if key != bare {
            blanked += diesel::update(tasks::table.find(task))
                .set(tasks::dedupe_key.eq(bare))
                .execute(tx.db)?;
        }
    }
    Ok(blanked)
}

/// Blanks the sessions as they were before each step; the steps themselves stay.
fn blank_steps(tx: &mut Tx<'_>, id: ClientId) -> Result<usize> {
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
    let mut blanked = 0;
    for (step, before) in steps {
        let mut bare = before.0.clone();
        blank_in_json(&mut bare, id);
        if bare != before.0 {
            blanked += diesel::update(session_transitions::table.find(step))
                .set(session_transitions::snapshot_before.eq(Json(bare)))
                .execute(tx.db)?;
        }
    }
    Ok(blanked)
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
        safety_notice_recipients,
        tasks
    );
    things
        .iter()
        .map(|id| Uuid::from_slice(id).map_err(crate::error::Error::internal))
        .collect()
}
