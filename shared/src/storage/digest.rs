//! The mails to a studio's staff, in numbers: how much waits for them each morning, and soon after a client did something.

use std::collections::BTreeMap;

use chrono::{NaiveTime, TimeDelta};
use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use super::Tx;
use super::delivery::{self, Begun, LeaseLengths, Prepared};
use super::mail_templates::MailTemplate;
use super::mails::{ANSWERS, DIGEST, LeaseToken, Mail};
use super::schema::{mail_attempts, mails, sessions, studios, tasks};
use super::sending_rate::{self, SendingRate};
use super::studios::Studio;
use crate::domain::local_time::{add_days, at_local_time, start_of_day};
use crate::domain::mail_template::OwnWords;
use crate::domain::{Instant, MailId, MailState, SessionState, TaskId, TaskKind, TaskState};
use crate::error::{Error, Result};

/// When it goes, on the studio's clock.
const MORNING: TimeDelta = TimeDelta::hours(7);

/// From then on it isn't begun any more: the day is nearly over, and at night it would wake somebody.
const TOO_LATE: TimeDelta = TimeDelta::hours(15);

/// Another mail about what clients did waits so long after the one before, so that a busy day brings few.
const APART: TimeDelta = TimeDelta::minutes(15);

/// A digest as it stands.
#[derive(Clone, Debug)]
pub struct PreparedDigest {
    /// The mail.
    pub mail: Mail,
    /// Whose staff it's for.
    pub studio: Studio,
    /// Sessions that are to take place today.
    pub sessions_today: i64,
    /// Open tasks by what they are about.
    pub open_tasks: BTreeMap<TaskKind, i64>,
    /// The studio's own words for it.
    pub own_words: Vec<OwnWords>,
}

/// Queues the digests of the day that are due and weren't queued yet.
pub fn queue_due(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let asked: Vec<Studio> = studios::table
        .filter(studios::digest_email.is_not_null())
        .select(Studio::as_select())
        .load(tx.db)?;
    let mut queued = 0;
    for studio in asked {
        let zone = studio.time_zone.0;
        let day = now.day_at(zone);
        let at = |time| at_local_time(day, NaiveTime::MIN + time, zone);
        if now < at(MORNING) || at(TOO_LATE) <= now {
            continue;
        }
        // Nobody is there to read it; what waits stands in the next one.
        if studio.closed_days.on(day).is_some() {
            continue;
        }
        let dedupe_key = format!("{DIGEST}:{}:{day}", studio.id);
        let known: i64 = mails::table
            .filter(mails::dedupe_key.eq(&dedupe_key))
            .count()
            .get_result(tx.db)?;
        if known == 0 {
            // What waits tomorrow stands in tomorrow's.
            let useful_until = start_of_day(add_days(day, 1), zone);
            Mail::queue_for_staff(tx, DIGEST, studio.id, dedupe_key, now, useful_until)?;
            queued += 1;
        }
    }
    Ok(queued)
}

/// Queues a mail that tells staff of this task at once, once quiet hours are over, where one asks for such mails and none
/// waits that will tell of it.
pub(super) fn queue_answers(tx: &mut Tx<'_>, studio: &Studio, task_id: TaskId) -> Result<()> {
    if studio.digest_email.is_none() {
        return Ok(());
    }
    let now = tx.now();
    // Mails to staff have no client, by which an index finds them among all.
    let last_sent: Option<Instant> = mails::table
        .filter(mails::client_id.is_null())
        .filter(mails::studio_id.eq(studio.id))
        .filter(mails::kind.eq(ANSWERS))
        .filter(mails::state.ne(MailState::Cancelled))
        .select(max(mails::finished_at))
        .get_result(tx.db)?;
    let queued: Vec<Mail> = mails::table
        .filter(mails::client_id.is_null())
        .filter(mails::studio_id.eq(studio.id))
        .filter(mails::kind.eq(ANSWERS))
        .filter(mails::state.eq(MailState::Queued))
        .select(Mail::as_select())
        .load(tx.db)?;
    // One that is being sent, or was tried, has its words already, and counts as the one before.
    let (fresh, under_way): (Vec<Mail>, Vec<Mail>) =
        queued.into_iter().partition(Mail::is_untouched);
    let before = if under_way.is_empty() {
        last_sent
    } else {
        Some(now)
    };
    let at = before.map_or(now, |before| now.max(before + APART));
    let quiet = studio.quiet_hours.as_ref().map(|hours| hours.0);
    let at = quiet.map_or(at, |quiet| quiet.over_from(at, studio.time_zone.0));
    if fresh.iter().any(|mail| mail.not_before <= at) {
        return Ok(());
    }
    let dedupe_key = format!("{ANSWERS}:{}:{task_id}", studio.id);
    Mail::queue_for_staff(
        tx,
        ANSWERS,
        studio.id,
        dedupe_key,
        at,
        at + TimeDelta::days(1),
    )
    .map(drop)
}

/// Whether a client did something that waits for staff and that no mail has told them of.
fn has_news(tx: &mut Tx<'_>, mail: &Mail) -> Result<bool> {
    // By when its numbers were taken, for the first attempt: what came since isn't in them.
    let told_at: Option<Instant> = mail_attempts::table
        .inner_join(mails::table.on(mails::id.eq(mail_attempts::mail_id)))
        .filter(mails::client_id.is_null())
        .filter(mails::studio_id.eq(mail.studio_id))
        .filter(mails::kind.eq(DIGEST).or(mails::kind.eq(ANSWERS)))
        .filter(mails::state.eq_any([MailState::Sent, MailState::Written]))
        .filter(mail_attempts::number.eq(1))
        .select(max(mail_attempts::started_at))
        .get_result(tx.db)?;
    let newest: Option<Instant> = tasks::table
        .filter(tasks::studio_id.eq(mail.studio_id))
        .filter(tasks::kind.eq_any(TaskKind::ANSWERS))
        .filter(tasks::state.eq(TaskState::Open))
        .select(max(tasks::created_at))
        .get_result(tx.db)?;
    Ok(newest.is_some_and(|newest| told_at.is_none_or(|told_at| told_at <= newest)))
}

/// What a leased mail turned out to be.
#[derive(Clone, Debug)]
pub enum Looked {
    /// It carries reminders, or answers a client.
    Reminders(Box<Prepared>),
    /// It's a digest.
    Digest(Box<PreparedDigest>),
    /// There is nothing to send.
    Nothing,
}

/// Looks at a leased mail again, whatever it is.
pub fn look(tx: &mut Tx<'_>, id: MailId, token: LeaseToken) -> Result<Looked> {
    let mail = Mail::find_leased(tx.db, id, token)?;
    if delivery::waits_for_morning(tx, &mail)? {
        return Ok(Looked::Nothing);
    }
    let looked = if matches!(mail.kind.as_str(), DIGEST | ANSWERS) {
        prepare(tx, mail)?.map(|prepared| Looked::Digest(Box::new(prepared)))
    } else {
        delivery::prepare(tx, id, token)?.map(|prepared| Looked::Reminders(Box::new(prepared)))
    };
    Ok(looked.unwrap_or(Looked::Nothing))
}

/// Looks at a mail to staff. Nothing comes of it where nobody asks for it any more, it says nothing new, its day is over, or two
/// attempts ended in doubt.
fn prepare(tx: &mut Tx<'_>, mail: Mail) -> Result<Option<PreparedDigest>> {
    let now = tx.now();
    let studio = Studio::find(tx.db, mail.studio_id)?;
    let late = mail.useful_until <= now;
    let is_doubtful = mail.handover_started_at.is_some();
    let is_told = mail.kind == ANSWERS && !has_news(tx, &mail)?;
    if studio.digest_email.is_none() || late || is_doubtful || is_told {
        let state = match (mail.possibly_delivered, late) {
            (true, _) => MailState::Ambiguous,
            (false, true) => MailState::Expired,
            (false, false) => MailState::Cancelled,
        };
        mail.end(tx, state, Some("no_longer_holds"))?;
        return Ok(None);
    }
    let zone = studio.time_zone.0;
    let today = now.day_at(zone);
    let sessions_today: i64 = sessions::table
        .filter(sessions::studio_id.eq(studio.id))
        .filter(sessions::state.eq_any([
            SessionState::Booked,
            SessionState::Confirmed,
            SessionState::Arrived,
        ]))
        .filter(sessions::starts_at.ge(start_of_day(today, zone)))
        .filter(sessions::starts_at.lt(start_of_day(add_days(today, 1), zone)))
        .count()
        .get_result(tx.db)?;
    let open_tasks: Vec<(TaskKind, i64)> = tasks::table
        .filter(tasks::studio_id.eq(studio.id))
        .filter(tasks::state.eq(TaskState::Open))
        .group_by(tasks::kind)
        .select((tasks::kind, count_star()))
        .load(tx.db)?;
    Ok(Some(PreparedDigest {
        own_words: MailTemplate::in_use(tx.db, studio.id)?,
        mail,
        studio,
        sessions_today,
        open_tasks: open_tasks.into_iter().collect(),
    }))
}

/// Begins an attempt with this content, where the address is the same.
pub fn begin(
    tx: &mut Tx<'_>,
    token: LeaseToken,
    rendered: &PreparedDigest,
    content: &str,
    sending_domain: &str,
    rate: SendingRate,
) -> Result<Begun> {
    let Some(mail) = still_wanted(tx, token, rendered)? else {
        return Ok(Begun::Changed);
    };
    if !sending_rate::take(tx, rate)? {
        return Ok(Begun::RateReached);
    }
    mail.begin_attempt(tx, content, sending_domain)?;
    Ok(Begun::Yes)
}

/// The last look before the content leaves us. An error keeps it here.
pub fn hand_over(
    tx: &mut Tx<'_>,
    token: LeaseToken,
    rendered: &PreparedDigest,
    lengths: LeaseLengths,
) -> Result<()> {
    match still_wanted(tx, token, rendered)? {
        Some(mail) => mail.note_handover(tx, lengths.after_handover),
        None => Err(Error::refused(
            "changed_meanwhile",
            "the studio wants its digest elsewhere, or none",
        )),
    }
}

fn still_wanted(
    tx: &mut Tx<'_>,
    token: LeaseToken,
    rendered: &PreparedDigest,
) -> Result<Option<Mail>> {
    let mail = Mail::find_leased(tx.db, rendered.mail.id, token)?;
    let studio = Studio::find(tx.db, mail.studio_id)?;
    Ok((studio.digest_email == rendered.studio.digest_email).then_some(mail))
}
