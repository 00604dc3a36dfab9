//! The task about a client whom no mail reaches.

use crate::domain::task::NewTask;
use crate::domain::{Anchor, TaskKind};
use crate::error::Result;
use crate::storage::Tx;
use crate::storage::clients::Client;
use crate::storage::reminders::Reminder;
use crate::storage::tasks::Task;

impl Reminder {
    /// Opens it, unless one about the session is open or was dismissed.
    pub(super) fn note_unreachable(
        &self,
        tx: &mut Tx<'_>,
        reason: &str,
        client: &Client,
    ) -> Result<()> {
        let about = format!("no_usable_address:{}:{}", client.id, self.session_id);
        if Task::stands(tx, self.session_id, TaskKind::NoUsableAddress, &about)? {
            return Ok(());
        }
        // A session's start closes the task about its time, and what comes after it is news.
        let dedupe_key = match self.anchor {
            Anchor::Schedule => format!("{about}:{}", self.schedule_version),
            Anchor::Care => format!("{about}:care"),
        };
        let mut detail = serde_json::Map::new();
        detail.insert("reason".into(), reason.into());
        detail.insert("step".into(), self.step.as_str().into());
        let task = NewTask {
            studio_id: self.studio_id,
            kind: TaskKind::NoUsableAddress,
            dedupe_key,
            client_id: Some(client.id),
            plan_id: self.plan_id,
            session_id: Some(self.session_id),
            mail_id: None,
            detail,
            due_at: tx.now(),
        };
        Task::open(tx, task).map(drop)
    }
}
