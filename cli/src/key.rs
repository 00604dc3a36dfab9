//! `stipple key`: API keys, made, listed, ended and renewed where the data is.

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use stipple_shared::config::DataArgs;
use stipple_shared::domain::api_key::{NewApiKey, RotateApiKey};
use stipple_shared::domain::text::Name;
use stipple_shared::domain::{ApiKeyId, Instant, PractitionerId, Role, StudioId};
use stipple_shared::storage::api_keys::ApiKey;
use stipple_shared::storage::paging::PageRequest;
use stipple_shared::storage::{Scope, Store, WriteContext};
use uuid::Uuid;

use crate::data::{DIRECTORY, Data};
use crate::failure::Failure;
use crate::print;

#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a key, and print it alone; it can't be shown again
    Create(Create),
    /// List the keys: id, role, state, last use, studios, practitioner, name
    List(List),
    /// End a key at once
    Revoke(Revoke),
    /// Give a key a new secret, and print it alone; the old one works a while longer
    Rotate(Rotate),
}

#[derive(Args)]
pub(crate) struct Create {
    #[command(flatten)]
    data: DataArgs,
    /// What the key may do: owner, practitioner, front_desk or auditor
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Role,
    /// What the key is for, in your words
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    name: Name,
    /// A studio that it sees, by id; write it once for each. All of them where this is left out
    #[arg(long, value_name = "ID")]
    studio: Vec<Uuid>,
    /// Whose key it is: a practitioner's id
    #[arg(long, value_name = "ID")]
    practitioner: Option<Uuid>,
    /// Let it see only the clients who have a session or a plan with its practitioner
    #[arg(long, requires = "practitioner")]
    own_clients_only: bool,
    /// In how many days it ends by itself; never where this is left out
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    expires_in_days: Option<u16>,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    data: DataArgs,
    /// Which key, by id: `stipple key list` shows it
    #[arg(value_name = "ID")]
    id: Uuid,
}

#[derive(Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    data: DataArgs,
    /// Which key, by id: `stipple key list` shows it
    #[arg(value_name = "ID")]
    id: Uuid,
    /// For how many minutes the old secret still works
    #[arg(long, value_name = "MINUTES", default_value_t = RotateApiKey::default().overlap_minutes)]
    overlap_minutes: u16,
}

impl Key {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::List(list) => {
                let store = open(list.data)?;
                print(&list_of(&store)?)
            }
            Self::Revoke(revoke) => {
                let id = ApiKeyId(revoke.id);
                open(revoke.data)?.write_blocking(WriteContext::command_line(), move |tx| {
                    ApiKey::revoke(tx, id, None).map(drop)
                })?;
                Ok(())
            }
            Self::Rotate(rotate) => {
                let (id, overlap_minutes) = (ApiKeyId(rotate.id), rotate.overlap_minutes);
                let secret =
                    open(rotate.data)?.write_blocking(WriteContext::command_line(), move |tx| {
                        let (_key, secret) =
                            ApiKey::rotate(tx, id, None, &RotateApiKey { overlap_minutes })?;
                        Ok(secret)
                    })?;
                print(&format!("{}\n", secret.reveal()))
            }
        }
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        let studio_ids: Vec<StudioId> = self.studio.into_iter().map(StudioId).collect();
        let store = open(self.data)?;
        let expires_at = self
            .expires_in_days
            .map(|days| store.clock().now() + TimeDelta::days(days.into()));
        let new = NewApiKey {
            practitioner_id: self.practitioner.map(PractitionerId),
            studio_ids: (!studio_ids.is_empty()).then_some(studio_ids),
            own_clients_only: self.own_clients_only,
            expires_at,
            ..NewApiKey::unbounded(self.role, self.name)
        };
        let secret = store.write_blocking(WriteContext::command_line(), move |tx| {
            let (_key, secret) = ApiKey::make(tx, &new)?;
            Ok(secret)
        })?;
        print(&format!("{}\n", secret.reveal()))
    }
}

fn open(data: DataArgs) -> Result<Store, Failure> {
    Data::locate(data, DIRECTORY).open_existing()
}

/// One line for each key, its parts separated by tabs.
fn list_of(store: &Store) -> Result<String, Failure> {
    let now = store.clock().now();
    let mut lines = String::new();
    let mut after = None;
    loop {
        let request = PageRequest {
            limit: 200,
            after,
            updated_since: None,
        };
        let page = store.read_blocking(|db| ApiKey::list(db, &Scope::all(), &request))?;
        for key in &page.rows {
            let last_used = key
                .last_used_at
                .map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
            lines.push_str(&format!(
                "{}\t{}\t{}\t{last_used}\t{}\t{}\t{}\n",
                key.id,
                key.role,
                state(key, now),
                studios(key),
                practitioner(key),
                key.name.as_str()
            ));
        }
        after = page.next;
        if after.is_none() {
            return Ok(lines);
        }
    }
}

fn state(key: &ApiKey, now: Instant) -> String {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) if at <= now => format!("ended {at}"),
        (None, Some(at)) => format!("ends {at}"),
        (None, None) => "good".to_owned(),
    }
}

fn studios(key: &ApiKey) -> String {
    let Some(ids) = &key.studio_ids else {
        return "all studios".to_owned();
    };
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("studios {}", ids.join(" "))
}

fn practitioner(key: &ApiKey) -> String {
    match (key.practitioner_id, key.own_clients_only) {
        (Some(id), true) => format!("own clients of {id}"),
        (Some(id), false) => format!("of {id}"),
        (None, _) => "of nobody".to_owned(),
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("write one of {}", names.join(", "))
    })
}
