//! The yardstick for writes: the API on a prepared database, with shared commits or with one commit for each write.

use std::fs;
use std::path::PathBuf;

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
        let url: DatabaseUrl =
            format!("sqlite:{}", self.directory.join("stipple.db").display()).parse()?;
        let audit_key =
            AuditKey::from_text(fs::read_to_string(self.directory.join("audit.key"))?.trim())
                .ok_or("audit.key holds no key")?;
        let links = ClientLinks {
            key: LinkKey::derived(&audit_key)?,
            public_url: None,
        };
        let store = Store::open(StoreOptions {
            url,
            clock: Clock::system(),
            audit_key,
            group_commits: !self.ungrouped,
        })?;
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
