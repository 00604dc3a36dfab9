//! Finding the data and opening it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use stipple_api::ClientLinks;
use stipple_shared::config::{DataArgs, PublicArgs};
use stipple_shared::links::LinkKey;
use stipple_shared::storage::audit::{AuditKey, KeyFit, key_fits};
use stipple_shared::storage::plan_templates::PlanTemplate;
use stipple_shared::storage::{Contents, DatabaseUrl, Store, StoreOptions, WriteContext};
use stipple_shared::{Clock, Error};

use crate::failure::Failure;
use crate::private_file;

/// The directory of all files where none is named.
pub(crate) const DIRECTORY: &str = "stipple-data";
/// The same for the demo.
pub(crate) const DEMO_DIRECTORY: &str = "stipple-demo";

/// Where the data is.
#[derive(Clone)]
pub(crate) struct Data {
    directory: PathBuf,
    url: DatabaseUrl,
    audit_key: Option<AuditKey>,
}

impl Data {
    /// Finds it; nothing is made or opened yet.
    pub(crate) fn locate(settings: DataArgs, default_directory: &str) -> Self {
        let directory = settings.directory(default_directory);
        Self {
            url: settings.database(&directory),
            directory,
            audit_key: settings.audit_key,
        }
    }

    /// The directory of all files.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// What another command is told, so that it finds the same. Secrets are left for whoever types it.
    pub(crate) fn flags(&self) -> String {
        let mut flags = String::new();
        if self.directory != Path::new(DIRECTORY) {
            flags += &format!(" --data-dir '{}'", self.directory.display());
        }
        if self.url.file() != DatabaseUrl::embedded_in(&self.directory).file() {
            flags += " --database-url URL";
        }
        if self.audit_key.is_some() {
            flags += " --audit-key KEY";
        }
        flags
    }

    /// What the database holds so far. The file of a database that isn't there yet is made.
    pub(crate) fn contents(&self) -> Result<Contents, Failure> {
        self.make_directory()?;
        Store::contents(&self.url).map_err(|error| self.unusable(error))
    }

    /// Leaves the file whole, once all that wrote has ended. What can't be copied now stays in the log, which holds it as well.
    pub(crate) fn settle(&self) {
        if let Err(error) = Store::settle(&self.url) {
            tracing::warn!(error = %error, "the log couldn't be copied into the database file");
        }
    }

    /// Brings the schema up to date, and says how many steps that took.
    pub(crate) fn migrate(&self) -> Result<usize, Failure> {
        self.make_directory()?;
        Store::migrate(&self.url).map_err(|error| self.unusable(error))
    }

    /// Brings the schema up to date where this process owns the file. On a server that is an administrator's decision.
    pub(crate) fn migrate_embedded(&self) -> Result<(), Failure> {
        if self.url.is_embedded() {
            let steps = self.migrate()?;
            if steps > 0 {
                tracing::info!(steps, "the database's schema was brought up to date");
            }
        }
        Ok(())
    }

    /// Opens it, refusing to make a database where a wrong path may have been given.
    pub(crate) fn open_existing(&self) -> Result<Store, Failure> {
        self.refuse_missing()?;
        self.open()
    }

    /// Opens it to look at the audit trail, whatever its key: that's what somebody wants to know.
    pub(crate) fn open_to_verify(&self) -> Result<Store, Failure> {
        self.refuse_missing()?;
        self.open_with_any_key(Clock::system())
    }

    fn refuse_missing(&self) -> Result<(), Failure> {
        match self.url.file() {
            Some(file) if !file.exists() => Err(Failure::Settings(format!(
                "there is no database at {}: start `stipple up` or `stipple migrate` first, \
                 or say where it is with --data-dir (STIPPLE_DATA_DIR)",
                file.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Opens it.
    pub(crate) fn open(&self) -> Result<Store, Failure> {
        self.open_at(Clock::system())
    }

    /// Gives an organisation that has none yet the usual plan templates.
    pub(crate) fn furnish(store: &Store) -> Result<(), Failure> {
        store.write_blocking(WriteContext::command_line(), PlanTemplate::ensure_defaults)?;
        Ok(())
    }

    /// Opens it under another clock, for a story that is told afterwards.
    pub(crate) fn open_at(&self, clock: Clock) -> Result<Store, Failure> {
        let store = self.open_with_any_key(clock)?;
        let key = self.audit_key()?;
        match store.read_blocking(|db| key_fits(db, &key))? {
            KeyFit::Fits => Ok(store),
            KeyFit::FitsTheBeginning => {
                tracing::error!(
                    "the newest entry of the audit trail isn't as this key would have written it: run `stipple audit verify`"
                );
                Ok(store)
            }
            KeyFit::IsAnother => Err(self.wrong_audit_key()),
        }
    }

    /// Entries under another key would break the trail for good.
    fn wrong_audit_key(&self) -> Failure {
        let (given, remedy) = match &self.audit_key {
            Some(_) => (
                "the key given with --audit-key (STIPPLE_AUDIT_KEY)".to_owned(),
                "give the key that was in use when this database was backed up",
            ),
            None => (
                format!("the key in {}", self.directory.join("audit.key").display()),
                "put the audit.key there that was backed up with this database",
            ),
        };
        Failure::Settings(format!(
            "{given} isn't the one that this database's audit trail was written with: {remedy}; the trail was left as it is"
        ))
    }

    fn open_with_any_key(&self, clock: Clock) -> Result<Store, Failure> {
        let audit_key = self.audit_key()?;
        Store::open(StoreOptions {
            url: self.url.clone(),
            clock,
            audit_key,
            group_commits: true,
        })
        .map_err(|error| self.unusable(error))
    }

    /// Which file it is that can't be used, or that it's the server's database. The address of a server may hold a password.
    fn unusable(&self, error: Error) -> Failure {
        match (&error, self.url.file()) {
            (Error::Internal(_) | Error::Unavailable { .. }, Some(file)) => Failure::fault(
                &format!("the data in {} can't be used", file.display()),
                &error,
            ),
            _ => error.into(),
        }
    }

    /// Whether it's the demo's. A database that can't be asked isn't taken for it.
    pub(crate) fn is_demo(&self) -> bool {
        let is_there = self.url.file().is_none_or(|file| file.exists());
        is_there && matches!(Store::contents(&self.url), Ok(Contents::Demo))
    }

    /// What clients' links are read and made with.
    pub(crate) fn links(&self, settings: PublicArgs) -> Result<ClientLinks, Failure> {
        let key = match settings.link_key {
            Some(key) => key,
            None => LinkKey::derived(&self.audit_key()?)?,
        };
        Ok(ClientLinks {
            key,
            public_url: settings.public_url,
        })
    }

    /// The secret of the audit trail.
    pub(crate) fn audit_key(&self) -> Result<AuditKey, Failure> {
        match &self.audit_key {
            Some(key) => Ok(key.clone()),
            None => self.audit_key_from_file(),
        }
    }

    fn audit_key_from_file(&self) -> Result<AuditKey, Failure> {
        let path = self.directory.join("audit.key");
        if let Some(key) = read_audit_key(&path)? {
            return Ok(key);
        }
        // A new key would part the trail in two, and the older part could never again be verified.
        if self.contents()? != Contents::Nothing {
            // Another process that starts at the same time may have made both since.
            if let Some(key) = read_audit_key(&path)? {
                return Ok(key);
            }
            return Err(Failure::Settings(format!(
                "the database has an audit trail, but its key isn't at {}: put that file back, \
                 or give the key with --audit-key (STIPPLE_AUDIT_KEY)",
                path.display()
            )));
        }
        self.make_directory()?;
        let key = AuditKey::generate()?;
        match private_file::create(&path, &key.to_text()) {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Another process starts at the same time, and was first.
                read_audit_key(&path)?
                    .ok_or_else(|| Failure::fault(&path.display().to_string(), &error))
            }
            Err(error) => Err(Failure::fault(
                &format!("{} can't be written", path.display()),
                &error,
            )),
        }
    }

    fn make_directory(&self) -> Result<(), Failure> {
        private_file::make_directory(&self.directory).map_err(|error| {
            let reason = format!("{} can't be made: {error}", self.directory.display());
            Failure::setting("--data-dir", reason)
        })
    }
}

fn read_audit_key(path: &Path) -> Result<Option<AuditKey>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => match AuditKey::from_text(&text) {
            Some(key) => Ok(Some(key)),
            None => Err(Failure::Settings(format!(
                "{} holds no audit key: it takes at least 32 bytes in base64",
                path.display()
            ))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::fault(
            &format!("{} can't be read", path.display()),
            &error,
        )),
    }
}
