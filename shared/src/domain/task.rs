//! What a task on the staff's worklist is made of.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::id::{ClientId, MailId, PlanId, SessionId, StudioId};
use super::instant::Instant;
use super::text::Note;
use super::text_enum::text_enums;
use super::vocabulary::{TaskKind, TaskState};

/// A task to open. Only the rules of the house open tasks, so this never comes over the wire.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Whose staff has to look.
    pub studio_id: StudioId,
    /// What about.
    pub kind: TaskKind,
    /// Names the cause: one cause makes one task, whatever happens how often.
    pub dedupe_key: String,
    /// Which client it concerns.
    pub client_id: Option<ClientId>,
    /// Which plan it concerns.
    pub plan_id: Option<PlanId>,
    /// Which session it concerns.
    pub session_id: Option<SessionId>,
    /// Which mail it concerns.
    pub mail_id: Option<MailId>,
    /// What else staff should know; ids, codes and numbers, never names.
    pub detail: Map<String, Value>,
    /// By when somebody should have looked.
    pub due_at: Instant,
}

text_enums! {
    /// How a task is closed.
    TaskOutcome {
        /// Somebody acted.
        Done = "done",
        /// Somebody decided that nothing is needed.
        Dismissed = "dismissed",
    }
}

impl From<TaskOutcome> for TaskState {
    fn from(outcome: TaskOutcome) -> Self {
        match outcome {
            TaskOutcome::Done => Self::Done,
            TaskOutcome::Dismissed => Self::Dismissed,
        }
    }
}

/// Closes a task.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseTask {
    /// How.
    pub outcome: TaskOutcome,
    /// What was done, or why nothing is needed.
    pub resolution: Option<Note>,
}
