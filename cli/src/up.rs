//! `stipple up`: the API and the reminders in one process.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::BoolishValueParser;
use stipple_api::{ExpectedWorker, Options, Server};
use stipple_shared::config::{DataArgs, EdgeArgs, ListenArgs, MailArgs, PublicArgs};
use stipple_shared::domain::Role;
use stipple_shared::domain::api_key::NewApiKey;
use stipple_shared::domain::text::Name;
use stipple_shared::storage::api_keys::ApiKey;
use stipple_shared::storage::{Contents, Store, WriteContext, mark_as_demo};

use crate::api::PORT;
use crate::data::{DEMO_DIRECTORY, DIRECTORY, Data};
use crate::demo;
use crate::failure::Failure;
use crate::mail::MailSettings;
use crate::open_files;
use crate::private_file;
use crate::reminders;
use crate::serving;
use crate::stopping::StopSignals;

#[derive(Args)]
pub(crate) struct Up {
    /// Show Stipple with made-up data, in a directory of its own, without sending mails
    #[arg(long, env = "STIPPLE_DEMO", value_parser = BoolishValueParser::new())]
    demo: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    mail: MailArgs,
    #[command(flatten)]
    public: PublicArgs,
    #[command(flatten)]
    edge: EdgeArgs,
}

impl Up {
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let default_directory = if self.demo { DEMO_DIRECTORY } else { DIRECTORY };
        let mut listen = self.listen.address(PORT);
        let data = Data::locate(self.data, default_directory);
        let mut mail = MailSettings::read(&self.mail)?;
        let mut contents = data.contents()?;
        if self.demo {
            refuse_a_studios(contents)?;
            contents = Contents::Demo;
            mail = mail.or_files(data.directory().join("mail"));
        }
        mail.refuse_real_server_for(contents)?;
        data.migrate_embedded()?;
        let store = data.open()?;
        if self.demo {
            store.write_blocking(WriteContext::command_line(), mark_as_demo)?;
            if self.public.public_url.is_none() {
                listen = definite(listen)?;
                self.public.public_url = format!("http://{}", reachable(listen)).parse().ok();
            }
            demo::load(&data, &mail, data.links(self.public.clone())?)?;
        }
        Data::furnish(&store)?;
        let links = data.links(self.public)?;
        let worker_id = stipple_worker::new_id();
        let mut options = Options {
            listen,
            threads: self.listen.threads(),
            expects_worker: ExpectedWorker::This(worker_id.clone()),
            links: links.clone(),
            edge: self.edge.into(),
        };
        open_files::make_room(&mut options.edge);
        let whole = data.clone();
        serving::run_on(&whole, async move {
            let signals = StopSignals::listen()
                .map_err(|error| Failure::fault("signals can't be listened for", &error))?;
            let server = serving::bound(
                Server::bind(store.clone(), &options),
                &options.listen.to_string(),
            )?;
            let key = OwnerKey::ensure(&store, &data).await?;
            let mails = mail.describe();
            let reminders = reminders::start(store, mail, links, worker_id).await?;
            welcome(server.listening().address, &data, &key, &mails)?;
            serving::serve(server, Some(reminders), signals).await
        })
    }
}

/// The address with a port that is known before anybody listens: the demo's mails are written first, and name it.
fn definite(listen: SocketAddr) -> Result<SocketAddr, Failure> {
    if listen.port() != 0 {
        return Ok(listen);
    }
    TcpListener::bind(listen)
        .and_then(|free| free.local_addr())
        .map_err(|error| Failure::setting("--listen", format!("{listen}: {error}")))
}

/// Asked before the schema is touched: not even that may happen to a studio's data.
fn refuse_a_studios(contents: Contents) -> Result<(), Failure> {
    match contents {
        Contents::Nothing | Contents::Demo => Ok(()),
        Contents::Studio => Err(Failure::Settings(
            "--demo (STIPPLE_DEMO): this database holds a studio's data; leave --demo out, or choose another \
             --data-dir (STIPPLE_DATA_DIR) or --database-url (STIPPLE_DATABASE_URL)"
                .to_owned(),
        )),
    }
}

/// The owner's first key.
enum OwnerKey {
    /// Made just now.
    Made(PathBuf),
    /// Made by an earlier start.
    InFile(PathBuf),
    /// Somewhere else: there are keys, but not that file.
    Elsewhere,
}

impl OwnerKey {
    /// Makes it where no key exists at all.
    async fn ensure(store: &Store, data: &Data) -> Result<Self, Failure> {
        let directory = data.directory();
        let path = directory.join("owner.key");
        if store.read(ApiKey::any).await? {
            return Ok(Self::found(path));
        }
        if path.exists() {
            return Err(Failure::Settings(format!(
                "{} lies there, but this database knows no key: move that file away, \
                 or say where its database is with --database-url (STIPPLE_DATABASE_URL)",
                path.display()
            )));
        }
        let made = store
            .write(WriteContext::command_line(), |tx| {
                // Asked again under the write lock: another process may be starting too.
                if ApiKey::any(tx.db)? {
                    return Ok(None);
                }
                let (_key, secret) = ApiKey::make(
                    tx,
                    &NewApiKey::unbounded(Role::Owner, Name::literal("First owner")),
                )?;
                Ok(Some(secret))
            })
            .await?;
        let Some(secret) = made else {
            return Ok(Self::found(path));
        };
        private_file::make_directory(directory)
            .and_then(|()| private_file::create(&path, secret.reveal()))
            .map_err(|error| {
                let what = format!(
                    "the owner's key can't be written to {}; make another with `{}`",
                    path.display(),
                    another(data)
                );
                Failure::fault(&what, &error)
            })?;
        Ok(Self::Made(path))
    }

    fn found(path: PathBuf) -> Self {
        if path.exists() {
            Self::InFile(path)
        } else {
            Self::Elsewhere
        }
    }
}

/// Says where everything is, and what to try next.
fn welcome(address: SocketAddr, data: &Data, key: &OwnerKey, mails: &str) -> Result<(), Failure> {
    let (key, bearer) = match key {
        OwnerKey::Made(path) => (
            format!("{} (made just now; it opens everything)", path.display()),
            in_file(path),
        ),
        OwnerKey::InFile(path) => (path.display().to_string(), in_file(path)),
        OwnerKey::Elsewhere => (
            format!("not here; `{}` makes another", another(data)),
            "KEY".to_owned(),
        ),
    };
    let base = format!("http://{}", reachable(address));
    let mut text = format!("listening on http://{address}\n");
    // Writing to a String can't fail.
    let _written = write!(
        text,
        "\n  data       {}\n  owner key  {key}\n  mails      {mails}\n  the API    {base}/docs/\n\n\
         Try:\n\n  curl {base}/readyz\n\
         \x20 curl -H \"Authorization: Bearer {bearer}\" {base}/v1/studios\n\
         \x20 curl -H \"Authorization: Bearer {bearer}\" {base}/v1/clients\n\n",
        data.directory().display(),
    );
    crate::print(&text)
}

/// The command that makes another owner's key for this database.
fn another(data: &Data) -> String {
    format!(
        "stipple key create --role owner --name NAME{}",
        data.flags()
    )
}

fn in_file(path: &Path) -> String {
    format!("$(cat '{}')", path.display())
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}
