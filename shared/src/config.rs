//! Settings: each has a flag and an environment name, is typed, and is refused at the start when it's wrong.
//!
//! The structs are reused by the subcommands that need them. What may hold a secret has no Debug, and its flag says
//! `hide_env_values`, by which help and error messages know not to repeat the value.

mod edge;
mod explain;
mod values;

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::Args;

pub use edge::{EdgeArgs, ForwardedHeader, Limit, Origin};
pub use explain::{explain, wrong};
pub use values::{LogFilter, PublicUrl, SecretText};

use crate::domain::text::EmailAddress;
use crate::links::LinkKey;
use crate::storage::DatabaseUrl;
use crate::storage::audit::AuditKey;

/// Where the data is.
#[derive(Args, Clone)]
pub struct DataArgs {
    /// The directory of all files, made where it's missing [default: stipple-data; with --demo stipple-demo]
    #[arg(long, env = "STIPPLE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The database: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME [default: sqlite:DIR/stipple.db]
    #[arg(
        long,
        env = "STIPPLE_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<DatabaseUrl>,
    /// The secret of the audit trail, 32 bytes or more in base64 [default: the file DIR/audit.key, made on first start]
    #[arg(long, env = "STIPPLE_AUDIT_KEY", value_name = "KEY", hide_env_values = true, value_parser = values::audit_key)]
    pub audit_key: Option<AuditKey>,
}

impl DataArgs {
    /// The directory of all files.
    pub fn directory(&self, default: &str) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| default.into())
    }

    /// The database, where `directory` is the directory of all files.
    pub fn database(&self, directory: &Path) -> DatabaseUrl {
        self.database_url
            .clone()
            .unwrap_or_else(|| DatabaseUrl::embedded_in(directory))
    }
}

/// How the HTTP server is started.
#[derive(Args, Clone)]
pub struct ListenArgs {
    /// The address and port to listen on; port 0 picks a free one [default: 127.0.0.1:8080; worker: 127.0.0.1:8081]
    #[arg(long, env = "STIPPLE_LISTEN", value_name = "ADDRESS:PORT", value_parser = values::listen)]
    pub listen: Option<SocketAddr>,
    /// How many threads answer requests, 1 to 256 [default: one for each processor]
    #[arg(long, env = "STIPPLE_THREADS", value_name = "NUMBER", value_parser = values::threads)]
    pub threads: Option<NonZeroUsize>,
}

impl ListenArgs {
    /// Where to listen.
    pub fn address(&self, default_port: u16) -> SocketAddr {
        self.listen
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], default_port)))
    }

    /// How many threads answer requests.
    pub fn threads(&self) -> usize {
        self.threads
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get)
    }
}

/// How mails leave.
#[derive(Args, Clone)]
pub struct MailArgs {
    /// Where mails go: smtp://…, smtps://…, or file:DIR for one file each [default: none, reminders are held]
    #[arg(
        long,
        env = "STIPPLE_SMTP_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub smtp_url: Option<SecretText>,
    /// The address that mails come from
    #[arg(long, env = "STIPPLE_MAIL_FROM", value_name = "ADDRESS", hide_env_values = true, value_parser = EmailAddress::parse)]
    pub mail_from: Option<EmailAddress>,
    /// A PEM file with the certificate of whoever signed the SMTP server's own, where that isn't a public authority
    #[arg(long, env = "STIPPLE_SMTP_CA", value_name = "FILE")]
    pub smtp_ca: Option<PathBuf>,
    /// So many mails in any minute at most, from all workers together
    #[arg(
        long,
        env = "STIPPLE_MAILS_PER_MINUTE",
        value_name = "NUMBER",
        default_value = "120",
        value_parser = values::mails
    )]
    pub mails_per_minute: NonZeroU32,
    /// So many of them at once, after a rest
    #[arg(
        long,
        env = "STIPPLE_MAILS_AT_ONCE",
        value_name = "NUMBER",
        default_value = "20",
        value_parser = values::mails
    )]
    pub mails_at_once: NonZeroU32,
    /// The file with the private key that mails are signed with (DKIM): RSA in PEM, or Ed25519 in base64 [default: none,
    /// the SMTP server signs]
    #[arg(
        long,
        env = "STIPPLE_DKIM_KEY",
        value_name = "FILE",
        requires = "dkim_selector"
    )]
    pub dkim_key: Option<PathBuf>,
    /// The name under which the public key stands in the DNS of the address that mails come from
    #[arg(
        long,
        env = "STIPPLE_DKIM_SELECTOR",
        value_name = "NAME",
        requires = "dkim_key"
    )]
    pub dkim_selector: Option<String>,
}

/// Under which address clients reach this installation.
#[derive(Args, Clone)]
pub struct PublicArgs {
    /// The address that links in mails begin with, http://… or https://… [default: none, mails carry no links]
    #[arg(long, env = "STIPPLE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// The secret that clients' links are signed with, 32 bytes or more in base64: the same for all processes, and another
    /// one voids all links [default: derived from the audit trail's]
    #[arg(long, env = "STIPPLE_LINK_KEY", value_name = "KEY", hide_env_values = true, value_parser = values::link_key)]
    pub link_key: Option<LinkKey>,
}

/// What is logged.
#[derive(Args, Clone)]
pub struct LogArgs {
    /// What is logged: error, warn, info, debug or trace, also for one part alone as in info,stipple_worker=debug
    #[arg(
        long,
        env = "STIPPLE_LOG",
        value_name = "FILTER",
        default_value = "info",
        global = true
    )]
    pub log: LogFilter,
}
