//! All that is held on one client, in one snapshot: what somebody is owed who asks for it (GDPR, articles 15 and 20).

use diesel::prelude::*;

use super::clients::{Client, ContactConsent};
use super::export_names::ExportNames;
use super::paging::PageRequest;
use super::safety_notices::{self, ToldSafetyNotice};
use super::schema::mails;
use super::timeline::{self, TimelineEntry, TimelineFilter};
use super::{Db, Scope};
use crate::domain::{ClientId, Instant, MailId, MailState, SessionId};
use crate::error::Result;

/// So many things of a kind are loaded at once.
const AT_ONCE: usize = 500;

/// A mail to a client, as far as it was written.
#[derive(Queryable)]
pub struct KeptMail {
    /// Its id.
    pub id: MailId,
    /// About which session.
    pub session_id: Option<SessionId>,
    /// What became of it.
    pub state: MailState,
    /// When it was sent, or ended otherwise.
    pub finished_at: Option<Instant>,
    /// What it says, as JSON; none where it was never written, or was erased.
    pub content: Option<String>,
}

/// All that is held on one client.
pub struct ClientExport {
    /// Who they are.
    pub client: Client,
    /// What they agreed to be sent, oldest first.
    pub contact_consents: Vec<ContactConsent>,
    /// What took place, in order of time.
    pub timeline: Vec<TimelineEntry>,
    /// Their mails, oldest first.
    pub mails: Vec<KeptMail>,
    /// What they were told of something unsafe, oldest first.
    pub safety_notices: Vec<ToldSafetyNotice>,
    /// What the ids of studios, practitioners, products and lots in the timeline stand for.
    pub names: ExportNames,
    /// Whether this is all: a caller who is limited sees a part.
    pub complete: bool,
}

impl ClientExport {
    /// Gathers what is seen of it.
    pub fn of(db: &mut Db, scope: &Scope, id: ClientId) -> Result<Self> {
        let client = Client::find_in(db, scope, id)?;
        let contact_consents = Client::contact_consents(db, scope, id)?;
        let mut entries = Vec::new();
        let mut page = PageRequest {
            limit: AT_ONCE,
            after: None,
            updated_since: None,
        };
        loop {
            let filter = TimelineFilter::default();
            let (found, next) = timeline::of_client(db, scope, id, &filter, &page)?;
            entries.extend(found);
            if next.is_none() {
                break;
            }
            page.after = next;
        }
        let safety_notices = safety_notices::of_client(db, scope, &client)?;
        Ok(Self {
            names: ExportNames::of(db, client.studio_id, &entries, &safety_notices)?,
            client,
            contact_consents,
            timeline: entries,
            mails: mails_of(db, scope, id)?,
            safety_notices,
            complete: !scope.is_limited(),
        })
    }
}

fn mails_of(db: &mut Db, scope: &Scope, id: ClientId) -> Result<Vec<KeptMail>> {
    let mut query = mails::table.filter(mails::client_id.eq(id)).into_boxed();
    if let Some(ids) = scope.studio_ids() {
        query = query.filter(mails::studio_id.eq_any(ids.to_vec()));
    }
    Ok(query
        .order((mails::created_at, mails::id))
        .select((
            mails::id,
            mails::session_id,
            mails::state,
            mails::finished_at,
            mails::content,
        ))
        .load(db)?)
}
