//! The yardstick for writes: the API on a prepared database, with shared commits or with one commit for each write.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use stipple_api::{ClientLinks, EdgeOptions, Options, Server};
use stipple_shared::Clock;
use stipple_shared::links::LinkKey;
use stipple_shared::storage::audit::AuditKey;
use stipple_shared::storage::{DatabaseUrl, Store, StoreOptions};

use crate::{Outcome, print};

#[derive(Args)]
pub(crate) struct Serve {
    /// Where the database and the key of its audit trail lie
    #[arg(long)]
    directory: PathBuf,
    /// How many threads answer
    #[arg(long)]
    threads: usize,
    /// Commit each write alone
    #[arg(long)]
    ungrouped: bool,
}

impl Serve {
    pub(crate) fn run(self) -> Outcome<()> {
        let audit_key = audit_key(&self.directory)?;
        let links = ClientLinks {
            key: LinkKey::derived(&audit_key)?,
            public_url: None,
        };
        let store = open(&self.directory, Clock::system(), !self.ungrouped)?;
        actix_web::rt::System::new().block_on(async move {
            let server = Server::bind(
                store,
                &Options {
                    listen: ([127, 0, 0, 1], 0).into(),
                    threads: self.threads,
                    expects_worker: stipple_api::ExpectedWorker::None,
                    links: links.clone(),
                    edge: EdgeOptions::default(),
                },
            )?;
            print(&format!(
                "listening on http://{}",
                server.listening().address
            ))?;
            Ok(server.run().await?)
        })
    }
}

/// Opens the database of a directory that `stipple up` has made.
pub(crate) fn open(directory: &Path, clock: Clock, group_commits: bool) -> Outcome<Store> {
    let url: DatabaseUrl = format!("sqlite:{}", directory.join("stipple.db").display()).parse()?;
    Ok(Store::open(StoreOptions {
        url,
        clock,
        audit_key: audit_key(directory)?,
        group_commits,
    })?)
}

fn audit_key(directory: &Path) -> Outcome<AuditKey> {
    let text = fs::read_to_string(directory.join("audit.key"))?;
    Ok(AuditKey::from_text(text.trim()).ok_or("audit.key holds no key")?)
}
