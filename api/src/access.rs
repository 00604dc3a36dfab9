//! Who may do what: each permission is a type, and a handler that names it in its arguments can't be reached without it.

use stipple_shared::domain::text::Name;
use stipple_shared::domain::{ApiKeyId, Instant, PractitionerId, Role};
use stipple_shared::storage::Scope;
use stipple_shared::storage::api_keys::ApiKey;

/// A permission. The handler's argument names it; the extractor checks it before anything else is looked at.
pub trait Permission: 'static {
    /// The roles that have it.
    const ROLES: &'static [Role];
    /// Its name, as `/v1/me` and the contract show it.
    const NAME: &'static str;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal: $($role:ident),+;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Permission for $name {
                const ROLES: &'static [Role] = &[$(Role::$role),+];
                const NAME: &'static str = $text;
            }
        )+

        /// Every permission with the roles that have it.
        pub const PERMISSIONS: &[(&str, &[Role])] = &[$(($text, $name::ROLES)),+];
    };
}

permissions! {
    /// See studios, rooms, practitioners and what can be booked.
    SeeStudio = "see_studio": Owner, Practitioner, FrontDesk, Auditor;
    /// Change studios, rooms, practitioners and reminder rules.
    ManageStudio = "manage_studio": Owner;
    /// Enter and take back time off.
    ManageTimeOff = "manage_time_off": Owner, Practitioner, FrontDesk;
    /// See clients, their plans and sessions, without clinical detail for the front desk.
    SeeClients = "see_clients": Owner, Practitioner, FrontDesk, Auditor;
    /// Register and change clients.
    ManageClients = "manage_clients": Owner, Practitioner, FrontDesk;
    /// Erase who a client is.
    EraseClients = "erase_clients": Owner;
    /// Export all that is held on a client.
    ExportClients = "export_clients": Owner;
    /// See assessments and pigment records.
    SeeClinical = "see_clinical": Owner, Practitioner, Auditor;
    /// Write assessments, plans and pigment records.
    RecordClinical = "record_clinical": Owner, Practitioner;
    /// Book, move, cancel and check in sessions.
    Book = "book": Owner, Practitioner, FrontDesk;
    /// See products and lots.
    SeeStock = "see_stock": Owner, Practitioner, FrontDesk, Auditor;
    /// Register and change products and lots.
    ManageStock = "manage_stock": Owner, Practitioner;
    /// Tell clients that something which was used on them may be unsafe.
    SendSafetyNotices = "send_safety_notices": Owner;
    /// See the reminder ledger.
    SeeReminders = "see_reminders": Owner, Practitioner, FrontDesk, Auditor;
    /// Call reminders off, ask for them again, send them at once, and read their mails.
    ManageReminders = "manage_reminders": Owner, Practitioner, FrontDesk;
    /// Close tasks.
    ManageTasks = "manage_tasks": Owner, Practitioner, FrontDesk;
    /// See who changed what, and who looked at whose clinical record.
    SeeAudit = "see_audit": Owner, Auditor;
    /// Make and end API keys.
    ManageKeys = "manage_keys": Owner;
    /// Know who one is.
    BeKnown = "be_known": Owner, Practitioner, FrontDesk, Auditor;
}

/// Who is calling, once the key was recognised.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key.
    pub key_id: ApiKeyId,
    /// What it's called.
    pub name: Name,
    /// What it may do.
    pub role: Role,
    /// When it ends by itself.
    pub expires_at: Option<Instant>,
    /// Whose key it is, where it belongs to a practitioner.
    pub practitioner_id: Option<PractitionerId>,
    /// What of the data it sees.
    pub scope: Scope,
}

impl Caller {
    /// Whether clinical fields are left out of what this caller sees.
    pub fn sees_clinical(&self) -> bool {
        self.scope.sees_clinical()
    }
}

impl From<ApiKey> for Caller {
    fn from(key: ApiKey) -> Self {
        Self {
            key_id: key.id,
            name: key.name,
            role: key.role,
            expires_at: key.expires_at,
            practitioner_id: key.practitioner_id,
            scope: Scope::all()
                .in_studios(key.studio_ids.map(|ids| ids.0))
                .with_clients_of(key.practitioner_id.filter(|_| key.own_clients_only))
                .with_clinical(key.role != Role::FrontDesk),
        }
    }
}
