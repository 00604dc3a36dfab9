//! The one worklist for staff.

use diesel::dsl::exists;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::clients::Client;
use super::columns::Json;
use super::kept_text::Keep as _;
use super::paging::{Page, PageRequest, load_page, resource};
use super::schema::{sessions, tasks};
use super::scope::{Seen, both, client_is_seen};
use super::sessions::Session;
use super::{Db, Scope, Tx};
use crate::domain::task::{NewTask, Recurrence, TaskOutcome, recurrence};
use crate::domain::text::Note;
use crate::domain::{
    ClientId, Instant, MailId, PlanId, PractitionerId, SessionId, StudioId, TaskId, TaskKind,
    TaskState,
};
use crate::error::{Error, Result};

/// Something that staff have to look at.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = tasks, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Whose staff has to look.
    pub studio_id: StudioId,
    /// What about.
    pub kind: TaskKind,
    /// Where it stands.
    pub state: TaskState,
    /// Names the cause: no two tasks have the same.
    #[serde(skip)]
    #[schema(ignore)]
    pub dedupe_key: String,
    /// Which client it concerns.
    pub client_id: Option<ClientId>,
    /// Which plan it concerns.
    pub plan_id: Option<PlanId>,
    /// Which session it concerns.
    pub session_id: Option<SessionId>,
    /// Which mail it concerns.
    pub mail_id: Option<MailId>,
    /// What else to know, by the kind. `overdue_for_booking` has `latest_day`; `gap_breach` and `hours_breach` have `codes`;
    /// `nonconformity` has `codes`, and `pigment_record_id` where it's about a record; `no_usable_address` has `reason` and
    /// `step`; `mail_failed` and `mail_ambiguous` have `reason`; `mail_template_failed` has `language`, `mail_kind`, and
    /// `step` where it's a reminder's; `practitioner_left` has `practitioner_id`; `safety_notice_unreached` has `reason` and
    /// `safety_notice_recipient_id`; `client_moved` has `previous_starts_at`. The other kinds have no fields here.
    #[schema(value_type = Object)]
    pub detail: Json<Map<String, Value>>,
    /// By when somebody should have looked.
    pub due_at: Instant,
    /// When it was closed, where it was.
    pub closed_at: Option<Instant>,
    /// What was done, or why nothing was needed.
    pub resolution: Option<Note>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When it was opened.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// What the client wrote to all staff.
    pub note: Option<Note>,
    /// What the client wrote to those who treat them.
    pub clinical_note: Option<Note>,
}

resource!(tasks, Task, TaskId, "task", seen: tasks_seen);

/// Which tasks are asked for.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Those of this studio.
    pub studio_id: Option<StudioId>,
    /// Those that stand so.
    pub state: Option<TaskState>,
    /// Those about this.
    pub kind: Option<TaskKind>,
    /// Those that concern this client.
    pub client_id: Option<ClientId>,
    /// Those that concern this session.
    pub session_id: Option<SessionId>,
    /// Those that concern a session which this practitioner treats.
    pub practitioner_id: Option<PractitionerId>,
}

/// What a client wrote.
#[derive(Clone, Debug, Default)]
pub struct ClientWords {
    /// To all staff.
    pub note: Option<Note>,
    /// To those who treat them.
    pub clinical_note: Option<Note>,
}

/// A task about a client goes with the client, another with its studio; what is clinical isn't for everybody.
fn tasks_seen(scope: &Scope) -> Option<Seen<tasks::table>> {
    let at_studio = scope
        .studio_ids()
        .map(|ids| -> Seen<tasks::table> { Box::new(tasks::studio_id.eq_any(ids.to_vec())) });
    let of_client = client_is_seen!(scope, tasks::client_id.assume_not_null()).map(
        |of_client| -> Seen<tasks::table> { Box::new(tasks::client_id.is_null().or(of_client)) },
    );
    let not_clinical = (!scope.sees_clinical()).then(|| -> Seen<tasks::table> {
        Box::new(tasks::kind.ne_all([TaskKind::Nonconformity, TaskKind::SafetyNoticeUnreached]))
    });
    both(both(at_studio, of_client), not_clinical)
}

impl Task {
    /// Opens a task, unless its cause has one already: what somebody closed stays closed.
    pub fn open(tx: &mut Tx<'_>, new: NewTask) -> Result<Option<Self>> {
        Self::open_with(tx, new, ClientWords::default())
    }

    /// The same with what a client wrote.
    pub fn open_with(tx: &mut Tx<'_>, new: NewTask, words: ClientWords) -> Result<Option<Self>> {
        let known: i64 = tasks::table
            .filter(tasks::dedupe_key.eq(&new.dedupe_key))
            .count()
            .kept()
            .get_result(tx.db)?;
        if known > 0 {
            return Ok(None);
        }
        let now = tx.now();
        let task = Self {
            id: TaskId::new(),
            studio_id: new.studio_id,
            kind: new.kind,
            state: TaskState::Open,
            dedupe_key: new.dedupe_key,
            client_id: new.client_id,
            plan_id: new.plan_id,
            session_id: new.session_id,
            mail_id: new.mail_id,
            detail: Json(new.detail),
            due_at: new.due_at,
            closed_at: None,
            resolution: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
            note: words.note,
            clinical_note: words.clinical_note,
        };
        task.create(tx, "task.opened").map(Some)
    }

    /// Whether a task of this kind about a session is open or was dismissed, whose dedupe key begins so.
    pub(super) fn stands(
        tx: &mut Tx<'_>,
        session_id: SessionId,
        kind: TaskKind,
        about: &str,
    ) -> Result<bool> {
        let standing: Vec<String> = tasks::table
            .filter(tasks::session_id.eq(session_id))
            .filter(tasks::kind.eq(kind))
            .filter(tasks::state.ne(TaskState::Done))
            .select(tasks::dedupe_key)
            .kept()
            .load(tx.db)?;
        Ok(standing.iter().any(|key| key.starts_with(about)))
    }

    /// The tasks of a kind about a session, the oldest first.
    pub(super) fn about(
        tx: &mut Tx<'_>,
        session_id: SessionId,
        kind: TaskKind,
    ) -> Result<Vec<Self>> {
        Ok(tasks::table
            .filter(tasks::session_id.eq(session_id))
            .filter(tasks::kind.eq(kind))
            .order(tasks::id)
            .select(Self::as_select())
            .load(tx.db)?)
    }

    /// The open tasks of a kind about a client.
    pub(super) fn open_of_client(
        tx: &mut Tx<'_>,
        client_id: ClientId,
        kind: TaskKind,
    ) -> Result<Vec<Self>> {
        Ok(tasks::table
            .filter(tasks::client_id.eq(client_id))
            .filter(tasks::kind.eq(kind))
            .filter(tasks::state.eq(TaskState::Open))
            .order(tasks::id)
            .select(Self::as_select())
            .load(tx.db)?)
    }

    /// Says in the task of a kind about a session what holds now: in the open one, or in a new one where nobody has answered
    /// this yet. `about` begins the dedupe keys of all whose answers still hold.
    pub(super) fn tell(
        tx: &mut Tx<'_>,
        session: &Session,
        kind: TaskKind,
        about: &str,
        codes: Vec<Value>,
    ) -> Result<()> {
        let mut told = Self::about(tx, session.id, kind)?;
        // What was answered for another time of the session is no answer for this one.
        told.retain(|task| task.state == TaskState::Open || task.dedupe_key.starts_with(about));
        let answers: Vec<(TaskState, Option<&Value>)> = told
            .iter()
            .map(|task| (task.state, task.detail.get("codes")))
            .collect();
        let codes = Value::Array(codes);
        if recurrence(&answers, &codes) == Recurrence::Known {
            return Ok(());
        }
        let dedupe_key = format!("{about}{}", tx.next_change()?);
        let open = told.into_iter().find(|task| task.state == TaskState::Open);
        if let Some(open) = open {
            return open.retell(tx, dedupe_key, codes);
        }
        let new = NewTask {
            studio_id: session.studio_id,
            kind,
            dedupe_key,
            client_id: Some(session.client_id),
            plan_id: session.plan_id,
            session_id: Some(session.id),
            mail_id: None,
            detail: Map::from_iter([("codes".to_owned(), codes)]),
            due_at: tx.now(),
        };
        Self::open(tx, new).map(drop)
    }

    /// Says in an open task what holds now.
    fn retell(mut self, tx: &mut Tx<'_>, dedupe_key: String, codes: Value) -> Result<()> {
        self.dedupe_key = dedupe_key;
        self.detail.0.insert("codes".to_owned(), codes);
        self.save(tx, "task.changed", None).map(drop)
    }

    /// Closes a task; closing it again in the same way is as doing it once.
    pub fn close(
        tx: &mut Tx<'_>,
        id: TaskId,
        expected: Option<i64>,
        outcome: TaskOutcome,
        resolution: Option<&Note>,
    ) -> Result<Self> {
        let found = Self::find_seen(tx, id)?;
        if found.state == TaskState::from(outcome) {
            return Ok(found);
        }
        let task = Self::find_seen_for_change(tx, id, expected)?;
        if task.state != TaskState::Open {
            return Err(Error::refused(
                "task_closed",
                format!("this task is already {}", task.state),
            ));
        }
        if let Some(client_id) = task.client_id {
            let brought = [("resolution", resolution.is_some())];
            Client::refuse_returning(tx, client_id, "tasks", "", &brought)?;
        }
        task.end(tx, outcome, resolution)
    }

    /// Closes the open task of a cause that is gone, if there is one.
    pub fn close_for(tx: &mut Tx<'_>, dedupe_key: &str, resolution: &'static str) -> Result<()> {
        let open: Option<Self> = tasks::table
            .filter(tasks::dedupe_key.eq(dedupe_key))
            .filter(tasks::state.eq(TaskState::Open))
            .select(Self::as_select())
            .kept()
            .get_result(tx.db)
            .optional()?;
        match open {
            Some(task) => task
                .end(tx, TaskOutcome::Done, Some(&Note::literal(resolution)))
                .map(drop),
            None => Ok(()),
        }
    }

    /// Closes the open tasks of a kind about a session.
    pub(super) fn close_about(
        tx: &mut Tx<'_>,
        session_id: SessionId,
        kinds: &[TaskKind],
        resolution: &'static str,
    ) -> Result<()> {
        if kinds.is_empty() {
            return Ok(());
        }
        // A session has few: sorting them out here lets the statement stay prepared.
        let all: Vec<Self> = tasks::table
            .filter(tasks::session_id.eq(session_id))
            .select(Self::as_select())
            .kept()
            .load(tx.db)?;
        for mut task in all.into_iter().filter(|task| kinds.contains(&task.kind)) {
            let spent = task.kind.spent_key(task.id);
            match (task.state, spent) {
                (TaskState::Open, spent) => {
                    task.dedupe_key = spent.unwrap_or(task.dedupe_key);
                    task.end(tx, TaskOutcome::Done, Some(&Note::literal(resolution)))?;
                }
                (TaskState::Done, Some(spent)) if spent != task.dedupe_key => {
                    // Nobody is shown the key, so that this is no change of the task.
                    diesel::update(tasks::table.find(task.id))
                        .set(tasks::dedupe_key.eq(spent))
                        .execute(tx.db)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Closes the open tasks about a client's address.
    pub(super) fn close_of_address(
        tx: &mut Tx<'_>,
        client_id: ClientId,
        resolution: &'static str,
    ) -> Result<()> {
        let open: Vec<Self> = tasks::table
            .filter(tasks::client_id.eq(client_id))
            .filter(tasks::kind.eq_any([
                TaskKind::NoUsableAddress,
                TaskKind::AddressBounced,
                TaskKind::WrongPerson,
            ]))
            .filter(tasks::state.eq(TaskState::Open))
            .select(Self::as_select())
            .load(tx.db)?;
        for task in open {
            task.end(tx, TaskOutcome::Done, Some(&Note::literal(resolution)))?;
        }
        Ok(())
    }

    /// Ends an open task.
    pub(super) fn end(
        mut self,
        tx: &mut Tx<'_>,
        outcome: TaskOutcome,
        resolution: Option<&Note>,
    ) -> Result<Self> {
        self.state = outcome.into();
        self.closed_at = Some(tx.now());
        self.resolution = resolution.cloned();
        self.save(tx, "task.closed", None)
    }

    /// A page of tasks, in the order in which they were opened.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &TaskFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = tasks::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if let Some(studio_id) = filter.studio_id {
            query = query.filter(tasks::studio_id.eq(studio_id));
        }
        if let Some(state) = filter.state {
            query = query.filter(tasks::state.eq(state));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(tasks::kind.eq(kind));
        }
        if let Some(client_id) = filter.client_id {
            query = query.filter(tasks::client_id.eq(client_id));
        }
        if let Some(session_id) = filter.session_id {
            query = query.filter(tasks::session_id.eq(session_id));
        }
        if let Some(practitioner_id) = filter.practitioner_id {
            let theirs = sessions::table
                .filter(sessions::id.nullable().eq(tasks::session_id))
                .filter(sessions::practitioner_id.eq(practitioner_id));
            query = query.filter(exists(theirs));
        }
        load_page!(db, tasks, Task, query, page)
    }
}
