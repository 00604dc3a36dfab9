//! Sessions of a plan that what happened since has left too near or too far apart, each a task while that holds.

use super::Tx;
use super::plans::Plan;
use super::session_rules::for_gaps;
use super::sessions::Session;
use super::studios::Studio;
use super::tasks::Task;
use crate::domain::TaskKind;
use crate::domain::gap;
use crate::domain::overriding::accepted;
use crate::error::Result;

/// Tells of each session to come that doesn't lie as the plan wants, unless somebody accepted that, and closes what was told of
/// those that do.
pub(super) fn recheck(tx: &mut Tx<'_>, plan: &Plan, studio: &Studio) -> Result<()> {
    let sessions = Session::of_plan(tx.db, plan.id)?;
    let found = gap::breaches(&for_gaps(&sessions, studio)?, &plan.gaps);
    for session in &sessions {
        let breach = found.iter().find(|breach| {
            session.ordinal == Some(breach.later_ordinal.into())
                && !accepted(&session.overrides, breach.kind.as_str())
        });
        let Some(breach) = breach else {
            let why = "The session lies as the plan wants again.";
            Task::close_about(tx, session.id, &[TaskKind::GapBreach], why)?;
            continue;
        };
        // An answer holds for the times of both.
        let mut about = format!("gap_breach:{}:{}:", session.id, session.schedule_version);
        let earlier = sessions
            .iter()
            .find(|other| other.ordinal == Some(breach.earlier_ordinal.into()));
        if let Some(earlier) = earlier {
            about.push_str(&format!("{}:{}:", earlier.id, earlier.schedule_version));
        }
        let codes = vec![breach.kind.as_str().into()];
        Task::tell(tx, session, TaskKind::GapBreach, &about, codes)?;
    }
    Ok(())
}
