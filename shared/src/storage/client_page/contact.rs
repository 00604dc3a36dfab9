//! How a client is written to: which mails they want, whether they are who was meant, and a fresh link.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::{Did, Standing, admit, visit};
use crate::domain::client::ClientPatch;
use crate::domain::patch::Set;
use crate::domain::{ClientId, EmailState, Instant, SessionId, TaskKind};
use crate::error::Result;
use crate::links::{Link, number};
use crate::storage::clients::Client;
use crate::storage::mails::{FRESH_LINK, Mail, NewMail};
use crate::storage::schema::mails;
use crate::storage::sessions::Session;
use crate::storage::tasks::Task;
use crate::storage::{Db, Tx};

/// Which mails a client wants.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    /// Mails about their sessions.
    pub service_mail: bool,
    /// Invitations.
    pub marketing_mail: bool,
    /// Care advice in the mail itself.
    pub care_advice_in_mail: bool,
}

/// Takes note of which mails the client wants.
pub fn choose_mails(tx: &mut Tx<'_>, link: &Link, choices: Choices) -> Result<Did> {
    let visited = admit!(tx, link);
    let patch = ClientPatch {
        service_mail: Set::Value(choices.service_mail),
        marketing_mail: Set::Value(choices.marketing_mail),
        care_advice_in_mail: Set::Value(choices.care_advice_in_mail),
        ..ClientPatch::default()
    };
    let client = &visited.client;
    let stands_so = client.service_mail == choices.service_mail
        && client.marketing_mail == choices.marketing_mail
        && client.care_advice_in_mail == choices.care_advice_in_mail;
    if !stands_so {
        Client::change(tx, client.id, None, &patch)?;
    }
    Ok(Did::Done)
}

/// Ends invitations.
pub fn unsubscribe(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let visited = admit!(tx, link);
    if visited.client.marketing_mail {
        let patch = ClientPatch {
            marketing_mail: Set::Value(false),
            ..ClientPatch::default()
        };
        Client::change(tx, visited.client.id, None, &patch)?;
    }
    Ok(Did::Done)
}

/// Notes that the address belongs to somebody else: its mails end, and all its links with them.
pub fn wrong_person(tx: &mut Tx<'_>, link: &Link) -> Result<Did> {
    let now = tx.now();
    let visited = match visit(tx.db, link, now)? {
        Some((visited, Standing::Holds)) => visited,
        // The second click of two: the first one made the link void.
        Some((visited, Standing::Void))
            if visited.client.email_state == EmailState::WrongPerson
                && number(visited.client.link_generation) == link.generation + 1 =>
        {
            return Ok(Did::Done);
        }
        Some((_, standing)) => return Ok(Did::Not(standing)),
        None => return Ok(Did::Not(Standing::Void)),
    };
    let key = format!("wrong_person:{}:{}", visited.client.id, link.generation);
    let task = visited.task(TaskKind::WrongPerson, key, now);
    Task::open(tx, task)?;
    let patch = ClientPatch {
        email_state: Set::Value(EmailState::WrongPerson),
        ..ClientPatch::default()
    };
    Client::change(tx, visited.client.id, None, &patch)?;
    Ok(Did::Done)
}

/// Queues a mail with a fresh link to the address on file, if there is one and not too often. Says nothing of it.
pub fn send_fresh_link(tx: &mut Tx<'_>, link: &Link) -> Result<()> {
    let now = tx.now();
    let Some((visited, Standing::Holds | Standing::Moved | Standing::Expired)) =
        visit(tx.db, link, now)?
    else {
        return Ok(());
    };
    let client = &visited.client;
    let is_bad = matches!(
        client.email_state,
        EmailState::Bounced | EmailState::WrongPerson
    );
    if client.email.is_none() || is_bad {
        return Ok(());
    }
    let lately: Vec<Instant> = mails::table
        .filter(mails::client_id.eq(client.id))
        .filter(mails::kind.eq(FRESH_LINK))
        .filter(mails::created_at.gt(now - TimeDelta::days(1)))
        .select(mails::created_at)
        .load(tx.db)?;
    if lately.len() >= 5 || lately.iter().any(|at| *at > now - TimeDelta::minutes(10)) {
        return Ok(());
    }
    let session_id = match &visited.session {
        Some(session) => session.id,
        // A mail is about a session: the client's newest.
        None => match Session::newest_of(tx.db, client.id)? {
            Some(id) => id,
            None => return Ok(()),
        },
    };
    let studio_id = Session::find(tx.db, session_id)?.studio_id;
    Mail::queue_kind(
        tx,
        FRESH_LINK,
        NewMail {
            studio_id,
            client_id: client.id,
            session_id,
            dedupe_key: format!("fresh_link:{}:{}", client.id, now.millis()),
            useful_until: now + TimeDelta::hours(6),
        },
    )
    .map(drop)
}

impl Session {
    fn newest_of(db: &mut Db, client_id: ClientId) -> Result<Option<SessionId>> {
        use crate::storage::schema::sessions;

        let ids: Vec<SessionId> = sessions::table
            .filter(sessions::client_id.eq(client_id))
            .order(sessions::id.desc())
            .limit(1)
            .select(sessions::id)
            .load(db)?;
        Ok(ids.into_iter().next())
    }
}
