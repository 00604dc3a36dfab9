//! `stipple key`: API keys, made where the data is.

use clap::{Args, Subcommand};
use stipple_shared::config::DataArgs;
use stipple_shared::domain::Role;
use stipple_shared::domain::api_key::NewApiKey;
use stipple_shared::domain::text::Name;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::api_keys::ApiKey;

use crate::data::{DIRECTORY, Data};
use crate::failure::Failure;
use crate::print;

#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a key, and print it alone; it can't be shown again
    Create(Create),
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
}

impl Key {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self::Create(create) = self;
        let store = Data::locate(create.data, DIRECTORY).open_existing()?;
        let (role, name) = (create.role, create.name);
        let secret = store.write_blocking(WriteContext::command_line(), move |tx| {
            let (_key, secret) = ApiKey::make(tx, &NewApiKey::unbounded(role, name.clone()))?;
            Ok(secret)
        })?;
        print(&format!("{}\n", secret.reveal()))
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("write one of {}", names.join(", "))
    })
}
