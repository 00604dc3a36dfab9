//! Clients and what they agreed to be sent.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::client_removal::refuse_external_id_off_the_list;
use super::paging::{Page, PageRequest, load_page, refuse_taken_external_id, resource};
use super::references::named;
use super::schema::{clients, contact_consents};
use super::scope::client_is_seen;
use super::studios::Studio;
use super::tasks::Task;
use super::{Db, Scope, Tx, client_search, reminder_sync, safety_notices, sharing};
use crate::domain::client::{ClientPatch, NewClient, check_date_of_birth};
use crate::domain::task::NewTask;
use crate::domain::text::{EmailAddress, ExternalId, Language, Name, Note, Telephone};
use crate::domain::{
    ClientId, ConsentPurpose, ContactConsentId, EmailState, Instant, StudioId, TaskKind,
};
use crate::error::{Error, Result};

/// Somebody who is treated, or thinks about it.
#[derive(
    Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema,
)]
#[diesel(table_name = clients, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Client {
    /// Their id.
    pub id: ClientId,
    /// Another system's name for them.
    pub external_id: Option<ExternalId>,
    /// Where they are registered.
    pub studio_id: StudioId,
    /// Given name.
    pub given_name: Name,
    /// Family name.
    pub family_name: Name,
    /// What they like to be called.
    pub preferred_name: Option<Name>,
    /// Where their mails go.
    pub email: Option<EmailAddress>,
    /// What is known of the address.
    pub email_state: EmailState,
    /// How they are reached when mail won't do.
    pub telephone: Option<Telephone>,
    /// Date of birth.
    pub date_of_birth: Option<NaiveDate>,
    /// The language of their mails.
    pub language: Option<Language>,
    /// Whether they want mails about their sessions.
    pub service_mail: bool,
    /// Whether they agreed to be invited back.
    pub marketing_mail: bool,
    /// Whether care advice may stand in the mail itself.
    pub care_advice_in_mail: bool,
    /// Notes for all staff.
    pub notes: Option<Note>,
    /// When they were taken off the list, where they were.
    pub deleted_at: Option<Instant>,
    /// When who they are was erased, where it was. Their names are placeholders since, and what was recorded of their
    /// treatment stays.
    pub erased_at: Option<Instant>,
    /// Raised by each change; its ETag.
    pub version: i64,
    /// Its place in the change sequence.
    pub change: i64,
    /// When they were registered.
    pub created_at: Instant,
    /// When they were last changed.
    pub updated_at: Instant,
    /// Which of their links hold: those of another generation are void.
    #[serde(skip)]
    #[schema(ignore)]
    pub link_generation: i64,
}

resource!(clients, Client, ClientId, "client", seen: |scope| {
    client_is_seen!(scope, clients::id)
});

/// Which clients are asked for.
#[derive(Clone, Debug, Default)]
pub struct ClientFilter {
    /// The one that another system calls so.
    pub external_id: Option<ExternalId>,
    /// Those registered at this studio.
    pub studio_id: Option<StudioId>,
}

/// One decision about what a client may be sent.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = contact_consents, treat_none_as_default_value = false)]
pub struct ContactConsent {
    /// Its id.
    pub id: ContactConsentId,
    /// Whose decision it is.
    pub client_id: ClientId,
    /// What it's about.
    pub purpose: ConsentPurpose,
    /// Whether it was given or taken back.
    pub granted: bool,
    /// Through what it reached us: `key`, `client_link`, `worker` or `command_line`.
    pub source: String,
    /// When.
    pub at: Instant,
}

impl Client {
    /// Registers a client.
    pub fn register(tx: &mut Tx<'_>, new: &NewClient) -> Result<Self> {
        let id = ClientId::new();
        let now = tx.now();
        if tx.scope().own_clients_of().is_some() {
            return Err(Error::Forbidden {
                detail: "this key sees only clients who have a session or a plan with its practitioner, and a new one has \
                         neither: let the front desk register and book them"
                    .into(),
            });
        }
        check_date_of_birth(new.date_of_birth, now)?;
        named(Studio::find_seen(tx, new.studio_id), "/studio_id")?;
        refuse_external_id_off_the_list(tx, id, new.external_id.as_ref())?;
        refuse_taken_external_id!(tx.db, clients, id, &new.external_id);
        let client = Self {
            id,
            external_id: new.external_id.clone(),
            studio_id: new.studio_id,
            given_name: new.given_name.clone(),
            family_name: new.family_name.clone(),
            preferred_name: new.preferred_name.clone(),
            email: new.email.clone(),
            email_state: EmailState::Unverified,
            telephone: new.telephone.clone(),
            date_of_birth: new.date_of_birth,
            language: new.language.clone(),
            service_mail: new.service_mail,
            marketing_mail: new.marketing_mail,
            care_advice_in_mail: new.care_advice_in_mail,
            notes: new.notes.clone(),
            deleted_at: None,
            erased_at: None,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
            link_generation: 1,
        };
        let client = client.create(tx, "client.registered")?;
        client_search::keep_words(tx.db, &client)?;
        for (purpose, granted) in client.choices() {
            client.note_choice(tx, purpose, granted)?;
        }
        Ok(client)
    }

    /// Changes a client.
    pub fn change(
        tx: &mut Tx<'_>,
        id: ClientId,
        expected: Option<i64>,
        patch: &ClientPatch,
    ) -> Result<Self> {
        let before = Self::find_seen_for_change(tx, id, expected)?.unless_off_the_list()?;
        let mut client = before.clone();
        patch.studio_id.apply(&mut client.studio_id);
        patch.given_name.apply(&mut client.given_name);
        patch.family_name.apply(&mut client.family_name);
        patch.preferred_name.apply(&mut client.preferred_name);
        patch.email.apply(&mut client.email);
        if client.email != before.email {
            client.email_state = EmailState::Unverified;
        }
        patch.email_state.apply(&mut client.email_state);
        let became_wrong = client.email_state == EmailState::WrongPerson
            && before.email_state != EmailState::WrongPerson;
        let has_moved = match (&client.email, &before.email) {
            // No provider gives the same letters in another case to somebody else.
            (Some(email), Some(before)) => !email.eq_ignore_ascii_case(before),
            (email, before) => email != before,
        };
        if has_moved || became_wrong {
            // Whoever reads the address that was may no longer act through its mails.
            client.link_generation += 1;
        }
        patch.telephone.apply(&mut client.telephone);
        patch.date_of_birth.apply(&mut client.date_of_birth);
        patch.language.apply(&mut client.language);
        patch.service_mail.apply(&mut client.service_mail);
        patch.marketing_mail.apply(&mut client.marketing_mail);
        patch
            .care_advice_in_mail
            .apply(&mut client.care_advice_in_mail);
        patch.notes.apply(&mut client.notes);
        patch.external_id.apply(&mut client.external_id);
        if client == before {
            return Ok(before);
        }
        check_date_of_birth(client.date_of_birth, tx.now())?;
        if client.studio_id != before.studio_id {
            named(Studio::find_seen(tx, client.studio_id), "/studio_id")?;
            sharing::reaches_studio(tx, id, client.studio_id, id.0)?;
        }
        refuse_external_id_off_the_list(tx, id, client.external_id.as_ref())?;
        refuse_taken_external_id!(tx.db, clients, id, &client.external_id);
        let client = client.save(tx, "client.changed", None)?;
        client_search::keep_words(tx.db, &client)?;
        for ((purpose, granted), (_, was)) in client.choices().into_iter().zip(before.choices()) {
            if granted != was {
                client.note_choice(tx, purpose, granted)?;
            }
        }
        client.note_address(tx, &before)?;
        if client.email != before.email || client.address_is_bad() && !before.address_is_bad() {
            safety_notices::address_failed(tx, &client)?;
        }
        let words_changed = client.link_generation != before.link_generation
            || client.language != before.language
            || client.care_advice_in_mail != before.care_advice_in_mail;
        if words_changed {
            reminder_sync::reword_for_client(tx, client.id)?;
        }
        reminder_sync::sync_client(tx, client.id)?;
        Ok(client)
    }

    /// A page of clients; deleted ones only show among the changes.
    pub fn list(
        db: &mut Db,
        scope: &Scope,
        filter: &ClientFilter,
        page: &PageRequest,
    ) -> Result<Page<Self>> {
        let mut query = clients::table.into_boxed();
        if let Some(seen) = Self::seen(scope) {
            query = query.filter(seen);
        }
        if page.updated_since.is_none() {
            query = query.filter(clients::deleted_at.is_null());
        }
        if let Some(external_id) = &filter.external_id {
            query = query.filter(clients::external_id.eq(external_id.clone()));
        }
        if let Some(studio_id) = filter.studio_id {
            query = query.filter(clients::studio_id.eq(studio_id));
        }
        load_page!(db, clients, Client, query, page)
    }

    /// All decisions of a client about what they may be sent, oldest first.
    pub fn contact_consents(
        db: &mut Db,
        scope: &Scope,
        id: ClientId,
    ) -> Result<Vec<ContactConsent>> {
        Self::find_in(db, scope, id)?;
        Ok(contact_consents::table
            .filter(contact_consents::client_id.eq(id))
            .order((contact_consents::at, contact_consents::id))
            .select(ContactConsent::as_select())
            .load(db)?)
    }

    /// Whether there is an address that, for all we know, reaches them.
    pub(super) fn has_usable_address(&self) -> bool {
        self.email.is_some() && !self.address_is_bad()
    }

    /// Whether mail to the address comes back, or reaches somebody else.
    pub(super) fn address_is_bad(&self) -> bool {
        matches!(
            self.email_state,
            EmailState::Bounced | EmailState::WrongPerson
        )
    }

    /// Opens a task for an address that turned out bad, and closes those of one that was mended.
    fn note_address(&self, tx: &mut Tx<'_>, before: &Self) -> Result<()> {
        let kind = match self.email_state {
            EmailState::Bounced => Some(TaskKind::AddressBounced),
            EmailState::WrongPerson => Some(TaskKind::WrongPerson),
            EmailState::Unverified | EmailState::Ok => None,
        };
        match kind {
            Some(kind) if self.email_state != before.email_state => {
                // The client's own page names its task by the generation of links that was told so.
                let cause = match kind {
                    TaskKind::WrongPerson => before.link_generation,
                    _ => self.version,
                };
                let task = NewTask {
                    studio_id: self.studio_id,
                    kind,
                    dedupe_key: format!("{kind}:{}:{cause}", self.id),
                    client_id: Some(self.id),
                    plan_id: None,
                    session_id: None,
                    mail_id: None,
                    detail: serde_json::Map::new(),
                    due_at: tx.now(),
                };
                Task::open(tx, task).map(drop)
            }
            None if self.email.is_some() => {
                let was_bad = before.email.is_none()
                    || before.email_state != self.email_state
                    || before.email != self.email;
                if was_bad {
                    let why = "The client has another address, or it works again.";
                    Task::close_of_address(tx, self.id, why)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn choices(&self) -> [(ConsentPurpose, bool); 3] {
        [
            (ConsentPurpose::ServiceMail, self.service_mail),
            (ConsentPurpose::MarketingMail, self.marketing_mail),
            (ConsentPurpose::CareAdviceInMail, self.care_advice_in_mail),
        ]
    }

    pub(super) fn note_choice(
        &self,
        tx: &mut Tx<'_>,
        purpose: ConsentPurpose,
        granted: bool,
    ) -> Result<()> {
        let consent = ContactConsent {
            id: ContactConsentId::new(),
            client_id: self.id,
            purpose,
            granted,
            source: tx.actor().kind().to_owned(),
            at: tx.now(),
        };
        diesel::insert_into(contact_consents::table)
            .values(&consent)
            .execute(tx.db)?;
        Ok(())
    }
}
