//! The mails to a client that carry no reminders, looked at again: a fresh link, and what they must know for their safety.

use diesel::prelude::*;

use super::Prepared;
use crate::domain::MailState;
use crate::domain::text::Note;
use crate::error::Result;
use crate::storage::clients::Client;
use crate::storage::mail_templates::MailTemplate;
use crate::storage::mails::{Mail, SAFETY_NOTICE};
use crate::storage::schema::mails;
use crate::storage::sessions::Session;
use crate::storage::studios::Studio;
use crate::storage::{Tx, safety_notices};

/// An answer to the client's own wish: it carries no reminder, and only asks for an address that is theirs.
pub(super) fn fresh_link(
    tx: &mut Tx<'_>,
    mail: Mail,
    session: Session,
    client: Client,
    studio: Studio,
) -> Result<Option<Prepared>> {
    let holds = client.has_usable_address() && client.deleted_at.is_none();
    let hindrance = (!holds).then_some("no_longer_holds");
    if mail.has_ended(tx, hindrance)? {
        return Ok(None);
    }
    about_client(tx, mail, session, client, studio, None).map(Some)
}

/// What a client must know for their safety: no consent is asked for, only an address that is theirs.
pub(super) fn safety_notice(
    tx: &mut Tx<'_>,
    mail: Mail,
    session: Session,
    client: Client,
    studio: Studio,
) -> Result<Option<Prepared>> {
    let message = safety_notices::still_to_tell(tx.db, mail.id, &client, &studio)?;
    let done_with = message.is_none().then_some("no_longer_holds");
    let hindrance = done_with.or(safety_notices::unreachable_reason(&client));
    if mail.has_ended(tx, hindrance)? {
        return Ok(None);
    }
    about_client(tx, mail, session, client, studio, message).map(Some)
}

fn about_client(
    tx: &mut Tx<'_>,
    mail: Mail,
    session: Session,
    client: Client,
    studio: Studio,
    safety_message: Option<Note>,
) -> Result<Prepared> {
    Ok(Prepared {
        mail,
        steps: Vec::new(),
        time: session.time(),
        previous: None,
        session,
        client,
        own_words: MailTemplate::in_use(tx.db, studio.id)?,
        studio,
        safety_message,
    })
}

/// Ends safety notices that nobody came to send in time, as without a mail server: their clients are to be told otherwise.
pub(super) fn expire_overdue(tx: &mut Tx<'_>, at_most: i64) -> Result<usize> {
    let overdue: Vec<Mail> = mails::table
        .filter(mails::state.eq(MailState::Queued))
        .filter(mails::kind.eq(SAFETY_NOTICE))
        .filter(mails::useful_until.le(tx.now()))
        .order(mails::id)
        .limit(at_most)
        .select(Mail::as_select())
        .load(tx.db)?;
    let mut expired = 0;
    for mail in overdue.into_iter().filter(Mail::is_ours) {
        mail.end(tx, MailState::Expired, Some("no_longer_useful"))?;
        expired += 1;
    }
    Ok(expired)
}

/// Puts a safety notice off until the studio's quiet hours are over, and says whether it did. Asked when it comes up and not
/// when it's queued, since it may wait: for others, or for a server that is away.
pub(in crate::storage) fn waits_for_morning(tx: &mut Tx<'_>, mail: &Mail) -> Result<bool> {
    if mail.kind != SAFETY_NOTICE || mail.handover_started_at.is_some() {
        return Ok(false);
    }
    let studio = Studio::find(tx.db, mail.studio_id)?;
    let now = tx.now();
    let quiet = studio.quiet_hours.as_ref().map(|hours| hours.0);
    let at = quiet.map_or(now, |quiet| quiet.over_from(now, studio.time_zone.0));
    if at == now {
        return Ok(false);
    }
    mail.clone().put_off(tx, at)?;
    Ok(true)
}

impl Mail {
    /// Ends a mail without reminders that something stands in the way of, or that comes too late, and says whether it did.
    fn has_ended(&self, tx: &mut Tx<'_>, hindrance: Option<&str>) -> Result<bool> {
        let late = self.useful_until <= tx.now();
        if hindrance.is_none() && !late {
            return Ok(false);
        }
        let state = match (self.possibly_delivered, late) {
            (true, _) => MailState::Ambiguous,
            (false, true) => MailState::Expired,
            (false, false) => MailState::Cancelled,
        };
        let reason = hindrance.unwrap_or("no_longer_useful");
        self.clone().end(tx, state, Some(reason))?;
        Ok(true)
    }
}
