//! Handing over all that is held on one client.

use actix_web::get;
use serde::Serialize;
use serde_json::Value;
use stipple_shared::domain::{AccessKind, ClientId, Instant, MailId, MailState, SessionId};
use stipple_shared::error::{Error, Result};
use stipple_shared::mail::RenderedMail;
use stipple_shared::storage::client_export::{ClientExport, KeptMail};
use stipple_shared::storage::clients::{Client, ContactConsent};
use stipple_shared::storage::export_names::ExportNames;
use stipple_shared::storage::safety_notices::ToldSafetyNotice;
use utoipa::ToSchema;

use super::Answered;
use super::timeline::TimelineEntryBody;
use crate::access::ExportClients;
use crate::answer::view;
use crate::request::{Id, Reading};

/// A mail to a client, as far as it was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedMail {
    /// Its id.
    id: MailId,
    /// About which session.
    session_id: Option<SessionId>,
    /// What became of it.
    state: MailState,
    /// When it was sent, or ended otherwise.
    finished_at: Option<Instant>,
    /// Its subject; null where it was never written, or was erased.
    subject: Option<String>,
    /// Its plain text; null likewise.
    text: Option<String>,
}

impl ExportedMail {
    fn of(mail: KeptMail) -> Result<Self> {
        let written: Option<RenderedMail> = mail
            .content
            .map(|content| serde_json::from_str(&content))
            .transpose()
            .map_err(Error::internal)?;
        let (subject, text) = written.map(|mail| (mail.subject, mail.text)).unzip();
        Ok(Self {
            id: mail.id,
            session_id: mail.session_id,
            state: mail.state,
            finished_at: mail.finished_at,
            subject,
            text,
        })
    }
}

/// All that is held on one client.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientExport)]
pub(crate) struct ClientExportBody {
    #[schema(value_type = Client)]
    client: Value,
    /// What they agreed to be sent, oldest first.
    contact_consents: Vec<ContactConsent>,
    /// Their assessments, plans, sessions with what was done with them, pigment records, reminders and tasks, in order of time.
    timeline: Vec<TimelineEntryBody>,
    /// Their mails, oldest first.
    mails: Vec<ExportedMail>,
    /// Of which safety notices they are to be told, and how far that got, oldest first.
    safety_notices: Vec<ToldSafetyNotice>,
    /// What the ids of studios, practitioners, products and lots in the timeline stand for.
    names: ExportNames,
    /// Whether this is all that is held: false with a key that is limited, which exports what it sees.
    complete: bool,
}

/// Exports all that is held on a client, for somebody who asks what there is about them.
///
/// One snapshot, in one answer. It's also there of who was taken off the list, and of who was erased as far as anything is
/// left. Who changed what and who looked at it isn't in it: the lists of audit and access events tell that of a client. A key
/// that is limited exports what it sees, and `complete` is false.
#[utoipa::path(
    tag = "clients",
    operation_id = "export_client",
    security(("key" = ["export_clients"])),
    params(("id" = ClientId, Path, description = "The client.")),
    responses((status = 200, description = "All that is held on the client.", body = ClientExportBody))
)]
#[get("/v1/clients/{id}/export")]
pub(crate) async fn export_client(reading: Reading<ExportClients>, id: Id<ClientId>) -> Answered {
    reading
        .show_record(move |db, caller, _| {
            let export = ClientExport::of(db, &caller.scope, id.0)?;
            let timeline = export
                .timeline
                .iter()
                .map(|entry| TimelineEntryBody::of(entry, caller))
                .collect::<Result<Vec<_>>>()?;
            let body = ClientExportBody {
                client: view(&export.client, caller)?,
                contact_consents: export.contact_consents,
                timeline,
                mails: export
                    .mails
                    .into_iter()
                    .map(ExportedMail::of)
                    .collect::<Result<_>>()?,
                safety_notices: export.safety_notices,
                names: export.names,
                complete: export.complete,
            };
            Ok((body, Some((id.0, AccessKind::Export))))
        })
        .await
}
