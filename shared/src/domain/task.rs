//! What a task on the staff's worklist is made of.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::id::{ClientId, MailId, PlanId, SessionId, StudioId, TaskId};
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

impl TaskKind {
    /// What clients do on their page that staff would rather know today than tomorrow.
    pub const ANSWERS: [Self; 4] = [
        Self::MoveRequested,
        Self::ClientReport,
        Self::ClientCancelled,
        Self::ClientMoved,
    ];

    /// The key of a task whose cause is gone, where the same cause may come again: what was answered then says nothing of it.
    pub fn spent_key(self, task_id: TaskId) -> Option<String> {
        matches!(
            self,
            Self::HoursBreach | Self::GapBreach | Self::Unconfirmed
        )
        .then(|| format!("{self}:{task_id}:over"))
    }
}

/// What is to be done about something wrong that may change, go and come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// Nothing: it's told, or somebody has answered it.
    Known,
    /// The open task has to say what holds now.
    Changed,
    /// It's told anew.
    News,
}

/// What follows from the tasks that told of it before, the oldest first: where each stands, and the codes that it names.
///
/// Whoever dismissed it wants to hear no more of it; whoever acted has answered what they were told, and nothing else.
pub fn recurrence(told: &[(TaskState, Option<&Value>)], codes: &Value) -> Recurrence {
    let open = told.iter().find(|(state, _)| *state == TaskState::Open);
    let says_so = |(_, named): &(TaskState, Option<&Value>)| *named == Some(codes);
    match (open, told.last()) {
        (Some(open), _) if says_so(open) => Recurrence::Known,
        (Some(_), _) => Recurrence::Changed,
        (None, Some(last)) if says_so(last) => Recurrence::Known,
        _ if told.iter().any(|(state, _)| *state == TaskState::Dismissed) => Recurrence::Known,
        _ => Recurrence::News,
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_holds_for_what_was_told() {
        use TaskState::{Dismissed, Done, Open};

        let (away, both) = (json!(["time_off"]), json!(["time_off", "studio_closed"]));
        let named = |told: &[(TaskState, &Value)], codes: &Value| {
            let told: Vec<(TaskState, Option<&Value>)> = told
                .iter()
                .map(|(state, codes)| (*state, Some(*codes)))
                .collect();
            recurrence(&told, codes)
        };
        for (told, expected) in [
            (vec![], Recurrence::News),
            (vec![(Open, &away)], Recurrence::Known),
            (vec![(Open, &both)], Recurrence::Changed),
            (vec![(Done, &away)], Recurrence::Known),
            (vec![(Done, &both)], Recurrence::News),
            // What was answered once and then changed is news when it's as it was.
            (vec![(Done, &away), (Done, &both)], Recurrence::News),
            (vec![(Done, &both), (Open, &away)], Recurrence::Known),
            (vec![(Dismissed, &both)], Recurrence::Known),
            (vec![(Dismissed, &both), (Open, &both)], Recurrence::Changed),
        ] {
            assert_eq!(named(&told, &away), expected, "{told:?}");
        }
        assert_eq!(recurrence(&[(Open, None)], &away), Recurrence::Changed);
    }

    #[test]
    fn only_what_may_come_again_frees_its_key() {
        let id = TaskId::new();
        assert_eq!(
            TaskKind::HoursBreach.spent_key(id),
            Some(format!("hours_breach:{id}:over"))
        );
        assert_eq!(TaskKind::WrongPerson.spent_key(id), None);
    }
}
